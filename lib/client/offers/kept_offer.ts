/**
 * What is kept until its receivers are back, and how it stands in its file: one
 * line of JSON. It says what is to be sent, for whom it still is, and how what is
 * to be sent was when it was last looked at.
 */
import {
  boolean,
  integer,
  list,
  object,
  optional,
  SchemaError,
  string,
} from "../../base/schema.ts";
import { accountId, deviceName, name, time } from "../../wire/fields.ts";
import { limits } from "../../wire/limits.ts";
import type { OfferedFile } from "../events/transfer_port.ts";

/** Something that is kept. */
export interface KeptOffer {
  /** 64 random bits, hexadecimal: names it to the server. */
  readonly id: string;
  /** ms since 1970 UTC. */
  readonly since: number;
  /** Absolute ones. */
  readonly paths: readonly string[];
  /** Sends what links within a folder stand for. */
  readonly followsLinks: boolean;
  /** The group it is for, if any. */
  readonly group?: string;
  /** As it was when it was last looked at. */
  readonly file: OfferedFile;
  /** Who is to get it still; nobody when only the server is to be told so. */
  readonly to: readonly KeptReceiver[];
}

/** Who is to get it. */
export interface KeptReceiver {
  readonly user: string;
  /** The person, whatever the name. */
  readonly account?: string;
  /** One of the user's devices alone. */
  readonly device?: string;
}

/** Whose they are: an account of a server's database. */
export interface KeptOwner {
  readonly store: string;
  readonly account: string;
}

/** Remembers what is kept, from run to run; see `kept_offer_files.io.ts`. */
export interface KeptOfferMemory {
  /**
   * Takes over what no client works on: it is this one's alone until it ends.
   *
   * @returns What there is, and one line for people for each that cannot be read.
   */
  take(owner: KeptOwner): {
    readonly offers: readonly KeptOffer[];
    readonly faults: readonly string[];
  };
  /**
   * Keeps one, in place of what it was before.
   *
   * @returns Why it cannot be kept, one line for people.
   */
  put(owner: KeptOwner, offer: KeptOffer): string | undefined;
  /** Forgets one. */
  remove(id: string): void;
  /** Leaves all of them to the next client. */
  close(): void;
}

/** How it stands in its file. */
export function formatKeptOffer(offer: KeptOffer): string {
  return JSON.stringify({ version, ...offer }) + "\n";
}

/**
 * Reads what {@link formatKeptOffer} wrote; `undefined` when it is anything else.
 */
export function parseKeptOffer(text: string): KeptOffer | undefined {
  try {
    const { version: _, group, to, file, ...rest } = check(
      JSON.parse(text),
      "",
    );
    const { fingerprint, tree, ...known } = file;
    return {
      ...rest,
      ...group !== undefined && { group },
      file: {
        ...known,
        ...fingerprint !== undefined && { fingerprint },
        ...tree !== undefined && { tree },
      },
      to: to.map(({ user, account, device }) => ({
        user,
        ...account !== undefined && { account },
        ...device !== undefined && { device },
      })),
    };
  } catch (error) {
    if (error instanceof SchemaError || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

const version = 1;
const count = integer(0, limits.treeEntries);
const check = object({
  version: integer(version, version),
  id: accountId,
  since: time,
  paths: list(string(1, 32 * 1024), 1, 10_000),
  followsLinks: boolean,
  group: optional(name),
  file: object({
    name: string(1, 1024),
    size: integer(0),
    fingerprint: optional(string(1, 128)),
    tree: optional(
      object({ files: count, folders: count, roots: count, list: integer(0) }),
    ),
  }),
  to: list(
    object({
      user: string(1, 256),
      account: optional(accountId),
      device: optional(deviceName),
    }),
    0,
    limits.laterReceivers,
  ),
});
