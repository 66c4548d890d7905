/** How far a transfer is, in words. */
import type { TransferInfo } from "./transfer_info.ts";
import { peerText } from "./peer.ts";
import { visible } from "../../base/text.ts";
import { formatRate, formatSize, formatSpan } from "../../base/format.ts";

/** What a transfer is of. */
export interface OfferedName {
  /** Of the first, or the only one. */
  readonly name: string;
  /** How many were chosen, of folders and several files. */
  readonly roots?: number;
}

/** What an offer of a file, or of several, is of. */
export function offeredName(
  { name, tree }: {
    readonly name: string;
    readonly tree?: { readonly roots: number };
  },
): OfferedName {
  return { name, ...tree && { roots: tree.roots } };
}

/** The same in words: `holiday`, `a.mp4 and 2 more`. */
export function offeredText({ name, roots = 1 }: OfferedName): string {
  return roots > 1 ? `${visible(name)} and ${roots - 1} more` : visible(name);
}

/** The verb behind it: `is` of one thing, `are` of several. */
export function offeredVerb(
  { roots = 1 }: { readonly roots?: number },
  one: string,
  several: string,
): string {
  return roots > 1 ? several : one;
}

/** What a transfer that has not ended is busy with. */
export function transferPhase(info: TransferInfo): string {
  const { state, direction, accepted, transfer, via, bytes, size } = info;
  if (state === "preparing") return "opening";
  if (accepted) return "getting ready";
  if (state === "offered") {
    return direction === "incoming"
      ? `offered, /accept ${transfer} or /reject ${transfer}`
      : "offered, waiting for the answer";
  }
  if (info.silence !== undefined) {
    return `no answer for ${formatSpan(info.silence)}`;
  }
  if (info.pausedBy !== undefined) return pausedText(info);
  if (info.paused) return "waiting for room on the disk";
  if (via === undefined && bytes === 0) return "looking for a path";
  if (size > 0 && bytes >= size) return "verifying";
  return direction === "incoming" ? "receiving" : "sending";
}

/** `paused by you and luke`. */
export function pausedText(info: TransferInfo): string {
  const names = { me: "you", user: visible(peerText(info)) };
  const who = (info.pausedBy ?? []).map((by) => names[by]);
  return `paused by ${who.join(" and ")}`;
}

/** `42 %, 1.2 MB of 2.9 MB, 3.4 MB/s, 12 s left`, of several files how many. */
export function progressText(info: TransferInfo): string {
  const bytes = formatSize(info.bytes);
  const files = filesText(info);
  const done = info.stream
    ? `${bytes} so far`
    : `${percentDone(info)}, ${bytes} of ${formatSize(info.size)}`;
  const parts = [done, ...speedOf(info)];
  return (files === undefined ? parts : [files, ...parts]).join(", ");
}

/** `120 of 312 files`; undefined of a single file. */
export function filesText(
  { files, filesDone = 0 }: TransferInfo,
): string | undefined {
  if (files === undefined) return undefined;
  const count = (n: number) => n.toLocaleString("en");
  return `${count(filesDone)} of ${count(files)} ${
    files === 1 ? "file" : "files"
  }`;
}

/** `2.9 MB`, also of what has not ended. */
export function offeredSize(
  { size, stream }: { readonly size: number; readonly stream?: boolean },
): string {
  return stream ? "size unknown, from a pipe" : formatSize(size);
}

/** `42 %`. */
export function percentDone(info: TransferInfo): string {
  return `${Math.floor(partDone(info) * 100)} %`;
}

/** Rate and time left; nothing while it waits, or they are not known. */
export function speedOf(info: TransferInfo): string[] {
  const waits = info.paused || info.pausedBy !== undefined ||
    info.silence !== undefined;
  if (info.rate <= 0 || waits) return [];
  const rate = formatRate(info.rate);
  if (info.stream) return [rate];
  const left = formatSpan((info.size - info.bytes) * 1000 / info.rate);
  return [rate, `${left} left`];
}

/** `0.4 ms`, `1.2 % lost`: of the path, as far as there is something to tell. */
export function pathNumbers(
  { rtt = 0, loss = 0 }: Pick<TransferInfo, "rtt" | "loss">,
): string[] {
  return [
    ...rtt > 0 ? [`${rtt < 10 ? rtt.toFixed(1) : Math.round(rtt)} ms`] : [],
    ...loss >= 0.0005 ? [`${(100 * loss).toFixed(1)} % lost`] : [],
  ];
}

/** How much of it is there, 0–1. */
export function partDone(info: TransferInfo): number {
  return info.size === 0 ? 0 : Math.min(info.bytes / info.size, 1);
}
