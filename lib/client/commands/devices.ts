/** The commands about the user's own devices. */
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import { asks, does, type Look, type Settle } from "./command.ts";

/** What can be said of linking. */
const linkWords = ["approve", "yes", "no", "new"] as const;

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
    run({ device, name }, { request, linking }, settle: Settle<Renaming>) {
      const rename = (device: string) =>
        request("device-rename", { device, name }, (reply) => {
          if (reply.ok) linking.handleRenamed(reply.ok.from, reply.ok.to);
          settle(reply);
        });
      if (device !== undefined) return rename(device);
      request("devices", {}, (reply) => {
        if (reply.ok === undefined) return settle(reply);
        const here = reply.ok.devices.find(({ current }) => current);
        if (here === undefined) return settle(noDevice);
        rename(here.name);
      });
    },
    show: ({ from, to }, { name }) => [`${name(from)} is now ${name(to)}`],
  }),
  link: does({
    usage: "/link [approve|yes|no|new]",
    summary: "give my key to another of my devices",
    details: "Files and private sessions need it. Enter /link on the device " +
      "that lacks it and /link approve (DEVICE, where several ask) on one that " +
      "has it. Both show a number: when it is the same, /link yes on both, else " +
      "/link no. For when no device has the key any more, /link new makes that " +
      "of this device yours; all who know you are told that it changed.",
    example: "/link approve",
    arguments: [
      { kind: "word", choices: linkWords, optional: true },
      { kind: "device", optional: true },
    ],
    read([typed, device]): LinkGiven | string | undefined {
      if (typed === undefined) return { step: "ask" };
      const step = linkWords.find((word) => word === typed.toLowerCase());
      if (step === undefined) {
        return `"${typed}" is none of ${linkWords.join(", ")}`;
      }
      if (device === undefined) return { step };
      return step === "approve" ? { step, device } : undefined;
    },
    run({ step, device }, { linking, identities }, settle: Settle<LinkDone>) {
      const onDone: Parameters<typeof linking.ask>[0] = (refusal) =>
        settle(refusal ?? { ok: { step } });
      switch (step) {
        case "ask":
          return linking.ask(onDone);
        case "approve":
          return linking.approve(device, onDone);
        case "new":
          return identities.replaceUserKey((refusal, wasUserKey) =>
            settle(refusal ?? { ok: { step, ...wasUserKey && { wasUserKey } } })
          );
        default:
          return onDone(linking.answer(step === "yes"));
      }
    },
    show: ({ step, wasUserKey }) =>
      wasUserKey ? [wasUserKeyText] : linkTexts[step] ?? [],
  }),
};

type LinkWord = "ask" | typeof linkWords[number];

interface LinkGiven {
  readonly step: LinkWord;
  /** To be answered; for `approve`. */
  readonly device?: string;
}

interface LinkDone {
  readonly step: LinkWord;
  /** The key of this device was the user's before `new`: nothing changes. */
  readonly wasUserKey?: true;
}

/** Of the others, events tell. */
const linkTexts: Partial<Record<LinkWord, readonly string[]>> = {
  ask: [
    "your other devices know that this one asks: enter /link approve on one " +
    "that has your key, within two minutes",
  ],
  new: ["this device's key is yours now; others have to accept it: /verify"],
};

const wasUserKeyText = "this device's key is yours already: nothing changes";

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
  message: "This client is none of your devices; /renamedevice DEVICE NEWNAME",
};
