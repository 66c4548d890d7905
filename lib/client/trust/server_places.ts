import { parseHostPort } from "../../cli/host_port.ts";

/** A machine and a port of it. */
export interface ServerPlace {
  readonly host: string;
  readonly port: number;
}

/** The places where a server is, in the order in which they are to be tried. */
export class ServerPlaces {
  readonly #first: ServerPlace;
  /** Those that the user named. */
  readonly #given: readonly ServerPlace[];
  #places: readonly ServerPlace[];
  #attempts = 0;

  /** @param others Where else it is; absent for nowhere. */
  constructor(
    { host, port, others = [] }: ServerPlace & {
      readonly others?: readonly ServerPlace[];
    },
  ) {
    this.#first = { host, port };
    this.#given = [this.#first, ...others];
    this.#places = this.#given;
  }

  /** What the server is known by. */
  get first(): ServerPlace {
    return this.#first;
  }

  /**
   * The server says where it is, too; what it said before does not count any
   * more, and what is no place is left out.
   */
  learn(hosts: readonly string[]): void {
    const told = hosts.flatMap((text) => {
      try {
        const { host, port = this.#first.port } = parseHostPort("host", text);
        return [{ host, port }];
      } catch {
        return [];
      }
    });
    const isNew = ({ host, port }: ServerPlace) =>
      !this.#given.some((each) => each.host === host && each.port === port);
    this.#places = [...this.#given, ...told.filter(isNew)];
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
