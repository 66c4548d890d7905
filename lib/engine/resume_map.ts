/**
 * What a receiver has of a file that did not arrive whole, kept in a small file
 * beside `NAME.part`: a line that says which file it is, then a line for each
 * stretch that was written, with the CRC-32 of each of its blocks. Lines are
 * only ever added, and each has a checksum of its own, so that a torn or damaged
 * one ends what is believed. Nothing of it is believed of the disk either: what
 * is kept is read back and compared, and the sender, who has the file anyway,
 * checks the digest of it against its own copy before it goes on.
 */
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { crc32 } from "node:zlib";
import { BlockChecks } from "./blocks/block_checks.ts";
import { blockCount, transferLimits } from "./packets/limits.ts";

/** A part of a file, from the end of the one before it. */
export interface ReceivedPart {
  /** Where it ends: a number of blocks from the start of the file. */
  readonly endBlock: number;
  /** Of its blocks, by ContentDigest. */
  readonly digest: Uint8Array;
}

/** What makes two offers offers of the same file. */
export interface FileIdentity {
  /** User name of the one who offers it. */
  readonly sender: string;
  /** The name it was offered under. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * The sender's mark for name, time and beginning of its file; empty when it
   * cannot be told from others, and then it is never gone on with.
   */
  readonly fingerprint: string;
}

/** A file's identity and what is here of it, read by {@link ResumeMap.decode}. */
export class ResumeMap {
  readonly identity: FileIdentity;
  /** CRC-32s of the file's first blocks, which are here. */
  readonly checks: Uint32Array;
  /** How much of the text was understood, UTF-16 units. */
  readonly length: number;

  constructor(identity: FileIdentity, checks: Uint32Array, length: number) {
    this.identity = identity;
    this.checks = checks;
    this.length = length;
  }

  /** True for an offer of the very same file. */
  matches(other: FileIdentity): boolean {
    const { sender, name, size, fingerprint } = this.identity;
    return sender === other.sender && name === other.name &&
      size === other.size && fingerprint === other.fingerprint &&
      fingerprint !== "";
  }

  /** The first line of the map file. */
  static encodeHead({ sender, name, size, fingerprint }: FileIdentity): string {
    const head = { format, sender, name, size, fingerprint };
    return `${JSON.stringify(head)}\n`;
  }

  /**
   * A further line: these are the blocks from block `first` on, and nothing that
   * was said of those from there on holds any more.
   */
  static encodeEntry(first: number, checks: Uint32Array): string {
    const text = `${first} ${
      Array.from(checks, (check) => hex(check)).join("")
    }`;
    return `${text} ${hex(crc32(text))}\n`;
  }

  /** Reads a map file; undefined when its first line is none of ours. */
  static decode(text: string): ResumeMap | undefined {
    let end = text.indexOf("\n") + 1;
    const identity = decodeHead(text.slice(0, end));
    if (identity === undefined) return undefined;
    const checks = new BlockChecks();
    for (;;) {
      const next = text.indexOf("\n", end) + 1;
      const isWhole = next > 0 &&
        addEntry(checks, text.slice(end, next - 1), identity.size);
      if (!isWhole) break;
      end = next;
    }
    return new ResumeMap(identity, checks.slice(0).slice(), end);
  }
}

/** The digest of blocks with these CRC-32s, as the one part of an answer. */
export function partOf(checks: Uint32Array): ReceivedPart[] {
  if (checks.length === 0) return [];
  const digest = new BlockChecks(checks).digest();
  return [{ endBlock: checks.length, digest }];
}

function decodeHead(line: string): FileIdentity | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const head = value as Record<string, unknown>;
  const { sender, name, size, fingerprint } = head;
  const isHead = head.format === format && typeof sender === "string" &&
    typeof name === "string" && typeof fingerprint === "string" &&
    isSize(size);
  return isHead ? { sender, name, size, fingerprint } : undefined;
}

/** False when the line is damaged or does not fit those before it. */
function addEntry(
  checks: BlockChecks,
  line: string,
  size: number,
): boolean {
  const match = entry.exec(line);
  if (match === null) return false;
  const [, text = "", start = "", digits = "", check = ""] = match;
  const first = Number(start);
  const count = digits.length / 8;
  // The last block is never among them: what ends a transfer is always sent.
  const isFitting = first <= checks.length &&
    first + count < Math.max(blockCount(size), 1);
  if (!isFitting || hex(crc32(text)) !== check) return false;
  checks.cut(first);
  for (let at = 0; at < digits.length; at += 8) {
    checks.push(parseInt(digits.slice(at, at + 8), 16));
  }
  return true;
}

function hex(check: number): string {
  return check.toString(16).padStart(8, "0");
}

/** The parts as they stand in an answer: `BLOCK:DIGEST` with spaces between. */
export function encodeParts(parts: readonly ReceivedPart[]): string {
  return parts.map(({ endBlock, digest }) =>
    `${endBlock}:${encodeBase64Url(digest)}`
  ).join(" ");
}

/**
 * Reads what {@link encodeParts} wrote for a file of `size` bytes; undefined
 * when it is malformed. The last block is never among the parts: what ends a
 * transfer is always sent.
 */
export function decodeParts(
  text: string,
  size: number,
): ReceivedPart[] | undefined {
  if (text === "") return [];
  const words = text.split(" ");
  if (words.length > transferLimits.resumeParts) return undefined;
  const blocks = blockCount(size);
  const parts: ReceivedPart[] = [];
  let before = 0;
  for (const word of words) {
    const match = /^([1-9][0-9]{0,9}):([A-Za-z0-9_-]{43})$/.exec(word);
    if (match === null) return undefined;
    const endBlock = Number(match[1]);
    if (endBlock <= before || endBlock >= blocks) return undefined;
    const digest = digestOf(match[2]!);
    if (digest === undefined) return undefined;
    before = endBlock;
    parts.push({ endBlock, digest });
  }
  return parts;
}

function digestOf(text: string): Uint8Array | undefined {
  try {
    const digest = decodeBase64Url(text);
    return digest.length === 32 ? digest : undefined;
  } catch {
    return undefined;
  }
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) &&
    value >= 0 && value <= transferLimits.fileBytes;
}

/** Of the map file. */
const format = "parley part 3";
/** `FIRST CHECKS` and the CRC-32 of that. */
const entry = /^((0|[1-9][0-9]{0,9}) ((?:[0-9a-f]{8})*)) ([0-9a-f]{8})$/;
