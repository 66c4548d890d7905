/**
 * The one kind of STUN message (RFC 8489) that a client reads: a browser's
 * connectivity check (RFC 8445 §7.2.2), by which the browser shows that it is
 * the one that knows both ends' names and the other end's password.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { readU16, readU32, writeU16 } from "../../base/bytes.ts";
import type { CallCredentials } from "../events/call_port.ts";

/** True for a check of the browser `own`, meant for the one of `theirs`. */
export function isCheck(
  bytes: Uint8Array,
  { own, theirs }: CallCredentials,
): boolean {
  if (bytes.length < headBytes || bytes.length > mostBytes) return false;
  if (readU16(bytes, 0) !== bindingRequest) return false;
  if (readU32(bytes, 4) !== magicCookie) return false;
  if (readU16(bytes, 2) !== bytes.length - headBytes) return false;
  let isNamed = false;
  for (let at = headBytes; at + 4 <= bytes.length;) {
    const [type, length] = [readU16(bytes, at), readU16(bytes, at + 2)];
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (value.length !== length) return false;
    if (type === messageIntegrity) {
      return isNamed && hasIntegrity(bytes, at, value, theirs.pwd);
    }
    if (type === userName) {
      const name = `${theirs.ufrag}:${own.ufrag}`;
      isNamed = new TextDecoder().decode(value) === name;
    }
    at += 4 + length + (-length & 3);
  }
  return false;
}

/** The code covers all before it, with a length that ends behind it. */
function hasIntegrity(
  bytes: Uint8Array,
  at: number,
  code: Uint8Array,
  password: string,
): boolean {
  if (code.length !== codeBytes) return false;
  const covered = bytes.slice(0, at);
  writeU16(covered, 2, at + 4 + codeBytes - headBytes);
  const right = createHmac("sha1", password).update(covered).digest();
  return timingSafeEqual(right, code);
}

const bindingRequest = 0x0001;
const magicCookie = 0x2112a442;
const userName = 0x0006;
const messageIntegrity = 0x0008;
const headBytes = 20;
const codeBytes = 20;
/** Far more than a check has. */
const mostBytes = 1200;
