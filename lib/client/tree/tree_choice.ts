/**
 * What of an offer's files and folders a receiver wants: it says so in its
 * answer, when it knows the list, and both ends then know what the transfer
 * carries, byte by byte. What it has already, or was told not to take, is left
 * out; one file that is wanted may be here in part.
 *
 * In the answer: `tree `, and in base64url what deflate (RFC 1951) makes of: the
 * number of the entry of which a part is here (u32, from 0), how many blocks that
 * are (u32, 0 for no part of any), their content digest (32 bytes), and a bit for
 * each entry of the list, the first one the highest of the first byte: 1 where it
 * is wanted. Where some are not to come, a bit more for each of those that are not
 * wanted: 1 where the user wants it not, 0 where it is here.
 */
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { joinBytes, readU32, writeU32 } from "../../base/bytes.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import type { Entries } from "./entry_list.ts";
import { lastName, parentOf } from "./manifest.ts";

/** What a receiver wants. */
export interface TreeChoice {
  /** For each entry of the list, whether it is wanted. */
  readonly wanted: readonly boolean[];
  /**
   * For each entry, whether the receiver's user wants it not; absent where all
   * that is not wanted is here.
   */
  readonly leftOut?: readonly boolean[];
  /** What is here of one file that is wanted. */
  readonly start: TreeStart;
}

/** The beginning of a file that is here. */
export interface TreeStart {
  /** Which entry it is. */
  readonly entry: number;
  /** Whole blocks of the engine's size, never the whole file. */
  readonly blocks: number;
  /** Their ContentDigest, 32 bytes. */
  readonly digest: Uint8Array;
}

/** What stands in an answer. */
export function encodeChoice(
  { wanted, leftOut, start }: TreeChoice,
): string {
  const head = new Uint8Array(headBytes);
  writeU32(head, 0, start.entry);
  writeU32(head, 4, start.blocks);
  head.set(start.digest, 8);
  const others = leftOut?.filter((_, index) => !wanted[index]) ?? [];
  const bytes = joinBytes([head, bitsOf(wanted), bitsOf(others)]);
  return prefix + encodeBase64Url(deflateRawSync(bytes));
}

/**
 * Reads what stands in an answer to an offer of `entries`.
 *
 * @returns Undefined when it is no choice among these.
 */
export function decodeChoice(
  text: string,
  entries: Entries,
): TreeChoice | undefined {
  if (!text.startsWith(prefix)) return undefined;
  const bitsBytes = Math.ceil(entries.length / 8);
  const length = headBytes + bitsBytes;
  let bytes: Uint8Array;
  try {
    const packed = decodeBase64Url(text.slice(prefix.length));
    bytes = new Uint8Array(
      inflateRawSync(packed, { maxOutputLength: length + bitsBytes }),
    );
  } catch {
    return undefined;
  }
  if (bytes.length < length) return undefined;
  const wanted = Array.from(
    { length: entries.length },
    (_, index) => bitOf(bytes, headBytes, index),
  );
  const others = bytes.length - length;
  const unwanted = wanted.filter((isWanted) => !isWanted).length;
  if (others > 0 && others !== Math.ceil(unwanted / 8)) return undefined;
  let next = 0;
  const leftOut = others === 0 ? {} : {
    leftOut: wanted.map((isWanted) =>
      !isWanted && bitOf(bytes, length, next++)
    ),
  };
  const start = {
    entry: readU32(bytes, 0),
    blocks: readU32(bytes, 4),
    digest: bytes.slice(8, headBytes),
  };
  const { size = 0 } = entries.at(start.entry) ?? {};
  const isPart = wanted[start.entry] === true &&
    start.blocks * transferLimits.blockBytes < size;
  return start.blocks === 0 || isPart
    ? { wanted, ...leftOut, start }
    : undefined;
}

/** How many of the files the receiver's user wants not. */
export function leftOutFiles(
  entries: Entries,
  { leftOut = [] }: TreeChoice,
): number {
  return chosenFiles(entries, leftOut);
}

/** How many of the entries with a mark are files. */
export function chosenFiles(
  entries: Entries,
  marks: readonly boolean[],
): number {
  let files = 0;
  let index = 0;
  for (const { isFolder } of entries) if (marks[index++] && !isFolder) files++;
  return files;
}

/** How many bytes of the chosen files are not here yet. */
export function missingBytes(
  entries: Entries,
  { wanted, start }: TreeChoice,
): number {
  let all = 0;
  let index = 0;
  for (const { size } of entries) if (wanted[index++]) all += size;
  return all - start.blocks * transferLimits.blockBytes;
}

/**
 * How many bytes a transfer of the chosen files carries at most: those of each
 * file, and the digest of them all.
 */
export function streamSize(
  entries: Entries,
  { wanted, start }: TreeChoice,
): number {
  let size = digestBytes;
  let next = 0;
  for (const entry of entries) {
    const index = next++;
    if (!wanted[index] || entry.isFolder) continue;
    const blocks = index === start.entry ? start.blocks : 0;
    size += fileStreamSize(entry.size - blocks * transferLimits.blockBytes);
  }
  return size;
}

/**
 * How many bytes of the stream a file takes of which `missing` bytes are to come:
 * these, a mark before each {@link pieceBytes} of them, and the footer.
 */
export function fileStreamSize(missing: number): number {
  return missing + Math.ceil(missing / pieceBytes) + footerBytes;
}

/**
 * The digest of a transfer of many files: SHA-256 of the list, which has names,
 * sizes, modes and times, of which of its entries are wanted (a byte each, 1 or
 * 0), and of each file's footer in turn, which has its digest. Both ends compute
 * it; the caller adds the footers.
 */
export function treeDigest(
  manifest: Uint8Array,
  wanted: readonly boolean[],
): ReturnType<typeof createHash> {
  return createHash("sha256").update(manifest)
    .update(Uint8Array.from(wanted, Number));
}

/**
 * Which entries match one of `patterns`, all for none: by their last name, by
 * their path, by that below the folder that was offered, or by their path behind
 * a `/`, which names one alone; a folder that matches stands for all that is in
 * it. The folders that they are in come along.
 */
export function includedEntries(
  entries: Entries,
  patterns: readonly RegExp[],
): boolean[] {
  if (patterns.length === 0) return new Array(entries.length).fill(true);
  const matched = new Set<string>();
  const needed = new Set<string>();
  for (const { path } of entries) {
    const below = path.slice(path.indexOf("/") + 1);
    const names = [path, lastName(path), below, `/${path}`];
    const isMatch = matched.has(parentOf(path)) ||
      patterns.some((pattern) => names.some((name) => pattern.test(name)));
    if (!isMatch) continue;
    matched.add(path);
    for (let at = path; at !== "" && !needed.has(at); at = parentOf(at)) {
      needed.add(at);
    }
  }
  return Array.from(entries, ({ path }) => needed.has(path));
}

function bitsOf(flags: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(flags.length / 8));
  for (const [index, isSet] of flags.entries()) {
    if (isSet) bytes[index >> 3]! |= 0x80 >> (index & 7);
  }
  return bytes;
}

function bitOf(bytes: Uint8Array, start: number, index: number): boolean {
  return (bytes[start + (index >> 3)]! & 0x80 >> (index & 7)) !== 0;
}

/** A start of nothing. */
export const noStart: TreeStart = {
  entry: 0,
  blocks: 0,
  digest: new Uint8Array(32),
};

/** What follows each file: how it is (u8, see {@link fileIs}), its digest. */
export const footerBytes = 33;
/** Bytes of every digest. */
export const digestBytes = 32;

/** What the first byte of a footer says of the file before it. */
export const fileIs = {
  whole: 0,
  /** It changed since it was offered, or cannot be read: it is not whole. */
  changed: 1,
} as const;

/** What a mark says, and how many bytes at most follow one. */
export const pieceIs = {
  /** The bytes follow. */
  here: 0,
  /** Nothing more of the file comes: it is not what was offered. */
  gone: 1,
} as const;
/** See {@link pieceIs}. */
export const pieceBytes = 1024 * 1024;

const prefix = "tree ";
const headBytes = 8 + digestBytes;
