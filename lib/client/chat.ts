import type { ChatTarget } from "../commands/chat_target.ts";
import type { ClientEvent } from "./client_event.ts";

/** The chat that lines without a slash go to; tells the user when it changes. */
export class Chat {
  readonly #emit: (event: ClientEvent) => void;
  #target: ChatTarget | undefined;

  constructor(emit: (event: ClientEvent) => void) {
    this.#emit = emit;
  }

  /** Where lines go; `undefined` when nowhere. */
  get target(): ChatTarget | undefined {
    return this.#target;
  }

  /** Lines go there from now on, or nowhere. */
  set(target: ChatTarget | undefined): void {
    this.#target = target;
    this.#emit({ event: "chat", ...(target ?? { kind: "none" }) });
  }

  /** Somebody has another name: lines go on to the same person. */
  handleRenamed(from: string, to: string): void {
    const target = this.#target;
    if (target?.kind === "user" && target.name === from) {
      this.set({ ...target, name: to });
    }
  }

  /** The user is in this group no more. */
  handleGroupGone(name: string): void {
    const target = this.#target;
    if (target?.kind === "group" && target.name === name) this.set(undefined);
  }
}
