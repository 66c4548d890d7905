/** A machine and a port of it. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
}

/** The places where a server is, in the order in which they are to be tried. */
export class ServerPlaces {
  readonly #first: ServerPlace;
  readonly #places: readonly ServerPlace[];
  #attempts = 0;

  /** @param others Where else it is; absent for nowhere. */
  constructor(
    { host, port, others = [] }: ServerPlace & {
      readonly others?: readonly ServerPlace[];
    },
  ) {
    this.#first = { host, port };
    this.#places = [this.#first, ...others];
  }

  /** What the server is known by. */
  get first(): ServerPlace {
    return this.#first;
  }

  /**
   * All of them, for one attempt: each begins with the next one, since what the
   * last attempt led to may have gone without anybody having heard of it.
   */
  inTurn(): ServerPlace[] {
    const first = this.#attempts++ % this.#places.length;
    return [...this.#places.slice(first), ...this.#places.slice(0, first)];
  }
}

/** What to say before the host, where a connection has no TLS. */
export const plainWarning =
  "--plain: everything but the password can be read and changed on the way to";
