/**
 * Who may do what at the local page. Any program of this machine, and any page
 * that its user has open, can send requests to it; so what is not public needs
 * a token, which a page gets for a secret that only its address has:
 *
 * - a *secret* stands behind the `#` of the address that the client opens, and is
 *   good for one exchange within {@link secretMs}
 * - a *token* is what a page has from then on, until the client ends
 * - a *key* comes with it, by which the client proves that it is still the one
 *   that the page was opened by: after its end another program, of another user,
 *   may have its port
 * - a *capability* stands for one file, for the elements of a page that cannot
 *   send a token
 *
 * Each is 128 random bits. What is wrong is compared in constant time, answered
 * late, and after too much of it not at all; what is right is never held up.
 */
import { socketPath } from "./socket_path.ts";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { encodeBase64Url } from "@std/encoding/base64url";
import type { Random } from "../../../base/ports.ts";
import { idCharacters, isId } from "./web_wire.ts";

/** The secrets and tokens of one run of the client. */
export class WebAccess {
  /** What the pages know the client by. */
  readonly key: string;
  readonly #random: Random;
  readonly #secrets: Uint8Array[] = [];
  /** Until when each of them is good, ms. */
  readonly #ends: number[] = [];
  readonly #tokens: Uint8Array[] = [];
  /** When the next wrong one may be answered, ms. */
  #wrongAt = -Infinity;

  constructor(random: Random) {
    this.#random = random;
    this.key = newId(random);
  }

  /**
   * A new secret; after {@link mostSecrets} the oldest is none any more.
   *
   * @param now Monotonic, ms.
   */
  newSecret(now: number): string {
    this.#ends.push(now + secretMs);
    if (this.#ends.length > mostSecrets) this.#ends.shift();
    return this.#keep(this.#secrets, mostSecrets);
  }

  /**
   * Gives a token for a secret, once; `undefined` if it is none.
   *
   * @param now Monotonic, ms.
   */
  exchange(secret: string, now: number): string | undefined {
    const index = indexOf(this.#secrets, secret);
    if (index < 0) return undefined;
    this.#secrets.splice(index, 1);
    const [end = 0] = this.#ends.splice(index, 1);
    return now < end ? this.#keep(this.#tokens, mostTokens) : undefined;
  }

  /** Proves with the key, for something that a page has made up, who this is. */
  prove(nonce: string): string {
    const proof = createHmac("sha256", this.key).update(nonce).digest();
    return encodeBase64Url(proof);
  }

  /** True for a token that was given. */
  isToken(text: string): boolean {
    return indexOf(this.#tokens, text) >= 0;
  }

  /**
   * Something was wrong.
   *
   * @param now Monotonic, ms.
   * @returns After how many ms to say so; `undefined` when too many wait for it.
   */
  handleWrong(now: number): number | undefined {
    const at = Math.max(now, this.#wrongAt) + wrongMs;
    if (at - now > mostWrong * wrongMs) return undefined;
    this.#wrongAt = at;
    return at - now;
  }

  #keep(list: Uint8Array[], most: number): string {
    const text = newId(this.#random);
    list.push(digest(text));
    if (list.length > most) list.shift();
    return text;
  }
}

/** 128 random bits as text. */
export function newId(random: Random): string {
  return encodeBase64Url(random.bytes(16));
}

/** What is asked for, as far as it matters who asks; headers in lower case. */
export interface WebRequest {
  readonly method: string;
  /** What follows the method: a path with what is behind it. */
  readonly target: string;
  /** A header; several of one name joined with a comma. */
  header(name: string): string | undefined;
}

/** What becomes of a request. */
export type Verdict =
  /** A file of the page, which is for everybody: `/`, `/icon.svg`. */
  | { readonly kind: "page"; readonly path: string }
  | { readonly kind: "token" }
  | { readonly kind: "socket" }
  | { readonly kind: "upload"; readonly token: string; readonly query: string }
  | {
    readonly kind: "file";
    readonly capability: string;
    readonly use: FileUse;
  }
  | { readonly kind: "refused"; readonly status: number; readonly why: string };

/** What the browser wants a file for; `save` also when it does not say. */
export type FileUse = "image" | "video" | "audio" | "save";

/**
 * What becomes of a request, but for its token.
 *
 * @param authority `127.0.0.1:PORT`, as the page's address has it.
 */
export function judge(request: WebRequest, authority: string): Verdict {
  const { method, target } = request;
  // Another name that leads here is that of somebody else's page.
  if (request.header("host") !== authority) {
    return refused(421, `this page is http://${authority}/ and nothing else`);
  }
  if (target.length > mostTarget) return refused(414, "too long");
  if (!target.startsWith("/")) return refused(400, "no path");
  const [path = "", query = ""] = target.split(/\?(.*)/s, 2);
  const isRead = method === "GET" || method === "HEAD";
  if (path === socketPath) {
    if (method !== "GET") return notAllowed;
    return isOwn(request, authority) ? { kind: "socket" } : foreign;
  }
  if (path === "/token" || path === "/upload") {
    if (method !== "POST") return notAllowed;
    if (!isOwn(request, authority)) return foreign;
    return path === "/token"
      ? { kind: "token" }
      : { kind: "upload", token: tokenOf(request), query };
  }
  if (!isRead) return notAllowed;
  const capability = /^\/file\/(.*)$/s.exec(path)?.[1];
  if (capability === undefined) {
    return query === "" ? { kind: "page", path } : notFound;
  }
  if (!isId(capability)) return notFound;
  const site = request.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    return foreign;
  }
  const use = uses.get(request.header("sec-fetch-dest") ?? "empty");
  return use === undefined
    ? refused(403, "a file is shown or saved, nothing else")
    : { kind: "file", capability, use };
}

/** True for a request that a script of the page itself makes. */
function isOwn(request: WebRequest, authority: string): boolean {
  const site = request.header("sec-fetch-site");
  return request.header("origin") === `http://${authority}` &&
    (site === undefined || site === "same-origin");
}

/** Empty for none. */
function tokenOf(request: WebRequest): string {
  const given = request.header("authorization") ?? "";
  return /^Bearer ([A-Za-z0-9_-]+)$/.exec(given)?.[1] ?? "";
}

/** Looks at all of them, whichever it is. */
function indexOf(list: readonly Uint8Array[], text: string): number {
  const wanted = digest(text.slice(0, idCharacters + 1));
  let found = -1;
  list.forEach((each, index) => {
    if (timingSafeEqual(each, wanted)) found = index;
  });
  return found;
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function refused(status: number, why: string): Verdict {
  return { kind: "refused", status, why };
}

const notFound = refused(404, "there is nothing of this name");
const notAllowed = refused(405, "this cannot be done here");
const foreign = refused(403, "this is for Parley's own page");
/** By `Sec-Fetch-Dest`. Frames, plug-ins, scripts and styles get nothing. */
const uses: ReadonlyMap<string, FileUse> = new Map([
  ["image", "image"],
  ["video", "video"],
  ["audio", "audio"],
  ["document", "save"],
  ["empty", "save"],
]);
const mostTarget = 8192;
/** How long a secret is good, ms. */
export const secretMs = 600_000;
/** Most secrets that were not used. */
export const mostSecrets = 8;
/** Most tokens; with one more the oldest is none any more. */
export const mostTokens = 64;
/** What is wrong is answered after this, one after the other, ms. */
export const wrongMs = 250;
/** How many may wait for that. */
export const mostWrong = 16;
