/** A transfer in the rows at the lower end of the terminal. */
import { visible } from "../protocol/text.ts";
import type { PathKind } from "../transfer/path_kind.ts";
import type { TransferInfo } from "./client_event.ts";
import { formatPart, formatSize } from "./format_size.ts";
import { clipToWidth, textWidth } from "./text_width.ts";
import {
  partDone,
  percentDone,
  speedOf,
  transferPhase,
} from "./transfer_progress.ts";

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
  const leastBar = moving.length > 0 ? shortestBar + 4 : 0;
  const room = width - person - leastBar - 1;
  const deciding = (moving.length > 0 ? moving : infos)
    .map((info) => detailsOf(info, room - leastName));
  const wanted = Math.min(widest(heads), mostHead);
  const name = Math.max(Math.min(wanted, room - widest(deciding)), leastName);
  const rest = width - name - 1 - person;
  return infos.map((info, index) => {
    const user = isUserShown ? cell(users[index]!, userWidth) : "";
    const bar = isMoving(info) ? barOf(info, rest - widest(deciding)) : "";
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
  return visible(info.user) + (isMoving(info) ? "" : ",");
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
  const amount = formatPart(info.bytes, info.size);
  const choices = [
    [percentDone(info), amount, rate, left, path],
    [percentDone(info), amount, rate, left],
    [percentDone(info), rate, left],
    [percentDone(info), rate],
    [percentDone(info)],
  ].map((parts) => parts.filter((part) => part !== undefined).join(", "));
  return choices.find((text) => text.length <= width) ?? "";
}

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
const longestBar = 24;
