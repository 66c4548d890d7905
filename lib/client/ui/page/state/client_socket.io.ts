/// <reference lib="dom" />
/**
 * The page's way to the client that it was loaded from: a WebSocket, for whoever
 * has a pass. What breaks off is made again; who has none is told so. Whoever answers has to prove first
 * that it is still that client, as another program may have its port by then.
 */
import { encodeBase64Url } from "@std/encoding/base64url";
import type { ClientMessage, PageMessage } from "../../web/web_wire.ts";
import { socketPath } from "../../web/socket_path.ts";
import { forgetPass, type Pass } from "./page_pass.io.ts";

/** How it stands between page and client. */
export type LinkState =
  | "connecting"
  | "open"
  /** It tries again by itself. */
  | "lost"
  /** The address has no secret, or one that was used or is old. */
  | "refused"
  /** Somebody else answers, or the same user's next client. */
  | "other"
  /** There is no room for one more page. */
  | "full";

/** Who hears what the client says. */
export interface ClientSocketHost {
  handleMessage(message: ClientMessage): void;
  handleLink(state: LinkState): void;
}

/** The connection of one tab. */
export class ClientSocket {
  readonly #host: ClientSocketHost;
  #socket: WebSocket | undefined;
  #pass: Pass | undefined;
  #waiting: PageMessage | undefined;
  /** The client has let this tab in, and said so. */
  #isHeard = false;
  #tries = 0;
  #isOver = false;

  constructor(host: ClientSocketHost) {
    this.#host = host;
  }

  /** The token, for the header `Authorization`. */
  get authorization(): string {
    return `Bearer ${this.#pass?.token ?? ""}`;
  }

  /**
   * Begins; never throws: {@link ClientSocketHost.handleLink} tells how it went.
   * Resolves once it is known whether this tab may connect.
   */
  async start(): Promise<void> {
    this.#host.handleLink("connecting");
    const pass = await globalThis.parleyPass;
    if (pass === undefined) return this.#refuse("refused");
    this.#pass = pass;
    const { phase } = pass;
    if (phase === undefined) return this.#open(pass);
    this.#host.handleMessage({ tell: "phase", ...phase });
    // What is known by that is drawn first.
    setTimeout(() => this.#isOver || this.#open(pass));
  }

  /** The same as soon as there is a connection, in place of what waits so. */
  sendWhenOpen(message: PageMessage): void {
    if (!this.#isHeard || !this.send(message)) this.#waiting = message;
  }

  /** Says something; false when there is no connection. */
  send(message: PageMessage): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Nothing is tried any more. */
  end(): void {
    this.#isOver = true;
    this.#socket?.close();
  }

  #open({ token, key }: Pass): void {
    const socket = new WebSocket(`ws://${location.host}${socketPath}`);
    const nonce = randomId();
    let isProved = false;
    this.#isHeard = false;
    this.#socket = socket;
    socket.onopen = () => this.send({ do: "prove", nonce });
    socket.onmessage = async ({ data }) => {
      const message: ClientMessage = JSON.parse(data);
      if (!isProved) {
        isProved = message.tell === "proof" &&
          await isProof(key, nonce, message.proof);
        if (!isProved) return this.#refuse("other");
        return void this.send({ do: "hello", token });
      }
      if (message.tell === "error" && message.why !== undefined) {
        // One that is none is not tried again.
        if (message.why === "full") return this.#refuse("full");
        forgetPass();
        return this.#refuse("refused");
      }
      if (!this.#isHeard) {
        this.#isHeard = true;
        this.#tries = 0;
        this.#host.handleLink("open");
        const waiting = this.#waiting;
        this.#waiting = undefined;
        if (waiting !== undefined) this.send(waiting);
      }
      this.#host.handleMessage(message);
    };
    socket.onclose = () => {
      if (this.#isOver) return;
      this.#host.handleLink("lost");
      const wait = Math.min(firstWait * 2 ** this.#tries++, longestWait);
      setTimeout(() => this.#isOver || this.#open({ token, key }), wait);
    };
  }

  #refuse(state: "refused" | "other" | "full"): void {
    this.#isOver = true;
    this.#socket?.close();
    this.#host.handleLink(state);
  }
}

/** 128 random bits in base64url. */
export function randomId(): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}

/** True when `proof` is what only the client that gave the key can tell. */
async function isProof(
  key: string,
  nonce: string,
  proof: string,
): Promise<boolean> {
  const encoder = new TextEncoder();
  const hash = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey(
    "raw",
    encoder.encode(key),
    hash,
    false,
    ["sign"],
  );
  const right = await crypto.subtle.sign(hash, secret, encoder.encode(nonce));
  return encodeBase64Url(right) === proof;
}

const firstWait = 250;
const longestWait = 5000;
