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
 * The row of a transfer: name, then bar, percent, bytes, speed, time left and
 * path of a running one, or the phase it is in; as much as fits.
 *
 * @param width Columns there are.
 */
export function transferStatus(info: TransferInfo, width: number): string {
  const arrow = info.direction === "incoming" ? "<" : ">";
  const head = `${info.transfer} ${arrow} ${visible(info.name)}`;
  const isBarred = isMoving(info);
  const leastBar = isBarred ? shortestBar + 4 : 0;
  const details = detailsOf(info, width - leastHead - leastBar - 1);
  const free = width - textWidth(details) - 1;
  const most = Math.min(mostHead, Math.max(free - leastBar, leastHead));
  const wanted = Math.min(textWidth(head), most) + 1;
  const bar = isBarred ? barOf(info, free - wanted) : "";
  const room = Math.max(free - textWidth(bar), leastHead);
  const label = shorten(head, Math.min(room, mostHead));
  return clipToWidth(`${label} ${bar}${details}`, width);
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
    const texts = [
      `${visible(info.user)}, ${all}${phase}`,
      `${all}${phase}`,
      phase,
    ];
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
  return `${clipToWidth(text, columns - 1)}…`;
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
const mostHead = 24;
const shortestBar = 6;
const longestBar = 24;
