/** How private sessions look. */
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import type { ClientEvent, TransferInfo } from "../events/client_event.ts";
import { pathText } from "../commands/files.ts";
import { peerText } from "../commands/peer.ts";
import { linesAfter } from "../../cli/message_lines.ts";
import type { Palette } from "../../cli/palette.ts";
import type { PathKind } from "../../engine/path/path_kind.ts";
import {
  formatPart,
  formatRate,
  formatSize,
  formatSpan,
} from "../../base/format.ts";
import {
  partDone,
  percentDone,
  speedOf,
  transferPhase,
} from "../commands/transfer_progress.ts";
import { clipToWidth, textWidth } from "./styled_text.ts";

/** The lines that tell a private session's new state. */
export function renderSession(
  event: Extract<ClientEvent, { event: "session" }>,
  palette: Palette,
): string[] {
  const { info, message, unconfirmed = 0, own = false } = event;
  const who = visible(peerText(info));
  const user = palette.name(who);
  const typed = visible(info.user);
  const label = `${info.session}: private session with ${user}`;
  // A name's own colour would end that of its line.
  const plain = `${info.session}: private session with ${who}`;
  const why = message === undefined ? "" : `: ${visible(message)}`;
  const lost = unconfirmed === 0 ? [] : [palette.error(
    `${
      unconfirmed === 1
        ? "1 private message"
        : `${unconfirmed} private messages`
    } to ${typed} may not have arrived`,
  )];
  const bad = (what: string) => palette.error(`${plain} ${what}${why}`);
  switch (info.state) {
    case "preparing":
    case "connecting":
      return [];
    case "offered":
      return info.direction === "incoming"
        ? [
          `${user} asks for a private session; /accept ${info.session} or /reject ${info.session}`,
        ]
        : [`${info.session}: asked ${user} for a private session`];
    case "open":
      return [
        `${
          palette.good(plain)
        } is open; /private ${typed} TEXT, /stopprivate ${typed}`,
      ];
    case "closed":
      return [`${label} has ended${why}`, ...lost];
    case "failed":
      return [bad("failed"), ...lost];
    case "rejected":
      return [own ? `${label} was rejected${why}` : bad("was rejected")];
    case "cancelled":
      return [own ? `${label} was stopped${why}` : bad("was stopped")];
    case "answered":
      return [`${label}${why}`];
  }
}

/** A private message's lines, marked in words as such. */
export function renderPrivateMessage(
  event: Extract<ClientEvent, { event: "private-message" }>,
  palette: Palette,
): string[] {
  const time = palette.dim(formatTime(event.at));
  const from = palette.name(visible(event.from));
  const mark = palette.bold("(private)");
  return linesAfter(`${time}, ${from} ${mark}: `, event.text);
}

/** The line that shows a text which could not be sent. */
export function renderPrivateRefused(
  event: Extract<ClientEvent, { event: "private-refused" }>,
  palette: Palette,
): string {
  const { user, text, message } = event;
  return palette.error(
    `not sent to ${visible(user)}: ${visible(message)}: ${visible(text)}`,
  );
}

// How transfers look as lines.

/** The line that tells a transfer's new state. */
export function renderTransfer(
  event: Extract<ClientEvent, { event: "transfer" }>,
  palette: Palette,
): string[] {
  const { info, summary, message, own = false } = event;
  const isIncoming = info.direction === "incoming";
  const file = visible(info.name);
  const size = formatSize(info.size);
  const user = palette.name(visible(peerText(info)));
  const label = `${info.transfer}: ${file}`;
  const known = fileType(info.name);
  const type = known === undefined ? "" : `, ${known}`;
  const whose = isIncoming ? `from ${user}` : `to ${user}`;
  const again = event.resumable
    ? "; sent again, it goes on where it stopped"
    : "";
  const why = (message === undefined ? "" : `: ${visible(message)}`) + again;
  const bad = (what: string) =>
    palette.error(`${label} ${whose} ${what}${why}`);
  const group = info.group === undefined
    ? ""
    : ` to group ${palette.name(visible(info.group))}`;
  switch (info.state) {
    case "preparing":
      return [];
    case "offered":
      return isIncoming
        ? [
          `${user} offers ${file} (${size}${type})${group}; /accept ${info.transfer} or /reject ${info.transfer}`,
        ]
        : [`${label} (${size}) offered to ${user}${why}`];
    case "running": {
      const verb = isIncoming ? "is coming" : "is being sent";
      const from = info.bytes === 0
        ? ""
        : `; it goes on at ${formatPart(info.bytes, info.size)}`;
      return [`${label} ${verb} ${whose}${from}`];
    }
    case "verified": {
      const { ms = 0, rate: speed = 0 } = summary ?? {};
      // Of a moment, a rate says more about the moment than about the path.
      const rate = ms < leastRatedMs ? "" : `, ${formatRate(speed)}`;
      const before = summary?.resumed === undefined
        ? ""
        : `the last ${formatSize(info.size - summary.resumed)} of `;
      const grown = summary?.grown === undefined
        ? ""
        : "; the file has grown since it was offered";
      const took = `${size} in ${formatSpan(ms)}${rate}`;
      const numbers = `${before}${took}, verified${grown}`;
      const where = summary?.path === undefined
        ? ""
        : ` as ${visible(summary.path)}`;
      const verb = isIncoming ? `received ${whose}${where}` : `sent ${whose}`;
      return [palette.good(`${label} ${verb} (${numbers})`)];
    }
    case "failed":
      return [bad("failed")];
    case "rejected":
      return [
        own ? `${label} ${whose} was rejected${why}` : bad("was rejected"),
      ];
    case "cancelled":
      return [own ? `${label} ${whose} was stopped${why}` : bad("was stopped")];
    case "answered":
      return [`${label} ${whose}${why}`];
  }
}

/** The line that tells that a transfer waits for room, or goes on. */
export function renderPaused(info: TransferInfo): string {
  const label = `${info.transfer}: ${visible(info.name)}`;
  if (!info.paused) return `${label} goes on`;
  const whose = info.direction === "incoming" ? "the" : "the receiver's";
  return `${label} waits: ${whose} disk is full; it goes on when there is room`;
}

/** The line that tells by which way a transfer goes. */
export function renderPath(info: TransferInfo, palette: Palette): string {
  const user = palette.name(visible(peerText(info)));
  const why = info.why === undefined
    ? ""
    : `, because there is no direct path: ${visible(info.why)}`;
  return `${info.transfer}: ${user} is reached ${pathText(info)}${why}`;
}

// What kind of file a name promises, for the one who is offered it.

/**
 * `video`, `program`, …, by the last extension of `name`; `undefined` for one
 * that is not known. The content may be something else.
 */
export function fileType(name: string): string | undefined {
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : typesByExtension.get(extension);
}

const types: Record<string, string> = {
  video: "mp4 m4v mkv webm mov avi mpg mpeg ts ogv wmv flv 3gp",
  sound: "mp3 m4a aac flac ogg oga opus wav wma mid",
  picture: "jpg jpeg png gif webp svg bmp tif tiff heic avif ico",
  document: "pdf doc docx odt rtf xls xlsx ods ppt pptx odp epub md tex",
  text: "txt log csv json xml yaml yml toml ini srt vtt",
  archive: "zip tar gz tgz bz2 xz zst 7z rar iso dmg",
  "web page": "html htm xhtml",
  "source code": "c h cc cpp rs go java js mjs tsx py rb php css sql",
  // What can do harm when it is opened is told plainly.
  program: "exe msi bat cmd com scr ps1 vbs jar sh bash app deb rpm apk run",
};

const typesByExtension = new Map(
  Object.entries(types).flatMap(([type, extensions]) =>
    extensions.split(" ").map((extension) => [extension, type] as const)
  ),
);

// A transfer in the rows at the lower end of the terminal.

/**
 * The rows of transfers: name, person, then bar, percent, bytes, speed, time left
 * and path of a running one, or the phase it is in; as much as fits, in columns
 * that all rows share. What is cut ends in `…`.
 *
 * @param width Columns there are.
 */
export function transferRows(
  infos: readonly TransferInfo[],
  width: number,
): string[] {
  const heads = infos.map(headOf);
  const users = infos.map(userOf);
  const leastName = Math.min(widest(heads), leastHead);
  const userWidth = Math.min(widest(users), mostUser);
  const isUserShown = width >= leastName + userWidth + leastDetails;
  const person = isUserShown ? userWidth + 1 : 0;
  // Those with a bar decide, the others use what that leaves.
  const moving = infos.filter(isMoving);
  const leastBar = moving.length > 0 ? shortestBar + 3 : 0;
  const room = width - person - leastBar - 1;
  const deciding = Math.max(
    0,
    ...(moving.length > 0 ? moving : infos)
      .map((info) => detailsWidth(info, room - leastName)),
  );
  const wanted = Math.min(widest(heads), mostHead);
  const name = Math.max(Math.min(wanted, room - deciding), leastName);
  const rest = width - name - 1 - person;
  return infos.map((info, index) => {
    const user = isUserShown ? cell(users[index]!, userWidth) : "";
    const bar = isMoving(info) ? barOf(info, rest - deciding) : "";
    const details = detailsOf(info, isMoving(info) ? room - leastName : rest);
    const row = cell(heads[index]!, name) + user + bar + details;
    return shorten(row.trimEnd(), width);
  });
}

function headOf(info: TransferInfo): string {
  const arrow = info.direction === "incoming" ? "<" : ">";
  return `${info.transfer} ${arrow} ${visible(info.name)}`;
}

function userOf(info: TransferInfo): string {
  return visible(peerText(info)) + (isMoving(info) ? "" : ",");
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(textWidth));
}

/** The text in `columns`, with a blank after it. */
function cell(text: string, columns: number): string {
  const short = shorten(text, columns);
  return short + " ".repeat(Math.max(columns - textWidth(short), 0) + 1);
}

function isMoving(info: TransferInfo): boolean {
  const phase = transferPhase(info);
  return phase === "sending" || phase === "receiving";
}

/** The longest way to tell how it stands that fits in `width`. */
function detailsOf(info: TransferInfo, width: number): string {
  const phase = transferPhase(info);
  if (!isMoving(info)) {
    const size = info.size === 0 ? "" : `${formatSize(info.size)}, `;
    const all = info.state === "running" ? `${percentDone(info)}, ` : size;
    const texts = [`${all}${phase}`, phase];
    return texts.find((text) => textWidth(text) <= width) ?? phase;
  }
  const [rate, left] = speedOf(info);
  const path = info.via === undefined ? undefined : pathNames[info.via];
  const texts: Record<MovingPart, string | undefined> = {
    percent: percentDone(info),
    amount: formatPart(info.bytes, info.size),
    rate,
    left,
    path,
  };
  return partsFor(info, width).map((part) => texts[part])
    .filter((text) => text !== undefined).join(", ");
}

/** Columns of the details, which of a moving one stay as they are. */
function detailsWidth(info: TransferInfo, width: number): number {
  const told = textWidth(detailsOf(info, width));
  if (!isMoving(info)) return told;
  return Math.max(told, roomFor(info, partsFor(info, width)));
}

/** The most that can be told of a moving transfer in `width`. */
function partsFor(info: TransferInfo, width: number): readonly MovingPart[] {
  return movingParts.find((parts) => roomFor(info, parts) <= width) ?? [];
}

/** Columns that the parts take at most, so that no bar moves with them. */
function roomFor(info: TransferInfo, parts: readonly MovingPart[]): number {
  const widths: Record<MovingPart, number> = {
    percent: "99 %".length,
    amount: `99.9 kB of ${formatSize(info.size)}`.length,
    rate: "99.9 MB/s".length,
    left: "59:59 left".length,
    path: info.via === undefined ? 0 : pathNames[info.via].length,
  };
  const whole = parts.reduce((sum, part) => sum + widths[part], 0);
  return whole + 2 * Math.max(parts.length - 1, 0);
}

type MovingPart = "percent" | "amount" | "rate" | "left" | "path";

/** What is told of a moving transfer, the most first. */
const movingParts: readonly (readonly MovingPart[])[] = [
  ["percent", "amount", "rate", "left", "path"],
  ["percent", "amount", "rate", "left"],
  ["percent", "rate", "left"],
  ["percent", "rate"],
  ["percent"],
];

/** A bar with the blank after it, at most `room` columns; else nothing. */
function barOf(info: TransferInfo, room: number): string {
  const cells = Math.min(room - 3, longestBar);
  if (cells < shortestBar) return "";
  const filled = Math.round(cells * partDone(info));
  return `[${"#".repeat(filled)}${"-".repeat(cells - filled)}] `;
}

function shorten(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  return columns < 1 ? "" : `${clipToWidth(text, columns - 1)}…`;
}

/** Shorter transfers have no rate worth telling, ms. */
const leastRatedMs = 500;
/** Short names of the paths. */
const pathNames: Record<PathKind, string> = {
  local: "this machine",
  lan: "LAN",
  "direct-v4": "direct IPv4",
  "direct-v6": "direct IPv6",
  relay: "relay",
};
const leastHead = 12;
const mostUser = 16;
/** `100 %` and the blanks before it. */
const leastDetails = 7;
const mostHead = 24;
const shortestBar = 6;
const longestBar = 24;
