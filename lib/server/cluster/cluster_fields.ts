/**
 * What is said between nodes too seldom to be packed: as JSON, checked as it is
 * read. Bytes are in base64url.
 */
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import {
  boolean,
  type Check,
  integer,
  list,
  object,
  oneOf,
  optional,
  SchemaError,
  string,
} from "../../base/schema.ts";
import type { RemoteAddress } from "../model/actions.ts";
import type {
  RendezvousChange,
  RendezvousNews,
} from "../model/rendezvous_change.ts";
import { mostUses } from "../rendezvous/relay_quota.ts";

/** IP addresses of a node, where its relay is; clients try each. */
export const mostAddresses = 4;

/** Nodes that a core names as those whose clients it serves. */
export const mostNamed = 64;

/** What a gateway says of itself as it attaches itself to a core. */
export interface Attachment {
  /** The node's name. */
  readonly node: string;
  /** Of the program. */
  readonly version: string;
  /** Its UDP port, 0 for none. */
  readonly udpPort: number;
  /** Its other UDP port for probes, 0 for none. */
  readonly probePort: number;
  /** HOST:PORT at which all clients reach it, where that is known. */
  readonly place?: string;
}

/** What the core says of itself to whoever listens. */
export interface Lead {
  readonly term: number;
  /** The node's name. */
  readonly node: string;
  /** Of the program. */
  readonly version: string;
  /** Of its messages: those of another one are not understood. */
  readonly format: number;
  /** Names of the nodes whose clients it serves; not all where they are many. */
  readonly nodes: readonly string[];
}

/** What is heard over NATS of the core of a cluster. */
export interface HeardCore {
  /** Absent when nothing is heard. */
  readonly lead?: Lead;
  /** Why NATS cannot be used. */
  readonly fault?: string;
}

/** Any of these as bytes. */
export function encodeJson(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(
    value,
    (_, each) => each instanceof Uint8Array ? encodeBase64Url(each) : each,
  ));
}

/** Reads an {@link Attachment}. */
export function decodeAttachment(bytes: Uint8Array): Attachment | undefined {
  return decode(attachment, bytes);
}

/** Reads a {@link Lead}. */
export function decodeLead(bytes: Uint8Array): Lead | undefined {
  return decode(lead, bytes);
}

/** Reads where a connection comes from. */
export function decodeRemote(bytes: Uint8Array): RemoteAddress | undefined {
  return decode(remote, bytes);
}

/** Reads what the rendezvous is told. */
export function decodeChange(bytes: Uint8Array): RendezvousChange | undefined {
  return decode(change, bytes);
}

/** Reads what the rendezvous tells. */
export function decodeNews(bytes: Uint8Array): RendezvousNews | undefined {
  return decode(news, bytes);
}

function decode<T>(check: Check<T>, bytes: Uint8Array): T | undefined {
  try {
    return check(JSON.parse(decoder.decode(bytes)), "");
  } catch (error) {
    if (error instanceof SchemaError || error instanceof SyntaxError) return;
    // Not UTF-8.
    if (error instanceof TypeError) return;
    throw error;
  }
}

function octets(value: unknown, path: string): Uint8Array {
  try {
    return decodeBase64Url(string(0, 1024)(value, path));
  } catch (error) {
    if (error instanceof SchemaError) throw error;
    throw new SchemaError(path, "bytes in base64url");
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const port = integer(0, 65535);
const name = string(0, 255);
const hex = string(1, 128, /^[0-9a-f]+$/);
const attachment: Check<Attachment> = object({
  node: name,
  version: name,
  udpPort: port,
  probePort: port,
  place: optional(string(1, 270)),
});
const lead: Check<Lead> = object({
  term: integer(),
  node: name,
  version: name,
  format: integer(),
  nodes: list(name, 0, mostNamed),
});
const remote = object({
  ip: name,
  port,
  local: boolean,
  binding: optional(
    object({ type: oneOf("tls-server-end-point"), data: octets }),
  ),
  udp: optional(object({
    udpPort: port,
    probePort: port,
    node: optional(name),
    addresses: optional(list(name, 0, mostAddresses)),
  })),
});
/** A device's number, which is below 0 for a visit. */
const client = integer(-Number.MAX_SAFE_INTEGER);
const change = byKind<"do", RendezvousChange>("do", {
  secret: object({ do: oneOf("secret"), secret: octets }),
  bind: object({ do: oneOf("bind"), client, id: hex, key: octets }),
  unbind: object({ do: oneOf("unbind"), client }),
  relay: object({
    do: oneOf("relay"),
    transfer: hex,
    from: client,
    to: client,
    account: integer(),
  }),
  "relay-end": object({ do: oneOf("relay-end"), transfer: hex }),
  "used-up": object({
    do: oneOf("used-up"),
    account: integer(),
    at: integer(),
  }),
});
const news = byKind<"what", RendezvousNews>("what", {
  seen: object({
    what: oneOf("seen"),
    client,
    addresses: list(object({ ip: name, port }), 0, 2),
  }),
  "used-up": object({
    what: oneOf("used-up"),
    transfer: hex,
    at: integer(),
  }),
  relayed: object({
    what: oneOf("relayed"),
    day: integer(),
    uses: list(
      object({ account: integer(), bytes: integer() }),
      0,
      mostUses,
    ),
  }),
});

/** One of several objects, which its field `key` tells. */
function byKind<K extends string, T extends { readonly [_ in K]: string }>(
  key: K,
  checks: { readonly [W in T[K]]: Check<Extract<T, Record<K, W>>> },
): Check<T> {
  const kinds = oneOf(...Object.keys(checks) as T[K][]);
  const field = object({ [key]: kinds }) as unknown as Check<Record<K, T[K]>>;
  return (value, path) => checks[field(value, path)[key]](value, path);
}
