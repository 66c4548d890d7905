/** The notes of conversations, each with its place among the messages. */
import type { ConversationKey } from "../../../events/conversations.ts";
import type { ChatNote } from "./notes.ts";

/** Something in a conversation that is no message, and where it stands. */
export interface PlacedNote extends ChatNote, Place {}

/** Where something stands in a conversation that is no message. */
export interface Place {
  /** Of what stands below the same message, the lower comes first. */
  readonly id: number;
  /** It stands below the messages up to this time. */
  readonly below: number;
}

/** The last notes of each conversation. */
export class PlacedNotes {
  readonly #byKey = new Map<ConversationKey, readonly PlacedNote[]>();

  /** Those of one, oldest first. */
  of(key: ConversationKey): readonly PlacedNote[] {
    return this.#byKey.get(key) ?? [];
  }

  /** One more. */
  add(note: PlacedNote): void {
    const { key } = note;
    this.#byKey.set(key, [...this.of(key), note].slice(-mostNotes));
  }

  /** One was read. */
  dismiss(key: ConversationKey, id: number): void {
    this.#byKey.set(key, this.of(key).filter((each) => each.id !== id));
  }

  /** A conversation has another name. */
  move(from: ConversationKey, to: ConversationKey): void {
    const notes = [...this.of(from), ...this.of(to)];
    this.#byKey.delete(from);
    this.#byKey.set(
      to,
      notes.slice(-mostNotes).map((n) => ({ ...n, key: to })),
    );
  }

  /** Forgets all. */
  clear(): void {
    this.#byKey.clear();
  }
}

/** Most of a conversation. */
const mostNotes = 50;
