import type { StoredRequest } from "../../model/store.ts";
import { type AccountRow, accountText } from "../lease.ts";
import { ServerData } from "../server_data.io.ts";
import { StartError } from "../../../system/errors.io.ts";
import { type DatabasePlace, shownPlace } from "./database_place.ts";
import { editAccountRows, readAccountRows } from "./postgres_accounts.io.ts";
import { makeTables } from "./postgres_lease.io.ts";
import { PostgresRefusal, PostgresSession } from "./postgres_session.io.ts";

/** The data in PostgreSQL as a command beside the server uses them. */
export class PostgresData extends ServerData {
  readonly #session: PostgresSession;
  readonly #isCluster: boolean;
  #isInTransaction = false;

  /** Use {@link PostgresData.open}. */
  constructor(folder: string, session: PostgresSession, isCluster: boolean) {
    super(folder);
    this.#session = session;
    this.#isCluster = isCluster;
  }

  /**
   * Opens them.
   *
   * @param folder Of the server's logs, by which it is known whether it runs;
   * that a cluster runs is known by its lease.
   * @param isCluster Its accounts are here too; the tables are made if need be.
   * @throws {StartError} when they cannot be used, or no server made any.
   */
  static async open(
    folder: string,
    place: DatabasePlace,
    isCluster: boolean,
  ): Promise<PostgresData> {
    const session = await guard(PostgresSession.open(place));
    if (isCluster) {
      await guard(makeTables(place, session));
      return new PostgresData(folder, session, true);
    }
    const [row] = await session.query(
      "SELECT to_regclass('requests') IS NOT NULL AS made",
    );
    if (row?.made === true) {
      const data = new PostgresData(folder, session, false);
      await data.#refuseCluster(place);
      return data;
    }
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
    await this.#transaction(async () => {
      await this.insert(what, subject);
      await body();
    });
  }

  /** The accounts of the cluster, as lines of `credentials.txt`. */
  async accountText(): Promise<string> {
    return accountText(await guard(readAccountRows(this.#session)));
  }

  /** Changes that text, as it is now; within `requestWith` together with that. */
  async editAccountText(change: (text: string) => string): Promise<void> {
    const edit = () =>
      guard(
        editAccountRows(this.#session, (rows) =>
          rowsOf(change(accountText(rows)))),
      );
    await (this.#isInTransaction ? edit() : this.#transaction(edit));
  }

  override [Symbol.dispose](): void {
    this.#session.close();
  }

  protected override async isRunning(): Promise<boolean> {
    if (!this.#isCluster) return await super.isRunning();
    const [row] = await this.#ask(
      "SELECT expires > clock_timestamp() AS held FROM core",
    );
    return row?.held === true;
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

  /** @throws {StartError} when the accounts are not in a file. */
  async #refuseCluster(place: DatabasePlace): Promise<void> {
    const [row] = await this.#ask("SELECT node <> '' AS shared FROM core");
    if (row?.shared !== true) return;
    this.#session.close();
    throw new StartError(
      `database ${
        shownPlace(place)
      } is a cluster's, whose accounts are in it: ` +
        "add --cluster",
    );
  }

  async #transaction(body: () => Promise<void>): Promise<void> {
    await this.#ask("BEGIN");
    this.#isInTransaction = true;
    try {
      await body();
      await this.#ask("COMMIT");
    } catch (error) {
      await this.#ask("ROLLBACK").catch(() => {});
      throw error;
    } finally {
      this.#isInTransaction = false;
    }
  }

  #ask(text: string, ...values: (string | number)[]) {
    return guard(this.#session.query(text, values));
  }
}

function rowsOf(text: string): AccountRow[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const space = line.indexOf(" ");
    return { name: line.slice(0, space), credential: line.slice(space + 1) };
  });
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
