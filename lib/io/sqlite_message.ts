import type { StatementSync } from "node:sqlite";
import type { StoredMessage } from "../server/store.ts";

/** A row as SQLite gives it. */
export type Row = ReturnType<StatementSync["all"]>[number];

/** A row of `messages` as a message; without its text when not selected. */
export function toMessage(row: Row): StoredMessage {
  const isDeletion = row.deletes !== null;
  return {
    id: Number(row.id),
    number: Number(row.number),
    sender: Number(row.sender),
    ...(row.receiver === null ? {} : { receiver: Number(row.receiver) }),
    ...(row.grp === null ? {} : { group: Number(row.grp) }),
    at: Number(row.at),
    ...(row.text === undefined ? {} : { text: String(row.text) }),
    mid: String(row.mid),
    ...(row.kept === 1 ? { kept: true } : {}),
    // No message is sent without a text.
    ...(row.text === "" && !isDeletion ? { deleted: true } : {}),
    ...(isDeletion ? { deletes: Number(row.deletes) } : {}),
    ...(row.original === null ? {} : { original: Number(row.original) }),
  } as StoredMessage;
}
