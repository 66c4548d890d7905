/**
 * How the writes of a commit travel to the store's worker. Cloning thousands of
 * small objects from one thread to another takes longer than storing them, so
 * messages that follow each other go as three columns.
 */
import type { StoredMessage, StoreWrite } from "../model/store.ts";

/** Consecutive messages by columns. */
export interface PackedMessages {
  /** Ten for each message, as {@link packWrites} lays them out. */
  readonly numbers: Float64Array;
  readonly texts: readonly string[];
  readonly mids: readonly string[];
}

/** The same writes, in the same order. */
export type PackedWrites = readonly (StoreWrite | PackedMessages)[];

/** Packs the messages among `writes`. */
export function packWrites(writes: readonly StoreWrite[]): PackedWrites {
  const packed: (StoreWrite | PackedMessages)[] = [];
  let at = 0;
  while (at < writes.length) {
    const write = writes[at];
    if (write === undefined) break;
    if (write.write !== "message") {
      packed.push(write);
      at++;
      continue;
    }
    let end = at + 1;
    while (writes[end]?.write === "message") end++;
    packed.push(packMessages(writes, at, end));
    at = end;
  }
  return packed;
}

/** Undoes {@link packWrites}. */
export function unpackWrites(packed: PackedWrites): StoreWrite[] {
  const writes: StoreWrite[] = [];
  for (const each of packed) {
    if ("write" in each) writes.push(each);
    else unpackMessages(each, writes);
  }
  return writes;
}

function packMessages(
  writes: readonly StoreWrite[],
  start: number,
  end: number,
): PackedMessages {
  const numbers = new Float64Array(columns * (end - start));
  const texts: string[] = [];
  const mids: string[] = [];
  let offset = 0;
  for (let index = start; index < end; index++) {
    const write = writes[index];
    if (write?.write !== "message") continue;
    const {
      id,
      number,
      sender,
      device,
      receiver,
      group,
      at,
      text,
      mid,
      kept,
      deletes,
      original,
    } = write.message;
    numbers[offset++] = id;
    numbers[offset++] = number;
    numbers[offset++] = sender;
    numbers[offset++] = device ?? none;
    numbers[offset++] = receiver ?? none;
    numbers[offset++] = group ?? none;
    numbers[offset++] = at;
    numbers[offset++] = kept ? 1 : 0;
    numbers[offset++] = deletes ?? none;
    numbers[offset++] = original ?? none;
    texts.push(text);
    mids.push(mid);
  }
  return { numbers, texts, mids };
}

function unpackMessages(
  { numbers, texts, mids }: PackedMessages,
  writes: StoreWrite[],
): void {
  let offset = 0;
  for (const [index, text] of texts.entries()) {
    const next = () => numbers[offset++] ?? 0;
    const id = next();
    const number = next();
    const sender = next();
    const device = next();
    const receiver = next();
    const group = next();
    const at = next();
    const kept = next() === 1;
    const deletes = next();
    const original = next();
    const message: StoredMessage = {
      id,
      number,
      sender,
      ...(device === none ? {} : { device }),
      ...(receiver === none ? {} : { receiver }),
      ...(group === none ? {} : { group }),
      at,
      text,
      mid: mids[index] ?? "",
      ...(kept ? { kept } : {}),
      ...(deletes === none ? {} : { deletes }),
      ...(original === none ? {} : { original }),
    };
    writes.push({ write: "message", message });
  }
}

const columns = 10;
/** In place of what is absent; no id or number is that. */
const none = 0;

/** The fields that travel; `groupName`, `deleted` and `ofReader` are only read. */
type Carried =
  | ("id" | "number" | "sender" | "device" | "receiver" | "group")
  | ("at" | "text" | "mid" | "kept" | "deletes" | "original")
  | ("groupName" | "deleted" | "ofReader");
// Does not compile when a message has a field that would be lost.
true satisfies [Exclude<keyof StoredMessage, Carried>] extends [never] ? true
  : false;
