/**
 * What gateways and the core say to each other, as bytes: a header, then items
 * one after the other, each with its length. An item of a kind that is not known
 * is passed over, so that neighbouring versions work together; what an item
 * means never changes, another meaning is another kind.
 *
 * A frame is one item (`body`), however many connections it is for; they are
 * named by a `write`, which says where in the message its bodies are.
 */
import { decodeHex, encodeHex } from "@std/encoding/hex";
import type { RemoteAddress } from "../model/actions.ts";
import type {
  RendezvousChange,
  RendezvousNews,
} from "../model/rendezvous_change.ts";
import { ItemReader, ItemWriter } from "./byte_items.ts";
import {
  type Attachment,
  decodeAttachment,
  decodeChange,
  decodeNews,
  decodeRemote,
  encodeJson,
} from "./cluster_fields.ts";

/** Of the messages; those of another one are not understood. */
export const messageFormat = 1;

/** Which messages belong together, and which of them this is. */
export interface ClusterHeader {
  /** Of the core that sends it, or that it is for. */
  readonly term: number;
  /** The gateway's run: eight bytes, hexadecimal. */
  readonly run: string;
  /** How often this run has attached itself to a core, this time included. */
  readonly attachment: number;
  /** Counts the messages of each direction from 1; 0 for one outside of them. */
  readonly number: number;
}

/** What gateways say. Connections have the numbers of the gateway. */
export type GatewayItem =
  /** First of an attachment: who it is. */
  | { readonly item: "attach"; readonly gateway: Attachment }
  | {
    readonly item: "open";
    readonly connection: number;
    readonly remote: RemoteAddress;
  }
  | {
    readonly item: "data";
    readonly connection: number;
    readonly bytes: Uint8Array;
  }
  | { readonly item: "closed"; readonly connection: number }
  /** So many more bytes of a connection's frames are written out. */
  | {
    readonly item: "written";
    readonly connection: number;
    readonly bytes: number;
  }
  | { readonly item: "news"; readonly news: RendezvousNews };

/** What the core says. */
export type CoreItem =
  /** The answer to `attach`. */
  | { readonly item: "accept" }
  /** A frame, or a part of one. */
  | { readonly item: "body"; readonly bytes: Uint8Array }
  /** The bodies at these places in the message go to these connections. */
  | {
    readonly item: "write";
    readonly places: readonly number[];
    readonly connections: readonly number[];
  }
  /** Somebody is logged in; `restarts` when their client can begin anew on it. */
  | {
    readonly item: "enter";
    readonly connection: number;
    readonly restarts: boolean;
  }
  | { readonly item: "finish"; readonly connection: number }
  | { readonly item: "abort"; readonly connection: number }
  | { readonly item: "change"; readonly change: RendezvousChange };

/** What both say. */
export type LinkItem =
  /** Messages up to this number are done; said each second at least. */
  | { readonly item: "heard"; readonly upto: number }
  /** The attachment is over, or was never there. */
  | { readonly item: "end" };

/** Anything that is said. */
export type ClusterItem = GatewayItem | CoreItem | LinkItem;

/** A message that was read. */
export interface ClusterMessage extends ClusterHeader {
  readonly items: readonly ClusterItem[];
}

/** Puts a message together, item by item. */
export class MessageWriter {
  readonly #bytes = new ItemWriter();
  #bodies = 0;

  constructor({ term, run, attachment, number }: ClusterHeader) {
    const bytes = this.#bytes;
    bytes.byte(messageFormat);
    bytes.number(term);
    bytes.raw(decodeHex(run));
    bytes.number(attachment);
    bytes.number(number);
  }

  /** Bytes up to now. */
  get size(): number {
    return this.#bytes.size;
  }

  /** Adds a frame or a part of one; its place. */
  body(frame: Uint8Array | string): number {
    this.add({
      item: "body",
      bytes: typeof frame === "string" ? encoder.encode(frame) : frame,
    });
    return this.#bodies++;
  }

  /** Adds any other item. */
  add(item: ClusterItem): void {
    const bytes = this.#bytes;
    bytes.byte(tags[item.item]);
    const end = bytes.begin();
    switch (item.item) {
      case "attach":
        bytes.raw(encodeJson(item.gateway));
        break;
      case "open":
        bytes.number(item.connection);
        bytes.raw(encodeJson(item.remote));
        break;
      case "data":
        bytes.number(item.connection);
        bytes.raw(item.bytes);
        break;
      case "closed":
      case "finish":
      case "abort":
        bytes.number(item.connection);
        break;
      case "written":
        bytes.number(item.connection);
        bytes.number(item.bytes);
        break;
      case "news":
        bytes.raw(encodeJson(item.news));
        break;
      case "change":
        bytes.raw(encodeJson(item.change));
        break;
      case "body":
        bytes.raw(item.bytes);
        break;
      case "write":
        bytes.numbers(item.places);
        bytes.numbers(item.connections);
        break;
      case "enter":
        bytes.number(item.connection);
        bytes.byte(item.restarts ? 1 : 0);
        break;
      case "heard":
        bytes.number(item.upto);
        break;
      case "accept":
      case "end":
        break;
      default:
        item satisfies never;
    }
    end();
  }

  /** The message; nothing can be added any more. */
  take(): Uint8Array {
    return this.#bytes.take();
  }
}

/**
 * Reads a message. What it holds of bytes is part of `bytes`.
 *
 * @returns `undefined` for what is none, or is of a format that is not known.
 */
export function decodeClusterMessage(
  bytes: Uint8Array,
): ClusterMessage | undefined {
  const reader = new ItemReader(bytes);
  if (reader.byte() !== messageFormat) return undefined;
  const term = reader.number();
  const run = reader.raw(runLength);
  const attachment = reader.number();
  const number = reader.number();
  const items: ClusterItem[] = [];
  let bodies = 0;
  while (!reader.failed && !reader.isAtEnd) {
    const kind = kinds.get(reader.byte());
    const body = reader.part();
    if (kind === undefined) continue;
    const item = decodeItem(kind, body, bodies);
    // Behind what is wrong nothing is right.
    if (item === undefined || body.failed) return undefined;
    if (item.item === "body") bodies++;
    items.push(item);
  }
  if (reader.failed) return undefined;
  return { term, run: encodeHex(run), attachment, number, items };
}

function decodeItem(
  kind: ClusterItem["item"],
  body: ItemReader,
  bodies: number,
): ClusterItem | undefined {
  switch (kind) {
    case "attach": {
      const gateway = decodeAttachment(body.rest());
      return gateway && { item: "attach", gateway };
    }
    case "open": {
      const connection = body.number();
      const remote = decodeRemote(body.rest());
      return remote && { item: "open", connection, remote };
    }
    case "data":
      return { item: kind, connection: body.number(), bytes: body.rest() };
    case "closed":
    case "finish":
    case "abort":
      return { item: kind, connection: body.number() };
    case "written":
      return { item: kind, connection: body.number(), bytes: body.number() };
    case "news": {
      const news = decodeNews(body.rest());
      return news && { item: "news", news };
    }
    case "change": {
      const change = decodeChange(body.rest());
      return change && { item: "change", change };
    }
    case "body":
      return { item: kind, bytes: body.rest() };
    case "write": {
      const places = body.numbers();
      const isThere = places.every((place) => place < bodies);
      const connections = body.numbers();
      return isThere ? { item: "write", places, connections } : undefined;
    }
    case "enter":
      return {
        item: kind,
        connection: body.number(),
        restarts: body.byte() === 1,
      };
    case "heard":
      return { item: kind, upto: body.number() };
    case "accept":
    case "end":
      return { item: kind };
    default:
      kind satisfies never;
  }
}

const encoder = new TextEncoder();
/** Bytes that name a gateway's run. */
const runLength = 8;
/** Never used for anything else again. */
const tags: Readonly<Record<ClusterItem["item"], number>> = {
  attach: 1,
  accept: 2,
  heard: 3,
  end: 4,
  open: 5,
  data: 6,
  closed: 7,
  written: 8,
  body: 9,
  write: 10,
  enter: 11,
  finish: 12,
  abort: 13,
  news: 14,
  change: 15,
};
const kinds = new Map(
  Object.entries(tags).map(([kind, tag]) => [
    tag,
    kind as ClusterItem["item"],
  ]),
);
