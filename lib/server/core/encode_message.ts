import { encodeFrame } from "../../wire/frame.ts";
import { event } from "../../wire/server_frame.ts";
import type { Directory } from "../model/directory.ts";
import type { StoredMessage } from "../model/store.ts";

/**
 * A stored message as the event that its receivers get: `message`, or `deleted`
 * when it tells of a deletion.
 *
 * @param kept Whether it was sent while the receiver was offline.
 * @param mine Whether it is for other devices of its sender.
 * @returns `undefined` when its sender or its group is no more.
 */
export function encodeMessage(
  directory: Directory,
  message: StoredMessage,
  kept: boolean,
  mine = false,
): Uint8Array | undefined {
  const { id, at, text, deletes } = message;
  const from = directory.userById(message.sender)?.shownName;
  const place = placeOf(directory, message);
  if (from === undefined || place === undefined) return undefined;
  const own = mine ? ownFields(directory, message) : {};
  if (deletes !== undefined) {
    const fields = { id, ...place, number: deletes, at, from, ...own };
    return encodeFrame(event("deleted", fields));
  }
  const { number } = message;
  const mark = kept ? { kept } : {};
  const fields = { id, ...place, number, at, from, text, ...mark, ...own };
  return encodeFrame(event("message", fields));
}

/** What tells a user's own message from those of others. */
function ownFields(
  directory: Directory,
  { receiver }: StoredMessage,
): { mine: true; to?: string } {
  const to = receiver === undefined
    ? undefined
    : directory.userById(receiver)?.shownName;
  return { mine: true, ...to !== undefined && { to } };
}

/**
 * What kind of message it is, with its group's name, of a group that has ended
 * too.
 *
 * @returns `undefined` when nothing is known of its group.
 */
export function placeOf(
  directory: Directory,
  message: StoredMessage,
): MessagePlace | undefined {
  if (message.group === undefined) {
    return { kind: message.receiver === undefined ? "broadcast" : "private" };
  }
  const group = directory.groupById(message.group)?.name ??
    message.groupName;
  return group === undefined ? undefined : { kind: "group", group };
}

/** Where a message belongs. */
export type MessagePlace =
  | { readonly kind: "private" | "broadcast" }
  | { readonly kind: "group"; readonly group: string };
