import type { DatabasePlace } from "./database_place.ts";
import type { PostgresRow } from "./postgres_queries.ts";
import {
  PostgresLost,
  PostgresSession,
  type PostgresValue,
} from "./postgres_session.io.ts";

/** A connection that only reads; a new one is made when it has ended. */
export class PostgresReader {
  readonly #place: DatabasePlace;
  #session: Promise<PostgresSession> | undefined;
  #isClosed = false;

  /** Connects when it is asked something. */
  constructor(place: DatabasePlace) {
    this.#place = place;
  }

  /** Carries out one statement, on a new connection if the old one has ended. */
  async query(
    text: string,
    values: PostgresValue[] = [],
  ): Promise<PostgresRow[]> {
    for (let tries = 1;; tries++) {
      if (this.#isClosed) throw new Error("the database is closed");
      const session = await this.#connected();
      try {
        return await session.query(text, values);
      } catch (error) {
        if (!(error instanceof PostgresLost) || tries >= mostTries) throw error;
      }
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#isClosed = true;
    this.#session?.then((session) => session.close(), () => {});
  }

  #connected(): Promise<PostgresSession> {
    if (this.#session === undefined) {
      const onEnd = () => {
        if (this.#session === opening) this.#session = undefined;
      };
      const opening = PostgresSession.open(this.#place, { onEnd });
      this.#session = opening;
      opening.catch(() => {
        if (this.#session === opening) this.#session = undefined;
      });
    }
    return this.#session;
  }
}

/** How often a question is asked whose connection ends. */
const mostTries = 2;
