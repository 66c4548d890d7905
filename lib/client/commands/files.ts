/** The commands about files, and about all that is offered and under way. */
import {
  countFiles,
  formatRate,
  formatSize,
  parseRate,
  rateProblem,
} from "../../base/format.ts";
import { nearestWord } from "../../base/nearest_word.ts";
import { formatTime } from "../../base/time.ts";
import { visible } from "../../base/text.ts";
import type { Palette } from "../../cli/palette.ts";
import type { PathKind } from "../../engine/path/path_kind.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import { type CallInfo, callText } from "./call_info.ts";
import { type Argument, does, type Look, type Settle } from "./command.ts";
import { aboutPeers, meantUser, peerText, readPeer } from "./peer.ts";
import {
  type GroupSendResult,
  isAsked,
  type ListedEntry,
  type PrivateSessionInfo,
  type SentPaths,
  type TransferInfo,
  type TransferSummary,
} from "./transfer_info.ts";
import {
  type OfferedName,
  offeredSize,
  offeredText,
  offeredVerb,
  pathNumbers,
  progressText,
  transferPhase,
} from "./transfer_progress.ts";

const aboutWaiting =
  "With --when-back before or behind the paths what cannot be sent now waits, " +
  "also for the next client of this account here, until the other side is " +
  "online; /transfers lists it, /cancel N takes it back.";
const aboutPaths =
  "A folder arrives as it is, several files in a folder of their own. Links " +
  "are left out; with --links before the paths those that stay within a " +
  "folder are sent as what they stand for.";

const whenBackOption = "--when-back";
const pathOptions: ReadonlyMap<string, "links" | "whenBack"> = new Map([
  ["--links", "links"],
  [whenBackOption, "whenBack"],
]);
const pathArgument: Argument = {
  kind: "files",
  choices: [...pathOptions.keys()],
  choicesBehind: [whenBackOption],
};

const onlyWord = "only";
const intoOption = "--to";

/** The commands of the topic. */
export const fileCommands = {
  p2pvideo: does({
    aliases: ["send", "upload"],
    words: ["UPD"],
    usage: "/p2pvideo USER PATH…",
    summary: "send files or folders straight to USER",
    details:
      `${aboutPaths} ${aboutWaiting} ${aboutPeers} In a script, - --name NAME ` +
      "in the place of the paths is what is piped into the program; it cannot wait.",
    example: "/p2pvideo luke my film.mp4",
    arguments: [{ kind: "peer" }, pathArgument],
    // The paths are as the user wrote them.
    read([peer = "", ...paths]): Sending | string {
      const read = readPeer(peer);
      if (typeof read === "string") return read;
      const { user: to, ...device } = read;
      const what = readInput(paths) ?? readPaths(paths);
      return typeof what === "string" ? what : { to, ...device, ...what };
    },
    run({ to, device, ...paths }, host, _: Settle<Sent>, n) {
      const user = meantUser(to, host.self());
      const { transfers, later } = host.offers;
      const sends = paths.whenBack ? later : transfers;
      sends.send({ user, device }, sentPaths(paths), n);
    },
  }),
  groupvideo: does({
    usage: "/groupvideo GROUP PATH…",
    summary: "send files or folders to every member who is online",
    details: `${aboutPaths} ${aboutWaiting}`,
    example: "/groupvideo jedi my film.mp4",
    arguments: [{ kind: "group" }, pathArgument],
    read: ([group = "", ...paths]): GroupPaths | string =>
      readInput(paths) === undefined
        ? { group, ...readPaths(paths) }
        : "what is piped in goes to one user; send a file",
    run: ({ group, ...paths }, { groupSend }, _: Settle<GroupSending>, n) =>
      groupSend.send(group, sentPaths(paths), n, paths.whenBack),
    show({ group, results, ...file }, look) {
      const { palette, name, names } = look;
      const got = results.filter(({ ok }) => ok).map(({ user }) => user);
      const withCode = (code: string) =>
        results.filter((each) => each.code === code).map(({ user }) => user);
      const [away, waiting] = ["not_delivered", "waiting"].map(withCode);
      const parts = [
        ...said("reached", got, ` of ${name(group)}`),
        ...said("not reached:", away, ""),
        ...said(
          "waits for",
          waiting,
          got.length > 0 ? "" : ` of ${name(group)}`,
        ),
      ];
      return [palette.good(`${offeredText(file)} ${parts.join("; ")}`)];

      function said(verb: string, users: string[] = [], more: string) {
        return users.length === 0 ? [] : [`${verb} ${names(users)}${more}`];
      }
    },
  }),
  offer: does({
    usage: "/offer N",
    summary: "show what is in the folder or files offered as N",
    details: "While it is sent, also which of them have arrived.",
    example: "/offer 1",
    arguments: [{ kind: "number" }],
    read: readNumber,
    run: ({ transfer }, { offers }, _: Settle<OfferListing>, n) =>
      offers.show(transfer, n),
    show: showListing,
  }),
  accept: does({
    usage: "/accept N [only PATTERN…]",
    summary: "take the files or private session offered as N",
    details:
      "With --to FOLDER behind N or at the end into that folder, which must " +
      "exist, instead of the usual one. Of a folder or several files only those that PATTERN " +
      "names, such as *.mp4 or pictures/*; /pictures/a.png is that one alone.",
    example: "/accept 1",
    arguments: [
      { kind: "number" },
      { kind: "word", choices: [onlyWord, intoOption], optional: true },
      { kind: "word", repeated: true },
    ],
    read([number = "", ...words]): Accepting | string | undefined {
      const read = readNumber([number]);
      if (typeof read === "string") return read;
      const at = words.indexOf(intoOption);
      const [, into] = at < 0 ? [] : words.splice(at, 2);
      if (at >= 0 && (into === undefined || into === inputPath)) {
        return "--to takes a folder, as /accept 1 --to films";
      }
      const place = into === undefined ? {} : { into };
      const [word, ...only] = words;
      if (word === undefined) return { ...read, ...place };
      if (word === onlyWord && only.length > 0) {
        return { ...read, ...place, only };
      }
      const nearest = nearestWord(word, [onlyWord, intoOption]);
      return nearest === word || nearest === undefined
        ? undefined
        : `did you mean ${nearest}?`;
    },
    run: ({ transfer, only, into }, { offers }, _: Settle<Numbered>, n) =>
      offers.accept(transfer, n, only, into),
  }),
  receive: does({
    usage: "/receive USER [--to PATH]",
    summary: "wait for USER to send something, and take it",
    details:
      "With --to FOLDER into that folder, which must exist, instead of " +
      "the usual one. In a script, --to - writes a file to standard output as it " +
      "comes; that all of it was right shows at the end, in the exit code.",
    example: "/receive luke",
    arguments: [
      { kind: "user" },
      { kind: "word", choices: [intoOption], optional: true },
      { kind: "word", optional: true },
    ],
    read([user = "", option, into]): Receiving | undefined {
      if (option === undefined) return { user };
      return option === intoOption && into !== undefined
        ? { user, into }
        : undefined;
    },
    run({ user, into }, host, _: Settle<Sent>, n) {
      host.offers.receive(meantUser(user, host.self()), into, n);
    },
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
    show({ transfers, sessions, calls = [], others = [] }, { palette }) {
      const lines = [
        ...transfers.map((info) => listTransfer(info, palette)),
        ...sessions.map((info) => listSession(info, palette)),
        ...calls.map((info) => listCall(info, palette)),
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
  pause: does({
    usage: "/pause N",
    summary: "have transfer N wait until /resume N",
    details: "Both sides can do so, and it goes on when neither has it wait.",
    example: "/pause 1",
    arguments: [{ kind: "number" }],
    read: readNumber,
    run: ({ transfer }, { offers }, _: Settle<TransferInfo>, n) =>
      offers.hold(transfer, "pause", n),
  }),
  resume: does({
    usage: "/resume N",
    summary: "go on with transfer N after /pause N",
    example: "/resume 1",
    arguments: [{ kind: "number" }],
    read: readNumber,
    run: ({ transfer }, { offers }, _: Settle<TransferInfo>, n) =>
      offers.hold(transfer, "resume", n),
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

interface Paths {
  /** All that was written, if that is one path. */
  readonly file: string;
  /** What it is otherwise. */
  readonly files?: readonly string[];
  readonly links?: true;
  /** Not files but standard input, under this name. */
  readonly input?: string;
  /** It waits until the other side is online. */
  readonly whenBack?: true;
}

interface Sending extends Paths {
  readonly to: string;
  readonly device?: string | undefined;
}

interface GroupPaths extends Paths {
  readonly group: string;
}

interface Accepting extends Numbered {
  readonly only?: readonly string[];
  /** The folder that it goes to. */
  readonly into?: string;
}

interface Receiving {
  readonly user: string;
  /** Where it goes: a folder, or `-`. */
  readonly into?: string;
}

/** What is offered, and what it is of. */
type OfferListing = TransferInfo & {
  readonly entries: readonly ListedEntry[];
};

type Sent =
  & TransferInfo
  & (TransferSummary | { readonly state: "waiting"; readonly ms?: never });

interface GroupSending extends OfferedName {
  readonly group: string;
  readonly results: readonly GroupSendResult[];
}

interface Listing {
  readonly transfers: readonly TransferInfo[];
  readonly sessions: readonly PrivateSessionInfo[];
  readonly calls?: readonly CallInfo[];
  /** What the user's other devices do, where that was asked for. */
  readonly others?: readonly DeviceOffer[];
}

/** A transfer or private session of another device of the user. */
type DeviceOffer = ReplyFields<"device-offers">["offers"][number];

/** N of `/accept N`. */
interface Numbered {
  readonly transfer: number;
}

/**
 * Standard input and its name; undefined where that is not meant.
 *
 * @param paths As of {@link readPaths}.
 */
function readInput([file, ...files]: readonly string[]):
  | Paths
  | string
  | undefined {
  const [first = file, option, name = "", more] = files;
  if (first !== inputPath) return undefined;
  if (files.includes(whenBackOption)) {
    return "what is piped in cannot wait; send a file";
  }
  if (option !== nameOption || name === "" || more !== undefined) {
    return "- is what is piped in; it needs a name: - --name backup.tar";
  }
  if (/[/\\]/.test(name)) return `"${name}" is a path; give a name alone`;
  return { file: inputPath, input: name };
}

/**
 * @param paths All of them as one, then each; perhaps options before them, and
 * `--when-back` after them.
 */
function readPaths([whole = "", ...words]: readonly string[]): Paths {
  let file = whole;
  const options: { links?: true; whenBack?: true } = {};
  for (;;) {
    const [first = ""] = words;
    const name = pathOptions.get(first);
    if (name !== undefined) {
      words.shift();
      file = file.slice(first.length).trimStart();
      options[name] = true;
    } else if (words.length > 1 && words.at(-1) === whenBackOption) {
      words.pop();
      file = file.slice(0, -whenBackOption.length).trimEnd();
      options.whenBack = true;
    } else break;
  }
  // Where an option was cut off, what is left of the whole has its quotes.
  const [only] = words;
  if (words.length === 1 && only !== undefined) file = only;
  return words.length === 0 ? { file } : { file, files: words, ...options };
}

function sentPaths({ file, files = [], links, input }: Paths): SentPaths {
  const what = input === undefined ? {} : { input };
  return { path: file, paths: files, followsLinks: links === true, ...what };
}

function readNumber([number = ""]: readonly string[]): Numbered | string {
  if (!/^[1-9][0-9]{0,8}$/.test(number)) {
    return `"${number}" is no number such as /transfers lists`;
  }
  return { transfer: Number(number) };
}

/** `over the LAN (192.168.1.7:4000, 0.4 ms)`. */
export function pathText(info: TransferInfo): string {
  const { via, address } = info;
  if (via === undefined) return "in no way yet";
  const numbers = [
    ...address === undefined ? [] : [visible(address)],
    ...pathNumbers(info),
  ];
  const details = numbers.length === 0 ? "" : ` (${numbers.join(", ")})`;
  return pathTexts[via] + details;
}

/** `/transfers`' line of a transfer. */
function listTransfer(info: TransferInfo, palette: Palette): string {
  const user = palette.name(visible(peerText(info)));
  const whose = info.direction === "incoming" ? `from ${user}` : `to ${user}`;
  const label = `${info.transfer}: ${offeredText(info)} ${whose}`;
  const size = offeredSize(info);
  if (info.state === "running") {
    const way = info.via === undefined ? "" : `, ${pathText(info)}`;
    const why = info.why === undefined ? "" : `; ${visible(info.why)}`;
    const phase = transferPhase(info);
    return `${label}, ${phase}, ${progressText(info)}${way}${why}`;
  }
  if (info.state === "waiting") {
    const waits = offeredVerb(info, "waits", "wait");
    const since = formatTime(info.since ?? 0);
    return `${info.transfer}: ${offeredText(info)}, ${size}, ${waits} for ${
      waitsFor(info, palette)
    } since ${since}; /cancel ${info.transfer} takes it back`;
  }
  if (info.state !== "offered") return `${label}, ${info.state}`;
  return `${label}, ${size}, ${answerTo(info, info.transfer)}`;
}

/** How the answer to an offer stands, or how it is given. */
function answerTo(
  info: TransferInfo | PrivateSessionInfo,
  number: number,
): string {
  if (info.accepted) return "accepted";
  return isAsked(info)
    ? `/accept ${number} or /reject ${number}`
    : "waiting for the answer";
}

/** For whom it waits: `luke`, `luke of jedi`, `luke and 2 more of jedi`. */
export function waitsFor(info: TransferInfo, palette: Palette): string {
  const user = palette.name(visible(peerText(info)));
  const { group, left = 1 } = info;
  if (group === undefined) return user;
  const more = left > 1 ? ` and ${left - 1} more` : "";
  return `${user}${more} of ${palette.name(visible(group))}`;
}

/** `/transfers`' line of a private session. */
function listSession(
  info: PrivateSessionInfo,
  palette: Palette,
): string {
  const user = palette.name(visible(peerText(info)));
  const label = `${info.session}: private session with ${user}`;
  if (info.state !== "offered") return `${label}, ${info.state}`;
  return `${label}, ${answerTo(info, info.session)}`;
}

/** `/transfers`' line of a call, with how each member is reached. */
function listCall(info: CallInfo, palette: Palette): string {
  const ways = info.members.flatMap(({ user, link }) => {
    if (link === undefined) return [];
    const way = `${pathTexts[link.via]} (${pathNumbers(link).join(", ")})`;
    return info.group === undefined ? way : `${visible(user)} ${way}`;
  });
  return [`${callText(info, palette.name)}, ${info.state}`, ...ways].join(", ");
}

/** `/transfers --all`: the line of what another device does. */
function listElsewhere(offer: DeviceOffer, palette: Palette): string {
  const { device, direction, kind, file, accepted } = offer;
  const user = palette.name(visible(offer.user));
  const state = accepted ? "agreed on" : "waiting for the answer";
  const place = device === undefined
    ? "by a command"
    : `on ${palette.name(visible(device))}`;
  const running = accepted ? "running" : state;
  if (kind === "call") return `${place}: call with ${user}, ${running}`;
  if (file === undefined) {
    return `${place}: private session with ${user}, ${state}`;
  }
  const whose = direction === "incoming" ? `from ${user}` : `to ${user}`;
  const label = `${place}: ${offeredText(file)} ${whose}`;
  return `${label}, ${offeredSize(file)}, ${running}`;
}

/** `/offer`'s lines: the name, then what is in it. */
function showListing(
  { entries, files = 0, size, transfer }: OfferListing,
  { palette }: Look,
): string[] {
  const shown = entries.slice(0, shownEntries);
  const lines = shown.map(({ path, isFolder, size, state, why }) => {
    const name = `  ${visible(path)}`;
    if (isFolder) return `${name}/`;
    const stands = state === undefined ? "" : `, ${state}`;
    const because = why === undefined ? "" : `: ${why}`;
    const about = `${formatSize(size)}${stands}${because}`;
    return `${name} ${palette.dim(about)}`;
  });
  const more = entries.length - shown.length;
  const rest = more > 0 ? [`  … and ${more} more`] : [];
  const all = `${transfer}: ${countFiles(files)}, ${formatSize(size)}`;
  return [all, ...lines, ...rest];
}

const inputPath = "-";
const nameOption = "--name";
const shownEntries = 50;
const pathTexts: Record<PathKind, string> = {
  local: "on this machine",
  lan: "over the LAN",
  "direct-v4": "directly over IPv4",
  "direct-v6": "directly over IPv6",
  relay: "through the server's relay",
};
