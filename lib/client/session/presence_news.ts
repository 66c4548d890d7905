/**
 * Who comes and goes, as far as the user wants to be told. What is not told, or
 * not yet, is known all the same.
 *
 * A coming is told at once. A going is told when it has lasted a minute: who is
 * back within that, with a connection that was lost or another program, was
 * never away. Who comes and goes within a minute has that one line.
 */
import type { PresenceChoice } from "../commands/program.ts";
import type { ClientEvent } from "../events/client_event.ts";
import type { ClientView } from "../events/client_view.ts";
import type { QuietEvent } from "../events/quiet_event.ts";

/** What it needs from the session it belongs to. */
export interface PresenceNewsHost {
  readonly view: Pick<ClientView, "isCompany" | "online" | "person">;
  emit(event: ClientEvent | QuietEvent): void;
}

/** Somebody comes or goes. */
export type PresenceEvent = Extract<ClientEvent, { event: "presence" }>;

/** Tells of some, and keeps what is not told yet. */
export class PresenceNews {
  /** Of whom the user is told. */
  choice: PresenceChoice;
  readonly #host: PresenceNewsHost;
  readonly #settleMs: number;
  /** Goings that are not told yet, the oldest first. */
  readonly #gone = new Map<string, { news: PresenceEvent; due: number }>();
  /** Comings that were told lately, with when that is long ago. */
  readonly #came = new Map<string, number>();
  /** Who was online when this client lost its connection. */
  #here = new Set<string>();
  /** Until when they are only coming back, too. */
  #hereUntil = -Infinity;

  /**
   * @param settleMs How long a going has to last before it is told; with 0 all
   * that is told is told at once.
   */
  constructor(
    host: PresenceNewsHost,
    choice: PresenceChoice,
    settleMs: number = minuteMs,
  ) {
    this.#host = host;
    this.choice = choice;
    this.#settleMs = settleMs;
  }

  /**
   * Somebody came or went.
   *
   * @param now Monotonic ms.
   */
  handle(news: PresenceEvent, now: number): void {
    if (this.#isTold(news, now)) this.#host.emit(news);
    else this.#host.emit({ ...news, event: "whereabouts" });
  }

  /**
   * The connection is gone: when it was the server, those who were online come
   * back like this client, and were never away.
   */
  handleDisconnected(now: number): void {
    const before = now < this.#hereUntil ? this.#here : [];
    const here = new Set([...this.#host.view.online(), ...before]);
    this.#here = new Set([...here].slice(0, mostNews));
    this.#hereUntil = Infinity;
  }

  /** There is a connection again. */
  handleOpened(now: number): void {
    this.#hereUntil = now + this.#settleMs;
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: number): void {
    for (const [user, until] of this.#came) {
      if (until <= now) this.#came.delete(user);
    }
    for (const [user, { news, due }] of this.#gone) {
      if (due > now) continue;
      this.#gone.delete(user);
      // Back meanwhile, while this client itself had no connection; who was, is
      // not known to be away where it has none again.
      const { online } = this.#host.view.person(user) ?? { online: false };
      if (online !== false) continue;
      if (this.#isWanted(user)) this.#host.emit(news);
    }
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  pollTimeout(): number | undefined {
    const [oldest] = this.#gone.values();
    return oldest?.due;
  }

  #isTold(news: PresenceEvent, now: number): boolean {
    const { user, online } = news;
    if (this.#settleMs === 0) return this.#isWanted(user);
    const wasAway = this.#gone.delete(user);
    const wasHere = this.#here.delete(user) && now < this.#hereUntil;
    const hadLine = (this.#came.get(user) ?? -Infinity) > now;
    const later = now + this.#settleMs;
    if (online) {
      if (wasAway || wasHere || hadLine || !this.#isWanted(user)) return false;
      put(this.#came, user, later);
      return true;
    }
    if (!hadLine) put(this.#gone, user, { news, due: later });
    return false;
  }

  #isWanted(user: string): boolean {
    return this.choice === "all" ||
      this.choice === "known" && this.#host.view.isCompany(user);
  }
}

/** Puts an entry at the end; a crowd that comes and goes pushes others out. */
function put<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= mostNews) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

const minuteMs = 60_000;
/** Most people whose coming or going is kept. */
const mostNews = 2000;
