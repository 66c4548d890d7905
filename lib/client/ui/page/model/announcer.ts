/**
 * What a screen reader is told of what comes: one line at a time, not more often
 * than can be listened to. What comes meanwhile is told as one.
 */
import { visible } from "../../../../base/text.ts";

/** One thing to tell. */
export interface Announcement {
  /** Who said it, or nobody. */
  readonly from?: string;
  readonly text: string;
  /** Where, if that is not the open conversation. */
  readonly where?: string;
}

/** Gathers announcements and says when to tell what. */
export class Announcer {
  #waiting: Announcement[] = [];
  #nextAt = -Infinity;

  /** Something is to be told. */
  add(announcement: Announcement): void {
    this.#waiting.push(announcement);
    // What nobody listens to any more is only counted.
    if (this.#waiting.length > mostWaiting) this.#waiting.shift();
  }

  /** What waits is told to nobody. */
  clear(): void {
    this.#waiting = [];
  }

  /** When {@link poll} has something, ms; `undefined` for never. */
  pollTimeout(): number | undefined {
    return this.#waiting.length === 0 ? undefined : this.#nextAt;
  }

  /**
   * What to tell now; `undefined` for nothing.
   *
   * @param now ms, monotonic.
   */
  poll(now: number): string | undefined {
    if (this.#waiting.length === 0 || now < this.#nextAt) return undefined;
    const all = this.#waiting;
    this.#waiting = [];
    this.#nextAt = now + pauseMs;
    if (all.length <= mostToldAlone) return all.map(sentence).join(". ");
    const places = [...Map.groupBy(all, ({ where }) => where)];
    return places.map(([where, { length }]) =>
      where === undefined ? `${length} new` : `${length} new in ${where}`
    ).join(", ");
  }
}

function sentence({ from, text, where }: Announcement): string {
  const words = visible(text.replace(/\s+/g, " ").slice(0, mostWords));
  const said = from === undefined ? words : `${visible(from)}: ${words}`;
  return where === undefined ? said : `${where}, ${said}`;
}

/** Time between two announcements, ms. */
const pauseMs = 1500;
/** So many are told word by word. */
const mostToldAlone = 3;
const mostWaiting = 200;
const mostWords = 300;
