/** What a screen reader is told, in the page's time. */
import { type Signal, signal } from "@preact/signals";
import { type Announcement, Announcer } from "../model/announcer.ts";

/** The announcements of a tab. */
export class Announcements {
  /** What is to be read out now. */
  readonly current: Signal<string> = signal("");
  readonly #announcer = new Announcer();

  /** Something is to be told. */
  add(announcement: Announcement): void {
    this.#announcer.add(announcement);
    this.#tellSoon();
  }

  /** What waits is told to nobody. */
  clear(): void {
    this.#announcer.clear();
    this.current.value = "";
  }

  #tellSoon(): void {
    const at = this.#announcer.pollTimeout();
    if (at === undefined) return;
    setTimeout(() => {
      const text = this.#announcer.poll(performance.now());
      if (text === undefined) return this.#tellSoon();
      this.current.value = text;
      // It was said: who reads the page comes upon it only where it belongs.
      setTimeout(() => {
        if (this.current.value === text) this.current.value = "";
      }, saidMs);
    }, Math.max(at - performance.now(), announceMs));
  }
}

const announceMs = 100;
/** After so long a screen reader has an announcement, ms; less than between two. */
const saidMs = 1000;
