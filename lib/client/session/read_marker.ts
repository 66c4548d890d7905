/**
 * Tells the server what the user has seen here, so that the user's other devices
 * know. What is seen in quick succession goes together. What the server did not
 * get, because the connection or the server was lost, it gets when it has told
 * anew what it knows.
 */
import { isUserName } from "../../wire/names.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { ClientEvent } from "../events/client_event.ts";
import type { ClientView } from "../events/client_view.ts";
import {
  type ConversationKey,
  conversationNamed,
  nameOfConversation,
} from "../events/conversations.ts";
import type { QuietEvent } from "../events/quiet_event.ts";

/** What the marks need of the session that they belong to. */
export interface ReadMarkerHost {
  readonly view: ClientView;
  emit(event: ClientEvent | QuietEvent): void;
  /** Sends it at once. */
  tell(fields: RequestFields<"seen">): void;
}

/** What the user sees on this device. */
export class ReadMarker {
  readonly #host: ReadMarkerHost;
  /** What the server is still to be told. */
  readonly #untold = new Map<ConversationKey, number>();
  /** Nothing is told sooner than this, monotonic ms. */
  #notBefore = -Infinity;

  constructor(host: ReadMarkerHost) {
    this.#host = host;
  }

  /**
   * The user has seen what came.
   *
   * @param conversation All of them when absent.
   * @param upto Id of the last message that was seen, if it is not the last one.
   */
  see(conversation?: ConversationKey, upto?: number): void {
    const { view, emit } = this.#host;
    const keys = conversation === undefined
      ? view.conversations().map(({ key }) => key)
      : [conversation];
    for (const key of keys) {
      if (key.startsWith("=")) {
        const isNews = (view.conversation(key)?.unread ?? 0) > 0;
        if (isNews) emit({ event: "session-seen", user: key.slice(1) });
        continue;
      }
      const mark = view.markOf(key, upto);
      if (mark === undefined) continue;
      emit({ event: "seen", ...nameOfConversation(key), ...mark });
      this.#note(key, mark.upto);
    }
  }

  /** The server tells what it knows: less than this client, if something was lost. */
  handleUnseen(
    { conversations }: Extract<ClientEvent, { event: "unseen" }>,
  ): void {
    for (const each of conversations) {
      const key = conversationNamed(each);
      const { seen = 0 } = this.#host.view.conversation(key) ?? {};
      if (seen > each.upto) this.#note(key, seen);
    }
  }

  /** The connection is gone, or what ids mean: nothing is left to be told. */
  handleDisconnected(): void {
    this.#untold.clear();
  }

  /**
   * Tells the server what there is, if it is time.
   *
   * @param now Monotonic ms; without it, it is time.
   */
  flush(now?: number): void {
    if (now !== undefined && now < this.#notBefore) return;
    if (this.#untold.size === 0) return;
    for (const [key, upto] of this.#untold) {
      this.#host.tell({ ...nameOfConversation(key), upto });
    }
    this.#untold.clear();
    this.#notBefore = (now ?? -Infinity) + betweenMs;
  }

  /** When {@link flush} is due, monotonic ms. */
  pollTimeout(): number | undefined {
    return this.#untold.size === 0 ? undefined : this.#notBefore;
  }

  #note(key: ConversationKey, upto: number): void {
    // Of who is no more there is no mark.
    if (key.startsWith("@") && !isUserName(key.slice(1))) return;
    this.#untold.set(key, upto);
  }
}

/** Least time between two tellings, ms. */
const betweenMs = 500;
