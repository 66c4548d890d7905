/**
 * One frame of the control protocol is one JSON object on one line. This file
 * turns objects into bytes and lines into plain values; what the fields must be
 * is checked by `request.ts` (server side) and `server_frame.ts` (client side), with
 * one file for each topic: the fields of its requests, replies and events.
 */
import { limits } from "./limits.ts";
import { type ErrorCode, errorMessages } from "./errors.ts";
import { integer, object, optional, string } from "../base/schema.ts";

const encoder = new TextEncoder();

/** `value` as the bytes of one frame, with its line feed. */
export function encodeFrame(value: object): Uint8Array {
  return encoder.encode(frameText(value));
}

/** `value` as one frame, with its line feed, not encoded yet. */
export function frameText(value: object): string {
  return JSON.stringify(value) + "\n";
}

/**
 * The JSON object on `line`, or `undefined` when it is none, or is nested deeper
 * than {@link limits.frameDepth}.
 */
export function parseFrame(line: string): Record<string, unknown> | undefined {
  if (isTooDeep(line)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return undefined;
  }
  return value as Record<string, unknown>;
}

/** Counts brackets outside strings before anything is parsed. */
function isTooDeep(line: string): boolean {
  if (!hasManyBrackets(line)) return false;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (inString) {
      if (code === backslash) i++;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if (code === openBrace || code === openBracket) {
      if (++depth > limits.frameDepth) return true;
    } else if (code === closeBrace || code === closeBracket) depth--;
  }
  return false;
}

/** False when the brackets are too few for the limit, wherever they are. */
function hasManyBrackets(line: string): boolean {
  let count = 0;
  for (const bracket of ["{", "["]) {
    let at = line.indexOf(bracket);
    for (; at >= 0; at = line.indexOf(bracket, at + 1)) {
      if (++count > limits.frameDepth) return true;
    }
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** What `error` in a frame from the server says. */
export interface DecodedError {
  /** `undefined` for a code this client does not know. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  /** When to try again, ms from now, where the server says so. */
  readonly wait?: number;
  /** How many more failed logins lock the name, where the server says so. */
  readonly attempts?: number;
  /** Since when the session in the way lasts, ms since 1970 UTC. */
  readonly since?: number;
  /** From which address. */
  readonly from?: string;
}

/**
 * Checks the `error` of a frame.
 *
 * @throws {SchemaError} when it lacks a field or has a wrong one.
 */
export function decodeError(value: unknown): DecodedError {
  const { code, message, wait, attempts, since, from } = shape(value, "error");
  const isKnown = Object.hasOwn(errorMessages, code);
  return {
    code: isKnown ? code as ErrorCode : undefined,
    message,
    ...wait !== undefined && { wait },
    ...attempts !== undefined && { attempts },
    ...since !== undefined && { since },
    ...from !== undefined && { from },
  };
}

const shape = object({
  code: string(1, 64),
  message: string(0, 64 * 1024),
  wait: optional(integer()),
  attempts: optional(integer()),
  since: optional(integer()),
  from: optional(string(2, 64)),
});
