import type { RequestFields, RequestName } from "../../wire/request.ts";
import type { OnReply, ReplyFields } from "../../wire/server_frame.ts";
import { firstWords } from "../../base/text.ts";

/** A message of this user that the server had confirmed and does not have any more. */
export interface LostMessage {
  readonly kind: "private" | "group" | "broadcast";
  /** Of a private one. */
  readonly to?: string;
  readonly group?: string;
  /** Number in the server's log of messages, or in the group's, then. */
  readonly number: number;
  /** When it was stored, ms since 1970 UTC. */
  readonly at: number;
  /** Its first words. */
  readonly text: string;
}

/** What went with a database that was set back. */
export interface Loss {
  /** The last ones, oldest first. */
  readonly messages: readonly LostMessage[];
  /** There may have been others before them, which are remembered no more. */
  readonly isMore: boolean;
}

/**
 * The last messages that the server confirmed to this client in this run. The
 * server is not asked about them: when its database was set back, it knows
 * nothing of what is gone, but up to which id nothing is.
 */
export class ConfirmedMessages {
  readonly #byId = new Map<number, LostMessage>();
  /** Highest id of one that is remembered no more; 0 for none. */
  #forgotten = 0;
  #store: string | undefined;
  readonly #notes: Notes = {
    message: ({ text }, { at, sent }) => {
      for (const { to, id, number } of sent) {
        this.#note(id, { kind: "private", to, number, at, text });
      }
    },
    "group-message": ({ group, text }, { id, number, at }) =>
      this.#note(id, { kind: "group", group, number, at, text }),
    broadcast: ({ text }, { id, number, at }) =>
      this.#note(id, { kind: "broadcast", number, at, text }),
    // Whoever took it back does not miss it.
    delete: ({ group, number }) => {
      for (const [id, message] of this.#byId) {
        const isSame = message.group?.toLowerCase() === group?.toLowerCase();
        if (isSame && message.number === number) this.#byId.delete(id);
      }
    },
  };

  /** Messages of this database follow: ids of another one mean nothing. */
  open(store: string): void {
    if (store !== this.#store) this.#clear();
    this.#store = store;
  }

  /** `onReply` for a request whose reply may confirm a message. */
  noting<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): OnReply<N> {
    const note: Notes[N] = this.#notes[name];
    if (note === undefined) return onReply;
    return (reply) => {
      if (reply.ok !== undefined) note(fields, reply.ok);
      onReply(reply);
    };
  }

  /**
   * What is gone of them; told once.
   *
   * @param common Messages up to this id are still there.
   */
  takeLost(common: number): Loss {
    const isMore = this.#forgotten > common;
    if (isMore) this.#forgotten = common;
    const lost = [...this.#byId].filter(([id]) => id > common);
    for (const [id] of lost) this.#byId.delete(id);
    return { messages: lost.map(([, message]) => message), isMore };
  }

  /** @param id Absent from an old server. */
  #note(id: number | undefined, message: LostMessage): void {
    if (id === undefined) return;
    this.#byId.set(id, { ...message, text: firstWords(message.text) });
    if (this.#byId.size <= mostMessages) return;
    const [oldest = 0] = this.#byId.keys();
    this.#byId.delete(oldest);
    this.#forgotten = Math.max(this.#forgotten, oldest);
  }

  #clear(): void {
    this.#byId.clear();
    this.#forgotten = 0;
  }
}

/** That the server was set back, and what is lost, for people. */
export function setBackText(loss: Loss): string {
  return [setBackMessage, ...lossText(loss)].join(". ");
}

/** What is lost, as a sentence for people; none when nothing is. */
export function lossText({ messages, isMore }: Loss): string[] {
  const named = messages.slice(0, mostNamed).map((each) =>
    `${placeOf(each)} "${each.text}"`
  );
  if (named.length === 0) return [];
  const more = messages.length > mostNamed ? ", …" : "";
  const isOne = messages.length === 1 && !isMore;
  const count = isOne
    ? "1 message"
    : `${isMore ? "More than " : ""}${messages.length} messages`;
  const are = isOne ? "is" : "are";
  return [`${count} of yours ${are} gone: ${named.join(", ")}${more}`];
}

function placeOf({ to, group }: LostMessage): string {
  if (group !== undefined) return `in ${group}`;
  return to === undefined ? "to all" : `to ${to}`;
}

type Notes = {
  readonly [N in RequestName]?: (
    fields: RequestFields<N>,
    ok: ReplyFields<N>,
  ) => void;
};

const setBackMessage =
  "The server was set back to an older copy of its data: what was sent after " +
  "that was made is lost there, and a message number may mean another message now";
const mostMessages = 1000;
const mostNamed = 3;
