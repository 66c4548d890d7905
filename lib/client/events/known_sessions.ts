import type { PrivateSessionInfo } from "./client_event.ts";

/** The private sessions that have not ended; one with each user. */
export class KnownSessions {
  readonly #byNumber = new Map<number, PrivateSessionInfo>();

  /** All of them, in the order in which they were asked for. */
  all(): PrivateSessionInfo[] {
    return [...this.#byNumber.values()];
  }

  /** One begins, goes on or ends. */
  put(info: PrivateSessionInfo): void {
    if (isLive(info)) this.#byNumber.set(info.session, info);
    else this.#byNumber.delete(info.session);
  }

  /** Somebody has another name: a session goes on with the same person. */
  rename(from: string, to: string): void {
    for (const info of this.all()) {
      if (info.user === from) this.put({ ...info, user: to });
    }
  }
}

function isLive({ state }: PrivateSessionInfo): boolean {
  return state === "preparing" || state === "offered" ||
    state === "connecting" || state === "open";
}
