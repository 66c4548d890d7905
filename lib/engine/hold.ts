/**
 * Whether the users at the two ends have a transfer wait, or are in a call, for
 * which it is to leave room. Each end says of itself
 * how it is in every probe, which one that does not know of it does not read; what
 * is news is probed until a probe that says so is answered. It goes on when neither
 * user has it wait.
 */
export class Hold {
  #isOwn = false;
  #isPeer = false;
  #isOwnInCall = false;
  #isPeerInCall = false;
  #isKnown = false;
  /** Number of the newest datagram that told how the other end is. */
  #heardNumber = -1;
  /** The first token whose probe says how it is here now; 0 before one did. */
  #firstToken = 0;
  #tellAt = Infinity;
  #hasChanged = false;

  /** True while this end's user has it wait. */
  get isOwn(): boolean {
    return this.#isOwn;
  }

  /** True while the other end's user has it wait. */
  get isPeer(): boolean {
    return this.#isPeer;
  }

  /** True while either has. */
  get isHeld(): boolean {
    return this.#isOwn || this.#isPeer;
  }

  /** True while either end's user is in a call. */
  get isInCall(): boolean {
    return this.#isOwnInCall || this.#isPeerInCall;
  }

  /** True once the other end is known to know of this. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** What stands in this end's probes. */
  get flags(): number {
    return knows | (this.#isOwn ? holds : 0) |
      (this.#isOwnInCall ? calls : 0);
  }

  /** This end's user has it wait, or no longer. */
  set(isHeld: boolean, now: number): void {
    if (isHeld === this.#isOwn) return;
    this.#isOwn = isHeld;
    this.#tell(now);
  }

  /** This end's user is in a call from now on, or no longer. */
  setInCall(isInCall: boolean, now: number): void {
    if (isInCall === this.#isOwnInCall) return;
    this.#isOwnInCall = isInCall;
    this.#tell(now);
  }

  /** A probe of the other end, datagram `number`, has these flags. */
  handleProbe(number: number, flags: number): void {
    // Of those that overtook each other the newest counts.
    if (number <= this.#heardNumber || (flags & knows) === 0) return;
    this.#heardNumber = number;
    this.#isKnown = true;
    const isPeer = (flags & holds) !== 0;
    this.#hasChanged ||= isPeer !== this.#isPeer;
    this.#isPeer = isPeer;
    this.#isPeerInCall = (flags & calls) !== 0;
  }

  /** A probe with `token` leaves. */
  handleSent(token: number, now: number): void {
    if (this.#tellAt === Infinity) return;
    if (this.#firstToken === 0) this.#firstToken = token;
    this.#tellAt = now + againMs;
  }

  /** The other end answered the probe with `token`. */
  handleAnswer(token: number): void {
    const isTold = this.#firstToken > 0 && token >= this.#firstToken;
    if (isTold) this.#tellAt = Infinity;
  }

  /** When a probe has to say what is news here, ms. */
  deadline(): number {
    return this.#tellAt;
  }

  /** True when {@link isPeer} is another than at the last call. */
  takeChanged(): boolean {
    const hasChanged = this.#hasChanged;
    this.#hasChanged = false;
    return hasChanged;
  }

  #tell(now: number): void {
    this.#firstToken = 0;
    this.#tellAt = now;
  }
}

/** The flags of a probe. */
const holds = 1;
const knows = 2;
/** Not 4, which says that an order follows. */
const calls = 8;
/** How long an answer is waited for. */
const againMs = 250;
