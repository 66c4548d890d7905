/**
 * Remembers which messages came, so that one that is delivered again after a
 * lost connection is shown once, and when to acknowledge them: not before they
 * were shown, as a client may be killed whose output nobody takes; then the first
 * at once, so that a client that is killed has said what it showed, and, while
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
  /** What came. */
  #mark = nothing;
  /** What was shown; the memory has it. */
  #remembered: SeenMark = nothing;
  /** What is being shown. */
  #showing: SeenMark = nothing;
  /** What the server was told last as shown. */
  #told = 0;
  /** Counts the owners, and the times that something was void. */
  #run = 0;
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
      this.#run++;
    }
    // What came and is not shown yet comes again, for the one who asks next.
    const { id: seen, account, epochs } = this.#remembered;
    this.#told = seen;
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
    const { id: came, epochs: known } = this.#mark;
    const isNew = ({ epoch }: Epoch) => known.every((e) => e.epoch !== epoch);
    // Of what is not shown yet the server says nothing, but since when it runs.
    const { after = came } = known.length > 0 && epochs.find(isNew) || {};
    const isVoid = seen !== undefined && seen < this.#told;
    const id = Math.min(came, isVoid ? seen : Infinity, after);
    if (id < came) this.#run++;
    this.#mark = { id, account, epochs };
    const shown = Math.min(this.#remembered.id, id);
    this.#remembered = { id: shown, account, epochs };
    this.#acknowledged = Math.min(this.#acknowledged, id);
  }

  /** The user has another name; the messages are the same. */
  handleRenamed(user: string): void {
    if (this.#owner === undefined) return;
    this.#memory?.rename(this.#owner, user);
    this.#owner = { ...this.#owner, user };
  }

  /** True when every message that came was shown. */
  get isShown(): boolean {
    return this.#mark.id === this.#remembered.id;
  }

  /**
   * What to call, with the time in monotonic ms, once everything that came was
   * shown: that is worth remembering, and is confirmed then. `undefined` where
   * there is nothing new.
   */
  whenShown(): ((now: number) => void) | undefined {
    const [mark, run] = [this.#mark, this.#run];
    if (this.#owner === undefined || mark === this.#remembered) {
      return undefined;
    }
    if (mark === this.#showing) return undefined;
    this.#showing = mark;
    return (now) => {
      if (this.#owner === undefined || run !== this.#run) return;
      this.#remembered = mark;
      this.#memory?.write(this.#owner, mark);
      if (mark.id > this.#acknowledged) this.#setDue(now);
    };
  }

  /**
   * Takes the id of a message.
   *
   * @param now Monotonic ms.
   * @returns False when it came before.
   */
  handleMessage(id: number, now: number): boolean {
    if (id <= this.#mark.id) {
      // It comes again because the acknowledgement was lost.
      this.#acknowledged = Math.min(this.#acknowledged, id - 1);
      this.#setDue(now);
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
    const { id } = this.#remembered;
    if (id <= this.#acknowledged) return undefined;
    this.#notBefore = now + betweenMs;
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

  #setDue(now: number): void {
    this.#due ??= Math.max(now, this.#notBefore);
  }
}

const nothing: SeenMark = { id: 0, epochs: [] };
/**
 * Least time between two acknowledgements, ms. It is short because under TLS the
 * server's system holds back a small write until the one before is acknowledged
 * (RFC 896), and without anything to send, systems do that only after 40 ms.
 */
const betweenMs = 5;
