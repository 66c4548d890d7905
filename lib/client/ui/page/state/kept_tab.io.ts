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
  /** Whose drafts are here; absent before they are, and between two logins. */
  #login: string | undefined;

  constructor() {
    addEventListener("pagehide", () => {
      if (this.#login === undefined) return;
      sessionStorage.setItem(draftsKey, this.memory.save());
    });
  }

  /** Takes up what was kept of this login, the first time, and tells what was open. */
  restore(login = ""): ConversationKey | undefined {
    if (this.#login !== login) {
      this.#login = login;
      // The tab may have been closed by its browser while others logged in.
      if (sessionStorage.getItem(loginKey) !== login) removeAll();
      sessionStorage.setItem(loginKey, login);
      this.memory.restore(sessionStorage.getItem(draftsKey));
    }
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
    this.#login = undefined;
    // The form is drawn first.
    setTimeout(() => this.#login === undefined && removeAll());
  }
}

function removeAll(): void {
  for (const key of [loginKey, draftsKey, openKey]) {
    sessionStorage.removeItem(key);
  }
}

const loginKey = "parley-login";
const draftsKey = "parley-drafts";
const openKey = "parley-open";
