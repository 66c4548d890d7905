/// <reference lib="dom" />
/** What the page asks its client, and who waits for the answers. */
import type { CallMedia } from "../../../commands/call_info.ts";
import type { ChatTarget } from "../../../commands/command.ts";
import type { CommandOutcome } from "../../../events/client_event.ts";
import type {
  CallTarget,
  ClientMessage,
  PageMessage,
} from "../../web/web_wire.ts";
import type { ClientSocket } from "./client_socket.io.ts";

/** What became of something that was asked for. */
export interface RequestReply {
  readonly outcome: CommandOutcome;
  /** The lines that people read of it. */
  readonly text: readonly string[];
}

/** A file that arrived. */
export type ArrivedFile = Pick<
  Extract<ClientMessage, { tell: "capability" }>,
  "url" | "shows"
>;

/** What could stand from `start` to the cursor. */
export type Suggested = Pick<
  Extract<ClientMessage, { tell: "suggestions" }>,
  "start" | "items"
>;

/** The questions of one tab that are open. */
export class ClientRequests {
  readonly #socket: ClientSocket;
  readonly #replies = new Map<number, (reply: RequestReply) => void>();
  readonly #suggested = new Map<number, (suggested: Suggested) => void>();
  /** By transfer and path: those who ask for the same wait for one answer. */
  readonly #files = new Map<string, ((file: ArrivedFile) => void)[]>();
  #ref = 0;

  constructor(socket: ClientSocket) {
    this.#socket = socket;
  }

  /** Hands in a line, and waits for what becomes of it. */
  submit(line: string, to?: ChatTarget): Promise<RequestReply> {
    return this.#ask((ref) => ({
      do: "submit",
      ref,
      line,
      ...(to && { to }),
    }));
  }

  /** Says something, whatever it looks like. */
  say(text: string, to: ChatTarget): Promise<RequestReply> {
    return this.#ask((ref) => ({ do: "say", ref, text, to }));
  }

  /** Offers what was uploaded; `later` as the message has it. */
  send(batch: string, to: ChatTarget, later: boolean): Promise<RequestReply> {
    return this.#ask((ref) => ({ do: "send", ref, to, batch, later }));
  }

  /** Calls somebody, or a group. */
  call(to: CallTarget, media: CallMedia): Promise<RequestReply> {
    return this.#ask((ref) => ({ do: "call", ref, to, media }));
  }

  /** Answers a call that rings. */
  answerCall(call: number, media: CallMedia): Promise<RequestReply> {
    return this.#ask((ref) => ({ do: "call-answer", ref, call, media }));
  }

  /** Declines a call, takes it back, or hangs up. */
  endCall(call: number): Promise<RequestReply> {
    return this.#ask((ref) => ({ do: "call-end", ref, call }));
  }

  /** What Tab offers for a line. */
  suggest(line: string, cursor: number): Promise<Suggested> {
    const ref = ++this.#ref;
    return new Promise((resolve) => {
      this.#suggested.set(ref, resolve);
      this.#socket.send({ do: "suggest", ref, line, cursor });
    });
  }

  /** Where the file of a transfer is, or the one at `path` in its folder. */
  fileOf(transfer: number, path?: string): Promise<ArrivedFile> {
    const key = `${transfer}/${path}`;
    return new Promise((resolve) => {
      const waiting = this.#files.get(key);
      if (waiting !== undefined) return void waiting.push(resolve);
      this.#files.set(key, [resolve]);
      this.#socket.send({ do: "capability", transfer, path });
    });
  }

  /** Takes an answer. */
  handle(
    message: Extract<
      ClientMessage,
      { tell: "outcome" | "suggestions" | "capability" }
    >,
  ): void {
    switch (message.tell) {
      case "outcome":
        this.#replies.get(message.ref)?.(message);
        this.#replies.delete(message.ref);
        return;
      case "suggestions":
        this.#suggested.get(message.ref)?.(message);
        this.#suggested.delete(message.ref);
        return;
      case "capability": {
        const key = `${message.transfer}/${message.path}`;
        const waiting = this.#files.get(key) ?? [];
        this.#files.delete(key);
        for (const resolve of waiting) resolve(message);
      }
    }
  }

  /** No answers will come to what is open. */
  handleLost(): void {
    for (const resolve of this.#replies.values()) resolve(lost);
    this.#replies.clear();
    this.#suggested.clear();
    this.#files.clear();
  }

  #ask(message: (ref: number) => PageMessage): Promise<RequestReply> {
    const ref = ++this.#ref;
    return new Promise((resolve) => {
      if (this.#socket.send(message(ref))) this.#replies.set(ref, resolve);
      else resolve(lost);
    });
  }
}

const message = "the page has lost its client and looks for it";
const lost: RequestReply = {
  outcome: { command: "", ok: false, code: "page_closed", message },
  text: [message],
};
