import type { StoredMessage } from "../model/store.ts";

/**
 * A row of `messages` as a message, from either kind of database; without its
 * text when not selected. No user and no group has the number 0.
 */
export function toMessage(
  row: Readonly<Record<string, unknown>>,
): StoredMessage {
  const isDeletion = row.deletes !== null;
  const [receiver, group] = [Number(row.receiver), Number(row.grp)];
  return {
    id: Number(row.id),
    number: Number(row.number),
    sender: Number(row.sender),
    ...(row.device === null ? {} : { device: Number(row.device) }),
    ...(receiver === 0 ? {} : { receiver }),
    ...(group === 0 ? {} : { group }),
    at: Number(row.at),
    ...(row.text === undefined ? {} : { text: String(row.text) }),
    mid: String(row.mid),
    ...(row.kept ? { kept: true } : {}),
    // No message is sent without a text.
    ...(row.text === "" && !isDeletion ? { deleted: true } : {}),
    ...(isDeletion ? { deletes: Number(row.deletes) } : {}),
    ...(row.original === null ? {} : { original: Number(row.original) }),
  } as StoredMessage;
}
