/**
 * The client's requests: those that wait until the session is open, and those
 * that were sent and have no answer yet. After a lost connection the ones that
 * may be repeated are sent again, in their order; messages carry an id of the
 * client's by which the server knows a repetition.
 */
import { limits } from "../../wire/limits.ts";
import type { RequestFields, RequestName } from "../../wire/request.ts";
import { SchemaError } from "../../base/schema.ts";
import {
  checkReply,
  type OnReply,
  type Reply,
  type ReplyFields,
} from "../../wire/server_frame.ts";

interface Entry {
  readonly name: RequestName;
  readonly fields: object;
  /** May be sent again when the answer was lost with the connection. */
  readonly repeatable: boolean;
  readonly handleOk: (ok: unknown) => void;
  readonly fail: (refusal: Refused) => void;
}

/** Why a request was not done, and what there is to know of it. */
export type Refused = Extract<Reply<"ping">, { readonly code: string }>;

/** Waiting and unanswered requests of one session. */
export class RequestQueue {
  #nextId = 1;
  #waiting: Entry[] = [];
  readonly #unanswered = new Map<number, Entry>();
  /** The client's own: nobody waits for their answers. */
  readonly #urgent = new Map<number, Entry>();
  /** Requests that came too fast for the server, to be sent again. */
  readonly #held = new Map<number, Entry>();
  /** Nothing of the user's is sent before, monotonic ms. */
  #holdUntil = -Infinity;

  /** Requests of the user without an answer, sent or not. */
  get size(): number {
    return this.#waiting.length + this.#unanswered.size + this.#held.size;
  }

  /**
   * Puts a request at the end of what waits for {@link pollTransmit}; refuses at
   * once what is longer than the server takes, which would end the connection
   * as often as it is sent.
   */
  add<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
    repeatable: boolean,
  ): void {
    const bytes = frameBytes({ do: name, id: this.#nextId, ...fields });
    if (bytes > limits.frameBytes - spareBytes) return onReply(tooLong(bytes));
    this.#waiting.push(entry(name, fields, onReply, repeatable));
  }

  /** A request of the client's own: the frame to send at once, before all others. */
  urgent<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): object {
    return this.#frame(entry(name, fields, onReply, false), this.#urgent);
  }

  /**
   * The next frame to send while the session is open.
   *
   * @param now Monotonic ms.
   */
  pollTransmit(now: number): object | undefined {
    if (this.#unanswered.size >= limits.unconfirmedMessages) return undefined;
    if (now < this.#holdUntil) return undefined;
    if (this.#held.size > 0) {
      // What is still on its way may be refused too, and comes in between.
      if (this.#unanswered.size > 0) return undefined;
      this.#waiting = [...inOrder(this.#held), ...this.#waiting];
      this.#held.clear();
    }
    const next = this.#waiting.shift();
    return next && this.#frame(next, this.#unanswered);
  }

  /** A reply came. @returns False when it answers nothing that was asked. */
  handleOk(re: number, ok: unknown): boolean {
    const entry = this.#take(re);
    entry?.handleOk(ok);
    return entry !== undefined;
  }

  /** When {@link pollTransmit} may have something again, monotonic ms. */
  pollTimeout(): number | undefined {
    const isHolding = this.#held.size > 0 && this.#unanswered.size === 0;
    return isHolding ? this.#holdUntil : undefined;
  }

  /** An error reply came. @returns False when it answers nothing that was asked. */
  handleError(re: number, refusal: Refused): boolean {
    const entry = this.#take(re);
    entry?.fail(refusal);
    return entry !== undefined;
  }

  /**
   * The server did nothing of a request and wants it again later.
   *
   * @param wait How much later, ms.
   * @param now Monotonic ms.
   */
  handleTooFast(re: number, wait: number, now: number): void {
    const entry = this.#take(re);
    if (entry === undefined) return;
    this.#held.set(re, entry);
    const until = now + Math.min(wait, longestHoldMs);
    this.#holdUntil = Math.max(this.#holdUntil, until);
  }

  /** The connection is gone: what can be repeated waits again, the rest fails. */
  handleDisconnected(): void {
    const open = [...this.#urgent.values(), ...this.#unanswered.values()];
    const again = new Map(this.#held);
    for (const [id, entry] of this.#unanswered) {
      if (entry.repeatable) again.set(id, entry);
    }
    this.#urgent.clear();
    this.#unanswered.clear();
    this.#held.clear();
    this.#holdUntil = -Infinity;
    this.#waiting = [...inOrder(again), ...this.#waiting];
    for (const entry of open) {
      if (!entry.repeatable) entry.fail(lost);
    }
  }

  /**
   * The server's database was set back: what names a message by its number is
   * not repeated, since it may be the number of another one now.
   */
  handleSetBack(): void {
    const isMeant = (entry: Entry) => entry.name !== "delete";
    const doubtful = this.#waiting.filter((entry) => !isMeant(entry));
    this.#waiting = this.#waiting.filter(isMeant);
    for (const entry of doubtful) entry.fail(setBack);
  }

  /** Nothing will be sent any more: everything fails. */
  close(): void {
    const all = [
      ...this.#urgent.values(),
      ...inOrder(new Map([...this.#held, ...this.#unanswered])),
      ...this.#waiting,
    ];
    this.#urgent.clear();
    this.#unanswered.clear();
    this.#held.clear();
    this.#waiting = [];
    for (const entry of all) entry.fail(closed);
  }

  #take(re: number): Entry | undefined {
    const entry = this.#unanswered.get(re) ?? this.#urgent.get(re);
    this.#unanswered.delete(re);
    this.#urgent.delete(re);
    return entry;
  }

  #frame(entry: Entry, unanswered: Map<number, Entry>): object {
    const id = this.#nextId++;
    unanswered.set(id, entry);
    return { do: entry.name, id, ...entry.fields };
  }
}

/** In the order in which they were sent. */
function inOrder(entries: ReadonlyMap<number, Entry>): Entry[] {
  return [...entries].sort(([one], [other]) => one - other)
    .map(([, entry]) => entry);
}

function entry<N extends RequestName>(
  name: N,
  fields: RequestFields<N>,
  onReply: OnReply<N>,
  repeatable: boolean,
): Entry {
  return {
    name,
    fields,
    repeatable,
    handleOk: (ok) => {
      let checked: ReplyFields<N>;
      try {
        checked = checkReply(name, ok);
      } catch (error) {
        if (!(error instanceof SchemaError)) throw error;
        const message = `The server's answer cannot be read: ${error.message}`;
        return onReply({ code: "bad_reply", message });
      }
      onReply({ ok: checked });
    },
    fail: onReply,
  };
}

function frameBytes(frame: object): number {
  const text = JSON.stringify(frame);
  // Bytes are counted only where they can be too many.
  if (text.length * mostBytesPerUnit <= limits.frameBytes) return text.length;
  return new TextEncoder().encode(text).length;
}

function tooLong(bytes: number): Refused {
  return {
    code: "text_too_long",
    message:
      `This is too long: it takes ${bytes} bytes, and the server takes at ` +
      `most ${limits.frameBytes} at a time; send it in parts, or as a file`,
  };
}

/** Of UTF-8, for each UTF-16 unit. */
const mostBytesPerUnit = 3;
/** Digits that the number of a request can have more than when it was counted. */
const spareBytes = 16;
/** A server cannot silence its client for longer at a time, ms. */
const longestHoldMs = 60_000;
const lost: Refused = {
  code: "connection_lost",
  message:
    "The connection was lost before the server answered; check whether it was done before you try again",
};
const setBack: Refused = {
  code: "not_confirmed",
  message:
    "The server was set back to an older copy of its data; the number may be another message's now",
};
const closed: Refused = {
  code: "not_confirmed",
  message: "The session ended before the server confirmed this",
};
