/**
 * Tells clients what their users have not seen: all of it to one that begins,
 * and of a conversation that was seen on another device what is left. Mostly it
 * is known in memory that nothing is; else the store counts.
 */
import { encodeFrame } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { event, type EventFields } from "../../wire/server_frame.ts";
import type { ActionQueue } from "../model/actions.ts";
import type { Directory } from "../model/directory.ts";
import type { Marked } from "../model/read_marks.ts";
import type { Session } from "../model/session.ts";
import type { Found, UnseenConversation, UnseenScope } from "../model/store.ts";
import type { User } from "../model/user.ts";
import type { BackgroundWrites } from "./background_writes.ts";
import { tellCompanions } from "./departure.ts";

/** The counting of unseen messages, for all users. */
export class UnseenCounts {
  readonly #directory: Directory;
  readonly #actions: ActionQueue;
  readonly #background: BackgroundWrites;
  readonly #queries = new Map<number, Answer>();
  /** What was seen by whom while the store counts for the user. */
  readonly #moved = new Map<User, Map<Marked, Session>>();
  /** Those for which the store counts everything. */
  readonly #telling = new Set<Session>();

  constructor(
    directory: Directory,
    actions: ActionQueue,
    background: BackgroundWrites,
  ) {
    this.#directory = directory;
    this.#actions = actions;
    this.#background = background;
  }

  /** Tells a session everything that its user has not seen. */
  tell(session: Session): void {
    // What is seen meanwhile is looked at then.
    if (this.#telling.has(session)) return;
    const { user } = session;
    const scopes = scopesOf(user);
    if (scopes.length === 0) {
      return sendUnseen(session, { conversations: [], last: newestOf(user) });
    }
    this.#telling.add(session);
    this.#ask(user, scopes, (unseen) => {
      this.#telling.delete(session);
      if (unseen === undefined) return;
      const { conversations, last } = unseen;
      const known = conversations.flatMap((each) => this.#known(user, each));
      // Seen meanwhile: counted again from there.
      const isOld = known.some(({ conversation, oldest }) =>
        user.marks.upto(conversation) >= oldest
      );
      if (isOld) return session.isCurrent ? this.tell(session) : undefined;
      const oldest = Math.min(...known.map((each) => each.oldest));
      const isAll = known.length === 0;
      if (user.marks.raiseAll(isAll ? last : oldest - 1)) {
        this.#background.noteMark(user);
      }
      known.sort((one, other) => other.newest - one.newest);
      const listed = known.slice(0, limits.unseenConversations)
        .map(({ conversation, count: unread }) => ({
          ...fieldsOf(conversation),
          upto: user.marks.upto(conversation),
          unread,
        }));
      sendUnseen(session, { conversations: listed, last });
    });
  }

  /** Tells the user's other sessions that this one has seen a conversation. */
  tellOthers(by: Session, conversation: Marked): void {
    const { user } = by;
    if (by.device.companions.length === 0) return;
    const upto = user.marks.upto(conversation);
    const newest = conversation !== "broadcasts" && "members" in conversation
      ? conversation.latestMessage
      : user.latestMessage;
    if (newest <= upto) {
      return sendSeen(by, conversation, { upto, unread: 0, last: upto });
    }
    const moved = this.#moved.get(user);
    if (moved !== undefined) moved.set(conversation, by);
    else this.#count(user, new Map([[conversation, by]]));
  }

  /** The store's answer. @returns False when the query is not of these. */
  handleFound(query: number, { unseen }: Found): boolean {
    const answer = this.#queries.get(query);
    this.#queries.delete(query);
    answer?.(unseen);
    return answer !== undefined;
  }

  /**
   * The store has no answer, and clients go by what they have seen themselves.
   *
   * @returns False when the query is not of these.
   */
  handleQueryFailed(query: number): boolean {
    return this.handleFound(query, { messages: [], receivers: [] });
  }

  #count(user: User, moved: ReadonlyMap<Marked, Session>): void {
    this.#moved.set(user, new Map());
    const scopes = [...moved.keys()].map((each) => scopeOf(user, each));
    const asked = [...moved].map(([conversation, by]) =>
      [conversation, by, user.marks.upto(conversation)] as const
    );
    this.#ask(user, scopes, (unseen) => {
      const later = this.#moved.get(user) ?? new Map();
      this.#moved.delete(user);
      if (unseen === undefined) return;
      const { conversations, last } = unseen;
      const counts = new Map(
        conversations.flatMap((each) => this.#known(user, each))
          .map(({ conversation, count }) => [conversation, count]),
      );
      for (const [conversation, by, upto] of asked) {
        // Seen further meanwhile: counted again from there.
        if (later.has(conversation)) continue;
        if (user.marks.upto(conversation) > upto) {
          later.set(conversation, by);
          continue;
        }
        const unread = counts.get(conversation) ?? 0;
        sendSeen(by, conversation, { upto, unread, last });
      }
      if (later.size > 0) this.#count(user, later);
    });
  }

  #ask(user: User, scopes: readonly UnseenScope[], answer: Answer): void {
    const query = this.#actions.newQuery();
    this.#queries.set(query, answer);
    const lookup = { kind: "unseen", user: user.id, scopes } as const;
    this.#actions.push({ action: "look-up", query, lookup });
  }

  /** None of what the user has left, or of who is no more. */
  #known(user: User, { kind, place, ...count }: UnseenConversation): Known[] {
    if (kind === "broadcast") {
      return [{ conversation: "broadcasts", ...count }];
    }
    if (kind === "user") {
      const conversation = this.#directory.userById(place);
      if (conversation === undefined || conversation.ended) return [];
      return [{ conversation, ...count }];
    }
    const conversation = this.#directory.groupById(place);
    const isMine = conversation !== undefined && user.groups.has(conversation);
    return isMine ? [{ conversation, ...count }] : [];
  }
}

/** Without what is unseen when the store has no answer. */
type Answer = (unseen: Found["unseen"]) => void;

interface Known
  extends Pick<UnseenConversation, "count" | "oldest" | "newest"> {
  readonly conversation: Marked;
}

/** Where there may be something that the user has not seen. */
function scopesOf(user: User): UnseenScope[] {
  const { marks } = user;
  const after = marks.everything;
  const scopes: UnseenScope[] = [];
  if (user.latestMessage > after) {
    const users = [...marks.above].flatMap(([conversation, upto]) =>
      conversation === "broadcasts" || "members" in conversation
        ? []
        : [[conversation.id, upto] as const]
    );
    scopes.push({ kind: "private", after, marks: users });
    scopes.push(scopeOf(user, "broadcasts"));
  }
  for (const group of user.groups) {
    const scope = scopeOf(user, group);
    if (group.latestMessage > scope.after) scopes.push(scope);
  }
  return scopes;
}

function scopeOf(user: User, conversation: Marked): UnseenScope {
  const after = user.marks.upto(conversation);
  if (conversation === "broadcasts") return { kind: "broadcast", after };
  const { id: place } = conversation;
  if (!("members" in conversation)) return { kind: "user", place, after };
  // What was said before the user joined is there to be read, not to be missed.
  const { sinceMessage = 0 } = conversation.members.get(user) ?? {};
  return { kind: "group", place, after: Math.max(after, sinceMessage) };
}

/** No message for the user has a higher id. */
function newestOf(user: User): number {
  const groups = [...user.groups].map(({ latestMessage }) => latestMessage);
  return Math.max(user.latestMessage, user.marks.everything, ...groups);
}

/** The conversation as clients know it. */
export function fieldsOf(conversation: Marked) {
  if (conversation === "broadcasts") return { broadcast: true };
  const { name } = conversation;
  return "members" in conversation ? { group: name } : { with: name };
}

function sendSeen(
  by: Session,
  conversation: Marked,
  how: Pick<EventFields<"seen">, "upto" | "unread" | "last">,
): void {
  const fields = { ...fieldsOf(conversation), ...how };
  tellCompanions(by, encodeFrame(event("seen", fields)));
}

function sendUnseen(
  session: Session,
  unseen: EventFields<"unseen">,
): void {
  if (!session.isCurrent) return;
  session.connection.send(encodeFrame(event("unseen", unseen)));
}
