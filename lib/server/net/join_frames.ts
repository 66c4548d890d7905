import type { Frame } from "../model/outgoing_queue.ts";

/**
 * Frames as one write; `undefined` for none. A single encoded frame is not
 * copied, and what thousands of members of a group got since they were last
 * written to is joined once for all of them.
 */
export function joinFrames(frames: readonly Frame[]): Uint8Array | undefined {
  const first = frames[0];
  if (first === undefined) return undefined;
  if (frames.length === 1) {
    return typeof first === "string" ? encoder.encode(first) : first;
  }
  if (isLastJoined(frames)) return lastJoined;
  let bytes = 0;
  for (const frame of frames) bytes += frame.length;
  const joined = new Uint8Array(bytes);
  let offset = 0;
  let text = "";
  for (const frame of frames) {
    if (typeof frame === "string") {
      text += frame;
      continue;
    }
    if (text !== "") {
      offset += encoder.encodeInto(text, joined.subarray(offset)).written;
      text = "";
    }
    joined.set(frame, offset);
    offset += frame.length;
  }
  if (text !== "") encoder.encodeInto(text, joined.subarray(offset));
  lastFrames = frames;
  lastJoined = joined;
  return joined;
}

/**
 * Frames as one text of ASCII alone, which costs less to write than bytes;
 * `undefined` when they are no short texts, or none.
 */
export function joinTexts(frames: readonly Frame[]): string | undefined {
  let joined = "";
  for (const frame of frames) {
    if (typeof frame !== "string") return undefined;
    joined += frame;
    if (joined.length > shortBytes) return undefined;
  }
  return joined === "" ? undefined : joined;
}

/** True when these are the very frames that were joined last. */
function isLastJoined(frames: readonly Frame[]): boolean {
  if (frames.length !== lastFrames.length) return false;
  // From the end: what members of a group got before differs least often.
  for (let index = frames.length - 1; index >= 0; index--) {
    if (frames[index] !== lastFrames[index]) return false;
  }
  return true;
}

/** What a handle writes at once of a text. */
const shortBytes = 16 * 1024;
let lastFrames: readonly Frame[] = [];
let lastJoined = new Uint8Array(0);
const encoder = new TextEncoder();
