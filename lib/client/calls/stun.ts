/**
 * The one kind of STUN message (RFC 8489) that a client reads and answers: a
 * browser's connectivity check (RFC 8445 §7.2.2), by which the browser shows that
 * it is the one that knows both ends' names and the other end's password.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { readU16, readU32, writeU16, writeU32 } from "../../base/bytes.ts";
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

/**
 * What the browser of `theirs` would answer to a check ({@link isCheck}), so that
 * a browser does not wait for one that is slow (RFC 8445 §7.3: a lite agent).
 *
 * @param from Where the check came from, of 127.0.0.1.
 */
export function checkAnswer(
  check: Uint8Array,
  from: number,
  { theirs }: Pick<CallCredentials, "theirs">,
): Uint8Array<ArrayBuffer> {
  const answer = new Uint8Array(answerBytes);
  writeU16(answer, 0, bindingSuccess);
  // The cookie and the number of the transaction.
  answer.set(check.subarray(4, headBytes), 4);
  writeU16(answer, headBytes, xorMappedAddress);
  writeU16(answer, headBytes + 2, 8);
  writeU16(answer, headBytes + 4, ipv4);
  writeU16(answer, headBytes + 6, from ^ magicCookie >>> 16);
  writeU32(answer, headBytes + 8, (loopback ^ magicCookie) >>> 0);
  const codeAt = headBytes + 12;
  writeU16(answer, codeAt, messageIntegrity);
  writeU16(answer, codeAt + 2, codeBytes);
  answer.set(codeOf(answer, codeAt, theirs.pwd), codeAt + 4);
  const printAt = codeAt + 4 + codeBytes;
  writeU16(answer, 2, answerBytes - headBytes);
  writeU16(answer, printAt, fingerprint);
  writeU16(answer, printAt + 2, 4);
  const print = crc32(answer.subarray(0, printAt)) ^ fingerprintMask;
  writeU32(answer, printAt + 4, print >>> 0);
  return answer;
}

function hasIntegrity(
  bytes: Uint8Array,
  at: number,
  code: Uint8Array,
  password: string,
): boolean {
  return code.length === codeBytes &&
    timingSafeEqual(codeOf(bytes, at, password), code);
}

/** The code covers all before it, with a length that ends behind it. */
function codeOf(bytes: Uint8Array, at: number, password: string): Uint8Array {
  const covered = bytes.slice(0, at);
  writeU16(covered, 2, at + 4 + codeBytes - headBytes);
  return createHmac("sha1", password).update(covered).digest();
}

const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const magicCookie = 0x2112a442;
const userName = 0x0006;
const messageIntegrity = 0x0008;
const xorMappedAddress = 0x0020;
const fingerprint = 0x8028;
/** RFC 8489 §14.7. */
const fingerprintMask = 0x5354554e;
/** Address family. */
const ipv4 = 1;
/** 127.0.0.1. */
const loopback = 0x7f000001;
const headBytes = 20;
const codeBytes = 20;
/** Head, address, code and fingerprint. */
const answerBytes = headBytes + 12 + 4 + codeBytes + 8;
/** Far more than a check has. */
const mostBytes = 1200;
