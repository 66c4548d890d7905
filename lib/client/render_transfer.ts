/** How transfers look as lines. */
import { visible } from "../protocol/text.ts";
import type { PathKind } from "../transfer/path_kind.ts";
import type { ClientEvent, TransferInfo } from "./client_event.ts";
import { fileType } from "./file_type.ts";
import {
  formatPart,
  formatRate,
  formatSize,
  formatSpan,
} from "./format_size.ts";
import type { Palette } from "./palette.ts";
import { progressText, transferPhase } from "./transfer_progress.ts";

/** The line that tells a transfer's new state. */
export function renderTransfer(
  event: Extract<ClientEvent, { event: "transfer" }>,
  palette: Palette,
): string[] {
  const { info, summary, message, own = false } = event;
  const isIncoming = info.direction === "incoming";
  const file = visible(info.name);
  const size = formatSize(info.size);
  const user = palette.name(visible(info.user));
  const label = `${info.transfer}: ${file}`;
  const known = fileType(info.name);
  const type = known === undefined ? "" : `, ${known}`;
  const whose = isIncoming ? `from ${user}` : `to ${user}`;
  const why = message === undefined ? "" : `: ${visible(message)}`;
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
      const span = formatSpan(summary?.ms ?? 0);
      const rate = formatRate(summary?.rate ?? 0);
      const before = summary?.resumed === undefined
        ? ""
        : `the last ${formatSize(info.size - summary.resumed)} of `;
      const grown = summary?.grown === undefined
        ? ""
        : "; the file has grown since it was offered";
      const numbers = `${before}${size} in ${span}, ${rate}, verified${grown}`;
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
  const user = palette.name(visible(info.user));
  const why = info.why === undefined
    ? ""
    : `, for want of a direct path: ${visible(info.why)}`;
  return `${info.transfer}: ${user} is reached ${pathText(info)}${why}`;
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
export function listTransfer(info: TransferInfo, palette: Palette): string {
  const user = palette.name(visible(info.user));
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

const pathTexts: Record<PathKind, string> = {
  local: "on this machine",
  lan: "over the LAN",
  "direct-v4": "directly over IPv4",
  "direct-v6": "directly over IPv6",
  relay: "through the server's relay",
};
