/**
 * Decides which connections write when. Writes are what a chat server spends
 * its time on, and thousands of them under way at once cost several times as
 * much as a few: so only some have a place, the others wait in line while what
 * is queued for them is joined into one write.
 *
 * A reader that does not read must not hold a place: a write that takes too
 * long goes on without one. The next writes of that connection wait in a line
 * of their own, with few places, until one of them ends in time; so any number
 * of blocked readers delay the others once, by little.
 */
import { limits } from "../../wire/limits.ts";

/** A connection as the scheduler sees it. */
export interface WriteSource {
  /** True when something is queued. */
  readonly hasOutgoing: boolean;
  /** All that is queued, joined: bytes, or a text of ASCII alone. */
  takeOutgoing(): Uint8Array | string | undefined;
  /** Writes all of it; `undefined` when that is done already. */
  write(data: Uint8Array | string): Promise<void> | undefined;
  /** Nothing is queued and nothing under way any more. */
  handleDrained(): void;
  /** The connection is broken; it will not be written to again. */
  handleWriteFailed(error: unknown): void;
}

/** Limits of a {@link WriteScheduler}. */
export interface WriteSchedulerOptions {
  /** Writes under way at once; 8 by default. */
  readonly places?: number;
  /** The same for connections whose last write took too long; 4. */
  readonly slowPlaces?: number;
  /** After how long a write goes on without a place, ms; 50. */
  readonly placeMs?: number;
}

/** Shares out the places among all connections. */
export class WriteScheduler {
  readonly #fast: Line;
  readonly #slow: Line;

  constructor(options: WriteSchedulerOptions = {}) {
    const { places = limits.writesUnderWay, slowPlaces = 4, placeMs = 50 } =
      options;
    this.#fast = new Line(places, placeMs);
    this.#slow = new Line(slowPlaces, placeMs);
  }

  /** Writes under way that hold a place. */
  get underWay(): number {
    return this.#fast.underWay + this.#slow.underWay;
  }

  /** A writer for one connection. */
  writer(source: WriteSource): Writer {
    return new Writer(source, this.#fast, this.#slow);
  }

  /** Stops the timer that watches over the places. */
  close(): void {
    this.#fast.close();
    this.#slow.close();
  }
}

/** Writes for one connection, one write at a time. */
export class Writer {
  readonly #source: WriteSource;
  readonly #fast: Line;
  readonly #slow: Line;
  #line: Line;
  #state: "idle" | "waiting" | "writing" | "broken" = "idle";
  /** The line in which the write under way holds a place. */
  #place: Line | undefined;
  /** When it started, ms. */
  #startedAt = 0;

  constructor(source: WriteSource, fast: Line, slow: Line) {
    this.#source = source;
    this.#fast = fast;
    this.#slow = slow;
    this.#line = fast;
  }

  /** True while something waits or is being written. */
  get busy(): boolean {
    return this.#state === "waiting" || this.#state === "writing";
  }

  /** To be called when something was queued. */
  wake(): void {
    if (this.#state !== "idle" || !this.#source.hasOutgoing) return;
    this.#state = "waiting";
    this.#line.enter(this);
  }

  /** Called by the line when this writer's turn has come. */
  start(): void {
    this.#place = this.#line;
    this.#state = "writing";
    try {
      const data = this.#source.takeOutgoing();
      // Most writes are over at once: waiting for those costs more than they do.
      const under = data === undefined ? undefined : this.#source.write(data);
      if (under === undefined) return this.#ended();
      this.#startedAt = performance.now();
      under.then(
        () => this.#ended(),
        (error) => this.#ended(error ?? new Error("write failed")),
      );
    } catch (error) {
      this.#ended(error);
    }
  }

  /** Gives the place up when the write began before `time`, ms. */
  giveUpPlace(time: number): void {
    if (this.#startedAt > time) return;
    this.#line = this.#slow;
    this.#leavePlace();
  }

  #ended(error?: unknown): void {
    if (this.#place !== undefined) {
      this.#line = this.#fast;
      this.#leavePlace();
    }
    if (error !== undefined) {
      this.#state = "broken";
      this.#source.handleWriteFailed(error);
      return;
    }
    this.#state = "idle";
    if (this.#source.hasOutgoing) this.wake();
    else this.#source.handleDrained();
  }

  #leavePlace(): void {
    const place = this.#place;
    this.#place = undefined;
    place?.leave(this);
  }
}

/** Writers in order of arrival, some of which hold a place. */
class Line {
  readonly #places: number;
  readonly #placeMs: number;
  readonly #holders = new Set<Writer>();
  #waiting: Writer[] = [];
  /** Index of the first that waits. */
  #next = 0;
  #isFilling = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(places: number, placeMs: number) {
    this.#places = places;
    this.#placeMs = placeMs;
  }

  get underWay(): number {
    return this.#holders.size;
  }

  enter(writer: Writer): void {
    this.#waiting.push(writer);
    this.#fill();
  }

  leave(writer: Writer): void {
    this.#holders.delete(writer);
    this.#fill();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fill(): void {
    // Called again by a writer that is done as it starts: that goes on below.
    if (this.#isFilling) return;
    this.#isFilling = true;
    while (this.#holders.size < this.#places) {
      const writer = this.#waiting[this.#next];
      if (writer === undefined) break;
      if (++this.#next >= Math.max(this.#waiting.length / 2, compactFrom)) {
        this.#waiting.splice(0, this.#next);
        this.#next = 0;
      }
      this.#holders.add(writer);
      writer.start();
    }
    this.#isFilling = false;
    // Places only matter to those who wait: without any, no timer runs.
    if (!this.#crowded || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#checkPlaces(), this.#placeMs);
  }

  get #crowded(): boolean {
    return this.#next < this.#waiting.length;
  }

  #checkPlaces(): void {
    this.#timer = undefined;
    if (!this.#crowded) return;
    const before = performance.now() - this.#placeMs;
    for (const writer of [...this.#holders]) writer.giveUpPlace(before);
    this.#fill();
  }
}

/** Writers that have started are dropped from the line in bunches. */
const compactFrom = 64;
