/// <reference lib="dom" />
/**
 * The page's way to the client that it was loaded from: a secret in the address
 * becomes a token, and a WebSocket carries everything else. What breaks off is
 * made again; who has no token is told so.
 */
import type {
  ClientMessage,
  PageMessage,
  TokenReply,
} from "../../web/web_wire.ts";
import { socketPath } from "../../web/web_wire.ts";

/** How it stands between page and client. */
export type LinkState =
  | "connecting"
  | "open"
  /** It tries again by itself. */
  | "lost"
  /** The address has no secret, or one that was used or is old. */
  | "refused";

/** Who hears what the client says. */
export interface ClientSocketHost {
  handleMessage(message: ClientMessage): void;
  handleLink(state: LinkState): void;
}

/** The connection of one tab. */
export class ClientSocket {
  readonly #host: ClientSocketHost;
  #socket: WebSocket | undefined;
  #token = "";
  #tries = 0;
  #isOver = false;

  constructor(host: ClientSocketHost) {
    this.#host = host;
  }

  /** The token, for the header `Authorization`. */
  get authorization(): string {
    return `Bearer ${this.#token}`;
  }

  /** Begins; never throws: {@link ClientSocketHost.handleLink} tells how it went. */
  async start(): Promise<void> {
    this.#host.handleLink("connecting");
    const token = await takeToken();
    if (token === undefined) return this.#refuse();
    this.#token = token;
    this.#open();
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

  #open(): void {
    const socket = new WebSocket(`ws://${location.host}${socketPath}`);
    let isHeard = false;
    this.#socket = socket;
    socket.onopen = () => this.send({ do: "hello", token: this.#token });
    socket.onmessage = ({ data }) => {
      const message: ClientMessage = JSON.parse(data);
      if (message.tell === "error" && message.closed && !isHeard) {
        // It was said of the token: there is no use in trying it again.
        sessionStorage.removeItem(tokenKey);
        return this.#refuse();
      }
      if (!isHeard) {
        isHeard = true;
        this.#tries = 0;
        this.#host.handleLink("open");
      }
      this.#host.handleMessage(message);
    };
    socket.onclose = () => {
      if (this.#isOver) return;
      this.#host.handleLink("lost");
      const wait = Math.min(firstWait * 2 ** this.#tries++, longestWait);
      setTimeout(() => this.#isOver || this.#open(), wait);
    };
  }

  #refuse(): void {
    this.#isOver = true;
    this.#socket?.close();
    this.#host.handleLink("refused");
  }
}

/** The token of this tab, new for the secret in the address if it has one. */
async function takeToken(): Promise<string | undefined> {
  const secret = location.hash.slice(1);
  if (secret === "") return sessionStorage.getItem(tokenKey) ?? undefined;
  // Nobody who looks at the address, the history or a bookmark has it.
  history.replaceState(null, "", location.pathname);
  try {
    const response = await fetch("/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ secret }),
    });
    if (response.ok) {
      const { token }: TokenReply = await response.json();
      sessionStorage.setItem(tokenKey, token);
      return token;
    }
  } catch {
    // The client is not there; what is kept may be good when it is.
  }
  return sessionStorage.getItem(tokenKey) ?? undefined;
}

const tokenKey = "parley-token";
const firstWait = 250;
const longestWait = 5000;
