/**
 * The body of a fin: what the sender says of a file when all of it is sealed. A
 * program of an earlier version sends only the first parts of it; the first
 * version takes one for a fin only where nothing follows the digests.
 */
import { readU48, writeU48 } from "../../base/bytes.ts";

/** What a fin says. */
export interface Fin {
  /** ContentDigest of the whole file. */
  readonly file: Uint8Array;
  /** ContentDigest of what this transfer carries of it. */
  readonly part: Uint8Array;
  /** There is more in the file now than was offered. */
  readonly hasGrown: boolean;
  /** Undefined where they are not known, or make no sense. */
  readonly attributes: FileAttributes | undefined;
  /** Bytes of the whole file; undefined where that is not said. */
  readonly size: number | undefined;
}

/** What is kept of a file besides its bytes. */
export interface FileAttributes {
  /** When it was last modified, ms since 1970 UTC. */
  readonly modified: number;
  /** Its owner may run it. */
  readonly isExecutable: boolean;
}

/**
 * Writes the body to `out`; returns its length.
 *
 * @param isShort Writes the digests alone, as the first version did.
 */
export function encodeFin(
  { file, part, hasGrown, attributes, size = 0 }: Fin,
  out: Uint8Array,
  isShort = false,
): number {
  out.set(file, 0);
  out.set(part, digestBytes);
  if (isShort) return 2 * digestBytes;
  const rest = out.subarray(2 * digestBytes, finBytes);
  const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
  const flags = attributes === undefined
    ? 0
    : known | (attributes.isExecutable ? executable : 0);
  view.setUint8(0, hasGrown ? 1 : 0);
  view.setUint8(1, flags);
  const modified = Math.trunc(attributes?.modified ?? 0);
  view.setBigInt64(2, BigInt(modified));
  writeU48(rest, 10, size);
  return finBytes;
}

/** Reads a body; undefined when it is none. */
export function decodeFin(body: Uint8Array): Fin | undefined {
  if (body.length < 2 * digestBytes) return undefined;
  const digests = {
    file: body.slice(0, digestBytes),
    part: body.slice(digestBytes, 2 * digestBytes),
  };
  const hasGrown = body[2 * digestBytes] === 1;
  if (body.length < finBytes) {
    return { ...digests, hasGrown, attributes: undefined, size: undefined };
  }
  const rest = body.subarray(2 * digestBytes);
  const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
  const flags = view.getUint8(1);
  const modified = Number(view.getBigInt64(2));
  const isTime = (flags & known) !== 0 && Math.abs(modified) <= mostTime;
  const isExecutable = (flags & executable) !== 0;
  const attributes = isTime ? { modified, isExecutable } : undefined;
  return { ...digests, hasGrown, attributes, size: readU48(rest, 10) };
}

const digestBytes = 32;
const finBytes = 2 * digestBytes + 16;
/** Flags. */
const known = 1;
const executable = 2;
/** The last that a Date can be, ms. */
const mostTime = 8.64e15;
