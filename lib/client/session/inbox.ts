/**
 * Remembers which messages came, so that one that is delivered again after a
 * lost connection is shown once, and when to acknowledge them: the first at
 * once, so that a client that is killed has said what it showed, then, while
 * many come, many at a time. What was shown is also remembered outside
 * ({@link SeenMemory}), for a client that is killed before it can say so.
 *
 * A number is worth something only together with what it is of: beside the
 * highest id stand the account whose messages these are and the last runs of the
 * server, as it told them. The server says how much of that is true of its
 * database, which may have been set back to an older copy; the rest is void.
 */
import type { Epoch } from "../../wire/epoch.ts";
import { userKey } from "../../wire/names.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";

/** Whose messages: message ids rise within one database, for one user. */
export interface InboxOwner {
  /** `store` of the server's hello. */
  readonly store: string;
  readonly user: string;
}

/** True for the same user; the name may be typed in any letter case. */
export function isSameOwner(one: InboxOwner, other: InboxOwner): boolean {
  return one.store === other.store &&
    userKey(one.user) === userKey(other.user);
}

/** How far a user was shown everything, and of what. */
export interface SeenMark {
  /** Highest id; 0 for none. */
  readonly id: number;
  /** Of the user, as the server told it; absent when it did not. */
  readonly account?: string;
  /** Runs of the server, as it told them last; oldest first. */
  readonly epochs: readonly Epoch[];
}

/** Where the highest id that was shown outlives the program. */
export interface SeenMemory {
  /** What was written last; `undefined` when there is none. */
  read(owner: InboxOwner): SeenMark | undefined;
  /** Everything up to the mark was shown. */
  write(owner: InboxOwner, mark: SeenMark): void;
  /** The owner has another name. */
  rename(owner: InboxOwner, user: string): void;
}

/** The messages of one user, as they come. */
export class Inbox {
  readonly #memory: SeenMemory | undefined;
  #owner: InboxOwner | undefined;
  #mark = nothing;
  /** What the memory has. */
  #remembered: SeenMark = nothing;
  #acknowledged = 0;
  #due: number | undefined;
  /** The next acknowledgement goes no sooner than this. */
  #notBefore = -Infinity;

  /** @param memory Without it, what was shown is forgotten with the program. */
  constructor(memory?: SeenMemory) {
    this.#memory = memory;
  }

  /**
   * Says whose messages come from now on.
   *
   * @returns What a login or a resumption tells of what this user was shown.
   */
  open(owner: InboxOwner): Pick<RequestFields<"resume">, "seen" | "known"> {
    if (this.#owner === undefined || !isSameOwner(this.#owner, owner)) {
      this.#owner = owner;
      this.#mark = this.#memory?.read(owner) ?? nothing;
      this.#remembered = this.#mark;
      this.#acknowledged = 0;
    }
    const { id: seen, account, epochs } = this.#mark;
    return {
      ...(seen > 0 ? { seen } : {}),
      ...(account === undefined
        ? {}
        : { known: { account, epochs: [...epochs] } }),
    };
  }

  /** The session is open: what the server does not bear out is void. */
  handleOpened(
    { account, epochs, seen }: Pick<
      ReplyFields<"resume">,
      "account" | "epochs" | "seen"
    >,
  ): void {
    if (account === undefined || epochs === undefined) return;
    const id = Math.min(this.#mark.id, seen ?? Infinity);
    this.#mark = { id, account, epochs };
    this.#acknowledged = Math.min(this.#acknowledged, id);
  }

  /** The user has another name; the messages are the same. */
  handleRenamed(user: string): void {
    if (this.#owner === undefined) return;
    this.#memory?.rename(this.#owner, user);
    this.#owner = { ...this.#owner, user };
  }

  /** Everything that came was shown: worth remembering, before it is confirmed. */
  handleShown(): void {
    if (this.#owner === undefined || this.#mark === this.#remembered) return;
    this.#remembered = this.#mark;
    this.#memory?.write(this.#owner, this.#mark);
  }

  /**
   * Takes the id of a message.
   *
   * @param now Monotonic ms.
   * @returns False when it came before.
   */
  handleMessage(id: number, now: number): boolean {
    this.#due ??= Math.max(now, this.#notBefore);
    if (id <= this.#mark.id) {
      // It comes again because the acknowledgement was lost.
      this.#acknowledged = Math.min(this.#acknowledged, id - 1);
      return false;
    }
    this.#mark = { ...this.#mark, id };
    return true;
  }

  /**
   * The id to acknowledge now, all before it included, if any.
   *
   * @param now Monotonic ms.
   */
  pollAcknowledge(now: number): number | undefined {
    this.#due = undefined;
    this.#notBefore = now + betweenMs;
    const { id } = this.#mark;
    if (id <= this.#acknowledged) return undefined;
    this.#acknowledged = id;
    return id;
  }

  /** The connection is gone; `seen` tells the next one what came. */
  handleDisconnected(): void {
    this.#due = undefined;
  }

  /** When {@link pollAcknowledge} is due, monotonic ms. */
  pollTimeout(): number | undefined {
    return this.#due;
  }
}

const nothing: SeenMark = { id: 0, epochs: [] };
/**
 * Least time between two acknowledgements, ms. It is short because under TLS the
 * server's system holds back a small write until the one before is acknowledged
 * (RFC 896), and without anything to send, systems do that only after 40 ms.
 */
const betweenMs = 5;
