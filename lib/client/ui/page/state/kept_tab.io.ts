/// <reference lib="dom" />
/**
 * What a tab keeps until it is loaded anew: drafts, and what is open. To ask the
 * browser for it takes long while that draws a page for the first time, so it is
 * asked when there is a client to show.
 */
import type { ConversationKey } from "../../../events/conversations.ts";
import { LineMemory } from "../model/line_memory.ts";

/** What one tab keeps. */
export class KeptTab {
  readonly memory = new LineMemory();
  /** It is here, or no longer wanted. */
  #isRestored = false;

  constructor() {
    addEventListener("pagehide", () => {
      if (!this.#isRestored) return;
      sessionStorage.setItem(draftsKey, this.memory.save());
    });
  }

  /** Takes up what was kept, the first time, and tells what was open. */
  restore(): ConversationKey | undefined {
    if (!this.#isRestored) {
      this.memory.restore(sessionStorage.getItem(draftsKey));
    }
    this.#isRestored = true;
    return sessionStorage.getItem(openKey) as ConversationKey ?? undefined;
  }

  /** This is open now. */
  open(key: ConversationKey | undefined): void {
    if (key === undefined) sessionStorage.removeItem(openKey);
    else sessionStorage.setItem(openKey, key);
  }

  /** Who comes next is perhaps somebody else. */
  forget(): void {
    this.memory.clear();
    this.#isRestored = true;
    // The form is drawn first.
    setTimeout(() => {
      for (const key of [draftsKey, openKey]) sessionStorage.removeItem(key);
    });
  }
}

const draftsKey = "parley-drafts";
const openKey = "parley-open";
