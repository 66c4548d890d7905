import type { StoredRequest } from "../../model/store.ts";
import { ServerData } from "../server_data.io.ts";
import { StartError } from "../../../system/errors.io.ts";
import { type DatabasePlace, shownPlace } from "./database_place.ts";
import { PostgresRefusal, PostgresSession } from "./postgres_session.io.ts";

/** The data in PostgreSQL as a command beside the server uses them. */
export class PostgresData extends ServerData {
  readonly #session: PostgresSession;

  /** Use {@link PostgresData.open}. */
  constructor(folder: string, session: PostgresSession) {
    super(folder);
    this.#session = session;
  }

  /**
   * Opens them.
   *
   * @param folder Of the server's logs, by which it is known whether it runs.
   * @throws {StartError} when they cannot be used, or no server made any.
   */
  static async open(
    folder: string,
    place: DatabasePlace,
  ): Promise<PostgresData> {
    const session = await guard(PostgresSession.open(place));
    const [row] = await session.query(
      "SELECT to_regclass('requests') IS NOT NULL AS made",
    );
    if (row?.made === true) return new PostgresData(folder, session);
    session.close();
    throw new StartError(
      `there are no data of a server in database ${shownPlace(place)}; ` +
        "start the server once",
    );
  }

  override async requestWith(
    what: StoredRequest["what"],
    subject: string,
    body: () => Promise<void>,
  ): Promise<void> {
    await this.#ask("BEGIN");
    try {
      await this.insert(what, subject);
      await body();
      await this.#ask("COMMIT");
    } catch (error) {
      await this.#ask("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  override [Symbol.dispose](): void {
    this.#session.close();
  }

  protected override accountsLike(name: string) {
    return this.#ask(
      "SELECT name, account FROM users WHERE lower(name) = lower($1) " +
        "AND ended_at IS NULL AND account NOT IN (SELECT subject " +
        "FROM requests WHERE what = 'remove')",
      name,
    );
  }

  protected override async insert(
    what: StoredRequest["what"],
    subject: string,
  ): Promise<number> {
    const [row] = await this.#ask(
      "INSERT INTO requests (what, subject) VALUES ($1, $2) RETURNING number",
      what,
      subject,
    );
    return Number(row?.number);
  }

  protected override async has(number: number): Promise<boolean> {
    const rows = await this.#ask(
      "SELECT 1 AS found FROM requests WHERE number = $1",
      number,
    );
    return rows.length > 0;
  }

  #ask(text: string, ...values: (string | number)[]) {
    return guard(this.#session.query(text, values));
  }
}

/** @throws {StartError} for what the database does not do. */
async function guard<T>(what: Promise<T>): Promise<T> {
  try {
    return await what;
  } catch (error) {
    if (error instanceof StartError) throw error;
    const { message } = error as Error;
    const isOld = error instanceof PostgresRefusal &&
      ["42P01", "42703"].includes(error.code);
    const advice = isOld
      ? "; an older Parley made it: start the server once"
      : "";
    throw new StartError(message + advice);
  }
}
