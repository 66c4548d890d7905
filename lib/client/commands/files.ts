/** The commands about files, and about all that is offered and under way. */
import {
  formatRate,
  formatSize,
  parseRate,
  rateProblem,
} from "../../base/format.ts";
import { visible } from "../../base/text.ts";
import type { Palette } from "../../cli/palette.ts";
import type { PathKind } from "../../engine/path/path_kind.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import { does, type Settle } from "./command.ts";
import { aboutPeers, meantUser, peerText, readPeer } from "./peer.ts";
import type {
  GroupSendResult,
  PrivateSessionInfo,
  TransferInfo,
  TransferSummary,
} from "./transfer_info.ts";
import { progressText, transferPhase } from "./transfer_progress.ts";

/** The commands of the topic. */
export const fileCommands = {
  p2pvideo: does({
    aliases: ["send", "upload"],
    words: ["UPD"],
    usage: "/p2pvideo USER FILE",
    summary: "send a video, or any file, straight to USER",
    details: aboutPeers,
    example: "/p2pvideo luke my film.mp4",
    arguments: [{ kind: "peer" }, { kind: "file" }],
    // The path is as the user wrote it.
    read([peer = "", file = ""]): Sending | string {
      const read = readPeer(peer);
      if (typeof read === "string") return read;
      const { user: to, ...device } = read;
      return { to, ...device, file };
    },
    run({ to, device, file }, host, _: Settle<Sent>, n) {
      const user = meantUser(to, host.self());
      host.offers.transfers.send({ user, device }, file, n);
    },
  }),
  groupvideo: does({
    usage: "/groupvideo GROUP FILE",
    summary: "send a file to every member who is online",
    example: "/groupvideo jedi my film.mp4",
    arguments: [{ kind: "group" }, { kind: "file" }],
    read: ([group = "", file = ""]) => ({ group, file }),
    run: ({ group, file }, { groupSend }, _: Settle<GroupSending>, n) =>
      groupSend.send(group, file, n),
    show({ group, name: file, results }, look) {
      const { palette, name, names } = look;
      const got = results.filter(({ ok }) => ok).map(({ user }) => user);
      const away = results.filter(({ ok }) => !ok).map(({ user }) => user);
      const missed = away.length === 0 ? "" : `; not reached: ${names(away)}`;
      return [palette.good(
        `${visible(file)} reached ${names(got)} of ${name(group)}${missed}`,
      )];
    },
  }),
  accept: does({
    usage: "/accept N",
    summary: "take the file or private session offered as N",
    example: "/accept 1",
    arguments: [{ kind: "number" }],
    read: readNumber,
    run: ({ transfer }, { offers }, _: Settle<Numbered>, n) =>
      offers.accept(transfer, n),
  }),
  reject: does({
    usage: "/reject N",
    summary: "refuse the file or session offered as N",
    example: "/reject 1",
    arguments: [{ kind: "number" }],
    read: readNumber,
    run: ({ transfer }, { offers }, _: Settle<Numbered>, n) =>
      offers.reject(transfer, n),
  }),
  transfers: does({
    usage: "/transfers [--all]",
    summary: "files under way, with progress; open sessions",
    details: "With --all also what my other devices do.",
    example: "/transfers",
    arguments: [{ kind: "word", choices: ["--all"], optional: true }],
    read([word]): { all: boolean } | undefined {
      if (word === undefined) return { all: false };
      return word === "--all" ? { all: true } : undefined;
    },
    run({ all }, { offers, request }, settle: Settle<Listing>) {
      if (!all) return settle({ ok: offers.list() });
      request("device-offers", {}, (reply) => {
        if (reply.ok === undefined) return settle(reply);
        settle({ ok: { ...offers.list(), others: reply.ok.offers } });
      });
    },
    show({ transfers, sessions, others = [] }, { palette }) {
      const lines = [
        ...transfers.map((info) => listTransfer(info, palette)),
        ...sessions.map((info) => listSession(info, palette)),
        ...others.map((offer) => listElsewhere(offer, palette)),
      ];
      return lines.length === 0 ? ["no transfers"] : lines;
    },
  }),
  cancel: does({
    usage: "/cancel N",
    summary: "stop transfer N, or end private session N",
    example: "/cancel 1",
    arguments: [{ kind: "number" }],
    read: readNumber,
    run: ({ transfer }, { offers }, _: Settle<Numbered>, n) =>
      offers.cancel(transfer, n),
  }),
  limit: does({
    usage: "/limit [RATE]",
    summary: "send at most RATE, like 500k or 2M; off ends it",
    example: "/limit 2M",
    arguments: [{ kind: "rate", optional: true }],
    read([text]): { rate?: number } | string {
      if (text === undefined) return {};
      const rate = parseRate(text);
      return rate === undefined ? rateProblem("RATE", text) : { rate };
    },
    run: ({ rate }, host, settle: Settle<{ limit: number }>) =>
      settle({ ok: { limit: host.limit(rate) } }),
    show: ({ limit }) => [
      limit === 0
        ? "sending is not limited"
        : `sending is limited to ${formatRate(limit)}`,
    ],
  }),
};

interface Sending {
  readonly to: string;
  readonly device?: string | undefined;
  readonly file: string;
}

type Sent = TransferInfo & TransferSummary;

interface GroupSending {
  readonly group: string;
  /** Of the file. */
  readonly name: string;
  readonly results: readonly GroupSendResult[];
}

interface Listing {
  readonly transfers: readonly TransferInfo[];
  readonly sessions: readonly PrivateSessionInfo[];
  /** What the user's other devices do, where that was asked for. */
  readonly others?: readonly DeviceOffer[];
}

/** A transfer or private session of another device of the user. */
type DeviceOffer = ReplyFields<"device-offers">["offers"][number];

/** N of `/accept N`. */
interface Numbered {
  readonly transfer: number;
}

function readNumber([number = ""]: readonly string[]): Numbered | string {
  if (!/^[1-9][0-9]{0,8}$/.test(number)) {
    return `"${number}" is no number such as /transfers lists`;
  }
  return { transfer: Number(number) };
}

/** `over the LAN (192.168.1.7:4000, 0.4 ms)`. */
export function pathText(info: TransferInfo): string {
  const { via, address, rtt = 0, loss } = info;
  if (via === undefined) return "in no way yet";
  const numbers: string[] = [];
  if (address !== undefined) numbers.push(visible(address));
  if (rtt > 0) {
    numbers.push(`${rtt < 10 ? rtt.toFixed(1) : Math.round(rtt)} ms`);
  }
  if (loss !== undefined && loss >= 0.0005) {
    numbers.push(`${(100 * loss).toFixed(1)} % lost`);
  }
  const details = numbers.length === 0 ? "" : ` (${numbers.join(", ")})`;
  return pathTexts[via] + details;
}

/** `/transfers`' line of a transfer. */
function listTransfer(info: TransferInfo, palette: Palette): string {
  const user = palette.name(visible(peerText(info)));
  const whose = info.direction === "incoming" ? `from ${user}` : `to ${user}`;
  const label = `${info.transfer}: ${visible(info.name)} ${whose}`;
  const size = formatSize(info.size);
  if (info.state === "running") {
    const way = info.via === undefined ? "" : `, ${pathText(info)}`;
    const why = info.why === undefined ? "" : `; ${visible(info.why)}`;
    const phase = transferPhase(info);
    return `${label}, ${phase}, ${progressText(info)}${way}${why}`;
  }
  if (info.state !== "offered") return `${label}, ${info.state}`;
  const waits = info.direction === "incoming"
    ? `/accept ${info.transfer} or /reject ${info.transfer}`
    : "waiting for the answer";
  return `${label}, ${size}, ${waits}`;
}

/** `/transfers`' line of a private session. */
function listSession(
  info: PrivateSessionInfo,
  palette: Palette,
): string {
  const user = palette.name(visible(peerText(info)));
  const label = `${info.session}: private session with ${user}`;
  if (info.state !== "offered") return `${label}, ${info.state}`;
  return info.direction === "incoming"
    ? `${label}, /accept ${info.session} or /reject ${info.session}`
    : `${label}, waiting for the answer`;
}

/** `/transfers --all`: the line of what another device does. */
function listElsewhere(offer: DeviceOffer, palette: Palette): string {
  const { device, direction, kind, file, accepted } = offer;
  const user = palette.name(visible(offer.user));
  const state = accepted ? "agreed on" : "waiting for the answer";
  const place = device === undefined
    ? "by a command"
    : `on ${palette.name(visible(device))}`;
  if (kind === "session" || file === undefined) {
    return `${place}: private session with ${user}, ${state}`;
  }
  const whose = direction === "incoming" ? `from ${user}` : `to ${user}`;
  const name = visible(file.name);
  const running = accepted ? "running" : state;
  return `${place}: ${name} ${whose}, ${formatSize(file.size)}, ${running}`;
}

const pathTexts: Record<PathKind, string> = {
  local: "on this machine",
  lan: "over the LAN",
  "direct-v4": "directly over IPv4",
  "direct-v6": "directly over IPv6",
  relay: "through the server's relay",
};
