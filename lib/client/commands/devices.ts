/** The commands about the user's own devices. */
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import { asks, does, type Look, type Settle } from "./command.ts";

/** The commands of the topic. */
export const deviceCommands = {
  devices: asks({
    usage: "/devices",
    summary: "my devices: which, where, since when",
    example: "/devices",
    request: "devices",
    show: ({ devices }, look) =>
      devices.map((device) => deviceLine(device, look)),
  }),
  logoutdevice: asks({
    usage: "/logoutdevice DEVICE",
    summary: "log a device of mine out, and forget it",
    details:
      "It needs the password to come back. A name with blanks is written in quotation marks.",
    example: "/logoutdevice laptop-2",
    arguments: [{ kind: "device" }],
    read: ([device = ""]) => ({ device }),
    request: "device-end",
    show: ({ device }, { name }) => [`${name(device)} is logged out`],
  }),
  renamedevice: does({
    usage: "/renamedevice [DEVICE] NEWNAME",
    summary: "another name for a device of mine",
    details:
      "Without DEVICE for this one. A name with blanks is written in quotation marks.",
    example: "/renamedevice laptop-2 desk",
    arguments: [{ kind: "device" }, { kind: "new-name", optional: true }],
    read: ([first = "", second]): { device?: string; name: string } =>
      second === undefined ? { name: first } : { device: first, name: second },
    run({ device, name }, { request }, settle: Settle<Renaming>) {
      if (device !== undefined) {
        return request("device-rename", { device, name }, settle);
      }
      request("devices", {}, (reply) => {
        if (reply.ok === undefined) return settle(reply);
        const here = reply.ok.devices.find(({ current }) => current);
        if (here === undefined) return settle(noDevice);
        request("device-rename", { device: here.name, name }, settle);
      });
    },
    show: ({ from, to }, { name }) => [`${name(from)} is now ${name(to)}`],
  }),
  link: does({
    usage: "/link new",
    summary: "a new key for me: this device's",
    details: "For when no device has your key any more: your other devices " +
      "and all who know you are told that it changed. Else copy the file " +
      "identity.pem of a device that has it.",
    example: "/link new",
    arguments: [{ kind: "word", choices: ["new"] }],
    read: ([word = ""]) =>
      word.toLowerCase() === "new" ? {} : `"${word}" is not new`,
    run: (_, { identities }, settle: Settle<Record<string, never>>) =>
      identities.replaceUserKey((refusal) => settle(refusal ?? { ok: {} })),
    show: () => [
      "this device's key is yours now; others have to accept it: /verify",
    ],
  }),
};

type Renaming = ReplyFields<"device-rename">;

function deviceLine(
  device: ReplyFields<"devices">["devices"][number],
  { name }: Look,
): string {
  const { since, ip, lastActive, online, current, key } = device;
  return [
    name(device.name),
    ...current ? ["this one"] : [],
    online ? "online" : `last online ${formatTime(lastActive)}`,
    `first login ${formatTime(since)}`,
    ...ip === "" ? [] : [visible(ip)],
    ...key ? ["has your key"] : [],
  ].join(", ");
}

/** Why a visit cannot be renamed. */
const noDevice = {
  code: "unknown_device",
  message: "this client is none of your devices; /renamedevice DEVICE NEWNAME",
};
