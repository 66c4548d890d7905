/**
 * In which order keys are derived from passwords, one at a time. Two kinds of
 * names wait: those of accounts that need it (background), and those that are
 * logging in and wait for it (urgent). Urgent ones go first, but every fourth
 * turn is the background's, so that a flood of logins cannot hold it up for ever.
 */
export class DerivationQueue {
  readonly #background = new Set<string>();
  readonly #urgent = new Set<string>();
  readonly #capacity: number;
  #turn = 0;

  /** @param capacity Names that may be urgent at once; 256 by default. */
  constructor(capacity = 256) {
    this.#capacity = capacity;
  }

  /** Names in the background. */
  get backgroundSize(): number {
    return this.#background.size;
  }

  /** Replaces the names in the background. */
  setBackground(names: Iterable<string>): void {
    this.#background.clear();
    for (const name of names) this.#background.add(name);
  }

  /** Makes `name` urgent; `false` when too many are. */
  request(name: string): boolean {
    if (this.#urgent.has(name)) return true;
    if (this.#urgent.size >= this.#capacity) return false;
    this.#urgent.add(name);
    return true;
  }

  /** The name whose turn it is; it waits no longer. */
  take(): { readonly name: string; readonly urgent: boolean } | undefined {
    this.#turn = (this.#turn + 1) % backgroundTurn;
    if (this.#turn === 0) {
      // A name that is urgent as well is served better as an urgent one.
      const name = first(this.#background, this.#urgent);
      if (name !== undefined) return this.#taken(name, false);
    }
    const urgent = first(this.#urgent);
    if (urgent !== undefined) return this.#taken(urgent, true);
    const name = first(this.#background);
    return name === undefined ? undefined : this.#taken(name, false);
  }

  #taken(name: string, urgent: boolean) {
    this.#background.delete(name);
    if (urgent) this.#urgent.delete(name);
    return { name, urgent };
  }
}

/** The first of `names` that is not among `others`. */
function first(
  names: ReadonlySet<string>,
  others?: ReadonlySet<string>,
): string | undefined {
  for (const name of names) if (!others?.has(name)) return name;
  return undefined;
}

const backgroundTurn = 4;
