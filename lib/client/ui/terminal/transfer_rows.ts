import { visible } from "../../../base/text.ts";
import { formatPart, formatSize } from "../../../base/format.ts";
import type { TransferInfo } from "../../events/client_event.ts";
import { peerText } from "../../commands/peer.ts";
import type { PathKind } from "../../../engine/path/path_kind.ts";
import {
  filesText,
  offeredSize,
  offeredText,
  partDone,
  percentDone,
  speedOf,
  transferPhase,
} from "../../commands/transfer_progress.ts";
import { clipToWidth, textWidth } from "../../text/styled_text.ts";

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
  // Where there is little room, how many files there are says more than a bar.
  const isBarLast = width < leastForBoth &&
    moving.some(({ files }) => files !== undefined);
  const leastBar = moving.length > 0 && !isBarLast ? shortestBar + 3 : 0;
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
  return `${info.transfer} ${arrow} ${offeredText(info)}`;
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
    const isKnown = info.size > 0 || info.stream;
    const size = isKnown ? `${offeredSize(info)}, ` : "";
    const isPart = info.state === "running" && !info.stream;
    const all = isPart ? `${percentDone(info)}, ` : size;
    const short = phase.replace(/ or \/reject \d+$/, "");
    const texts = [`${all}${phase}`, phase, short];
    return texts.find((text) => textWidth(text) <= width) ?? short;
  }
  const [rate, left] = speedOf(info);
  const path = info.via === undefined ? undefined : pathNames[info.via];
  const texts: Record<MovingPart, string | undefined> = {
    files: filesText(info),
    percent: info.stream ? undefined : percentDone(info),
    amount: info.stream
      ? `${formatSize(info.bytes)} so far`
      : formatPart(info.bytes, info.size),
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
  const all = info.files === undefined ? movingParts : treeParts;
  return all.find((parts) => roomFor(info, parts) <= width) ?? [];
}

/** Columns that the parts take at most, so that no bar moves with them. */
function roomFor(info: TransferInfo, parts: readonly MovingPart[]): number {
  const { files = 0 } = info;
  const widths: Record<MovingPart, number> = {
    files: filesText({ ...info, filesDone: files })?.length ?? 0,
    percent: "99 %".length,
    amount: `99.9 kB of ${formatSize(info.size)}`.length,
    rate: "99.9 MB/s".length,
    left: "59:59 left".length,
    path: info.via === undefined ? 0 : pathNames[info.via].length,
  };
  const whole = parts.reduce((sum, part) => sum + widths[part], 0);
  return whole + 2 * Math.max(parts.length - 1, 0);
}

type MovingPart = "files" | "percent" | "amount" | "rate" | "left" | "path";

/** What is told of a moving transfer, the most first. */
const movingParts: readonly (readonly MovingPart[])[] = [
  ["percent", "amount", "rate", "left", "path"],
  ["percent", "amount", "rate", "left"],
  ["percent", "rate", "left"],
  ["percent", "rate"],
  ["percent"],
];

/** The same of folders and several files. */
const treeParts: readonly (readonly MovingPart[])[] = [
  ["files", "percent", "amount", "rate", "left", "path"],
  ["files", "percent", "rate", "left", "path"],
  ["files", "percent", "rate", "left"],
  ["files", "percent"],
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
/** Columns of a row with a bar and a count of files. */
const leastForBoth = 60;
const longestBar = 24;
