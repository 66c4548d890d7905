/**
 * Decides when a node looks at the row of the lease, takes it, renews it and
 * gives it up. Times are monotonic ms of this machine, which only say how long
 * something took: whether the row is free, the database says.
 */

/** The row, as it was found. */
export interface LeaseRow {
  /** Name of the node that has it, or had it last; empty before the first. */
  readonly node: string;
  readonly term: number;
  /** False while nobody else may take it. */
  readonly isFree: boolean;
  /** Where the data were brought; absent while they are here. */
  readonly moved?: string;
}

/** What the node is to be told. */
export type LeaseNews =
  | { readonly news: "held"; readonly term: number }
  | { readonly news: "lost"; readonly why: string }
  | { readonly news: "other"; readonly holder: string; readonly term: number }
  | { readonly news: "reachable"; readonly isReachable: boolean }
  | { readonly news: "namesake" }
  | { readonly news: "stopped"; readonly why: string };

/** What to ask the database. */
export type LeaseQuestion = "look" | "take" | "renew";

/** The lease as one node sees it. */
export class LeaseWatch {
  readonly #news: LeaseNews[] = [];
  /** Set while this node has the row. */
  #held: { term: number; renewedAt: number } | undefined;
  #highest = 0;
  #other: { holder: string; term: number } | undefined;
  #isReachable = true;
  #askAt: number;
  #isAsking = false;
  /** The row was given back since that was asked. */
  #wasGiven = false;
  #wantsIt = false;
  /** Until then the row is left to others. */
  #leavesUntil = -Infinity;
  /** Since when another node has the row, or nobody. */
  #since = -Infinity;
  /** True once another node was at work. */
  #hasMetOthers = false;
  /** Since when it says that it is there. */
  #seenSince: number | undefined;
  #hasNamesake = false;
  #isStopped = false;

  /** @param now Looks at once. */
  constructor(now: number) {
    this.#askAt = now;
  }

  /** The term in which this node is the core; undefined when it is not. */
  get term(): number | undefined {
    return this.#held?.term;
  }

  /** What to tell, the oldest first. */
  pollNews(): LeaseNews | undefined {
    return this.#news.shift();
  }

  /** What to ask now; its answer is to be handed in before the next one. */
  pollQuestion(now: number): LeaseQuestion | undefined {
    if (this.#isStopped || this.#isAsking || now < this.#askAt) {
      return undefined;
    }
    this.#isAsking = true;
    this.#wasGiven = false;
    if (this.#held !== undefined) return "renew";
    return this.#wantsIt && now >= this.#leavesUntil ? "take" : "look";
  }

  /** When {@link handleTimeout} is due, or something is to be asked. */
  pollTimeout(): number {
    const end = this.#held === undefined
      ? Infinity
      : this.#held.renewedAt + giveUpMs;
    return Math.min(end, this.#isAsking ? Infinity : this.#askAt);
  }

  /** Gives the lease up when it was not renewed for too long. */
  handleTimeout(now: number): void {
    if (this.#held === undefined) return;
    if (now < this.#held.renewedAt + giveUpMs) return;
    this.#lose("the database did not renew it in time");
  }

  /**
   * The row was looked at, and is not this node's.
   *
   * @param isApart True while this node has heard of no other one: those that
   * had the row before it came may be heard by all but it.
   * @param isCutOff True while it could be heard by none: it does not take the
   * row.
   */
  handleRow(
    row: LeaseRow,
    now: number,
    isApart = false,
    isCutOff = false,
  ): void {
    this.#answered(now + lookMs, true);
    if (row.term < this.#highest) {
      return this.#stop(
        "the database is not as this cluster left it: a copy was put back; " +
          "start all nodes again",
      );
    }
    if (row.moved !== undefined) {
      return this.#stop(
        `the data of the database were brought to ${row.moved}`,
      );
    }
    this.#highest = row.term;
    const holder = row.isFree ? "" : row.node;
    if (this.#held !== undefined) {
      this.#lose(
        holder === "" ? "it had expired" : `node "${holder}" has taken it`,
      );
    }
    if (this.#other?.holder !== holder || this.#other.term !== row.term) {
      this.#other = { holder, term: row.term };
      this.#since = now;
      this.#news.push({ news: "other", holder, term: row.term });
    }
    // One that is renewed, not only what is left of one that died.
    if (holder !== "" && now >= this.#since + aliveMs) {
      this.#hasMetOthers = true;
    }
    const waitMs = isApart && this.#hasMetOthers ? apartMs : 0;
    this.#wantsIt = row.isFree && !isCutOff && now >= this.#since + waitMs;
    if (this.#wantsIt && now >= this.#leavesUntil) this.#askAt = now;
  }

  /**
   * This node has taken the row.
   *
   * @param askedAt When that was asked for: it has it from then on at least.
   */
  handleTaken(term: number, askedAt: number, now: number): void {
    this.#wantsIt = false;
    this.#answered(now, true);
    if (term <= this.#highest) {
      return this.#stop(`it was given term ${term} after ${this.#highest}`);
    }
    this.#highest = term;
    this.#held = { term, renewedAt: askedAt };
    this.#other = undefined;
    this.#news.push({ news: "held", term });
  }

  /** The row was renewed; that was asked for at `askedAt`. */
  handleRenewed(askedAt: number): void {
    this.#answered(askedAt + renewMs, true);
    if (this.#held !== undefined) this.#held.renewedAt = askedAt;
  }

  /** It could not be taken: somebody else was there first, or is in the way. */
  handleNotTaken(now: number): void {
    this.#wantsIt = false;
    this.#answered(now + lookMs, true);
  }

  /** The database did not answer, or refused. */
  handleFailure(now: number): void {
    this.#wantsIt = false;
    this.#answered(now + lookMs, false);
  }

  /**
   * This node has said that it is there.
   *
   * @param hasNamesake Another one of its name has, within the last five seconds.
   */
  handleSeen(hasNamesake: boolean, now: number): void {
    this.#seenSince ??= now;
    // One that was killed and started again at once is no other one.
    const isOther = hasNamesake && now >= this.#seenSince + aliveMs;
    if (isOther && !this.#hasNamesake) this.#news.push({ news: "namesake" });
    this.#hasNamesake = isOther;
  }

  /** Some node says that it has given the row back: no need to wait to look. */
  handleGiven(now: number): void {
    if (this.#held !== undefined) return;
    this.#wasGiven = true;
    this.#askAt = Math.min(this.#askAt, now);
  }

  /** What this node stores is refused: another one has taken over. */
  handleFenced(why: string, now: number): void {
    if (this.#held === undefined) return;
    this.#lose(why);
    this.#askAt = Math.min(this.#askAt, now);
  }

  /** The row was given back; others may take it first. */
  handleReleased(now: number): void {
    this.#held = undefined;
    this.#wantsIt = false;
    this.#leavesUntil = now + leaveMs;
    this.#askAt = Math.max(this.#askAt, now + lookMs);
  }

  #answered(askAt: number, isReachable: boolean): void {
    this.#isAsking = false;
    this.#askAt = this.#wasGiven ? -Infinity : askAt;
    if (this.#isReachable === isReachable) return;
    this.#isReachable = isReachable;
    this.#news.push({ news: "reachable", isReachable });
  }

  #lose(why: string): void {
    this.#held = undefined;
    this.#news.push({ news: "lost", why });
  }

  #stop(why: string): void {
    if (this.#held !== undefined) this.#lose(why);
    this.#isStopped = true;
    this.#news.push({ news: "stopped", why });
  }
}

/** How often a node that is not the core looks at the row, ms. */
const lookMs = 250;
/** How often the core renews it, ms. */
const renewMs = 1_000;
/**
 * From when a renewal was asked for until the core gives up, ms: a second less
 * than the row lasts, which the database counts from later on.
 */
const giveUpMs = 4_000;
/** How long a node that gave it back leaves it to others, ms. */
const leaveMs = 2_000;
/** Longer than a row lasts that is not renewed, and a node that is gone, ms. */
const aliveMs = 6_000;
/** How long one that does not hear of others leaves it to them, ms. */
const apartMs = 10_000;
