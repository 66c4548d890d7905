/**
 * What a receiver has of a file that did not arrive whole (DESIGN.md §6), kept
 * in a small file beside `NAME.part` and told to a sender that offers the same
 * file again. Each session that wrote to the file adds one part: where it ended
 * and the digest of what it wrote (see content_digest.ts). So nothing that is on
 * the disk is ever read again for it; the sender, who has the file anyway, checks
 * the parts against its own copy before it goes on.
 */
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { blockCount, transferLimits } from "./transfer_limits.ts";

/** A part of a file, from the end of the one before it. */
export interface ReceivedPart {
  /** Where it ends: a number of blocks from the start of the file. */
  readonly endBlock: number;
  /** Of its blocks, by {@link ContentDigest}. */
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
  /** The sender's mark for name, time and beginning of its file. */
  readonly fingerprint: string;
}

/** A file's identity and what is here of it. */
export class ResumeMap {
  readonly identity: FileIdentity;
  readonly parts: readonly ReceivedPart[];

  constructor(identity: FileIdentity, parts: readonly ReceivedPart[]) {
    this.identity = identity;
    this.parts = parts;
  }

  /** Blocks that are here: the file's first ones. */
  get blocks(): number {
    return this.parts.at(-1)?.endBlock ?? 0;
  }

  /** True for an offer of the very same file. */
  matches(other: FileIdentity): boolean {
    const { sender, name, size, fingerprint } = this.identity;
    return sender === other.sender && name === other.name &&
      size === other.size && fingerprint === other.fingerprint;
  }

  /** The text of the map file. */
  encode(): string {
    const { sender, name, size, fingerprint } = this.identity;
    const map = {
      format,
      sender,
      name,
      size,
      fingerprint,
      parts: encodeParts(this.parts),
    };
    return `${JSON.stringify(map, undefined, 2)}\n`;
  }

  /** Reads a map file; undefined when anything about it is wrong. */
  static decode(text: string): ResumeMap | undefined {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return undefined;
    }
    if (typeof value !== "object" || value === null) return undefined;
    const map = value as Record<string, unknown>;
    const { sender, name, size, fingerprint, parts } = map;
    if (
      map.format !== format || typeof sender !== "string" ||
      typeof name !== "string" || typeof fingerprint !== "string" ||
      typeof parts !== "string" || !isSize(size)
    ) return undefined;
    const decoded = decodeParts(parts, size);
    if (decoded === undefined) return undefined;
    return new ResumeMap({ sender, name, size, fingerprint }, decoded);
  }
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
const format = "parley part 2";
