/**
 * The accounts of a cluster, which are rows of its database. The core changes
 * them in the same way as everything else: in a transaction that checks that it
 * still is the core.
 */
import type { AccountRow, AccountRows } from "../lease.ts";
import { StartError } from "../../../system/errors.io.ts";
import {
  PostgresRefusal,
  type PostgresSession,
} from "./postgres_session.io.ts";
import type { PostgresWriter } from "./postgres_writer.io.ts";
import { arrayText, fenceScript, quoted } from "./write_script.ts";

/** Those rows for the core, in one term. */
export class PostgresAccounts implements AccountRows {
  readonly #writer: PostgresWriter;

  constructor(writer: PostgresWriter) {
    this.#writer = writer;
  }

  async read(signal?: AbortSignal): Promise<AccountRow[]> {
    return await this.#writer.all(readQuery, toAccountRow, signal);
  }

  async add(rows: readonly AccountRow[]): Promise<void> {
    await this.#commit(insertScript(rows));
  }

  async change(from: AccountRow, to: AccountRow): Promise<void> {
    const values = [from, to].flatMap(({ name, credential }) => [
      quoted(name),
      quoted(credential),
    ]);
    await this.#commit(`SELECT change_account(${values.join()})`);
  }

  async #commit(script: string): Promise<void> {
    try {
      await this.#writer.commit((number) => `${fenceScript(number)};${script}`);
    } catch (error) {
      if (!(error instanceof PostgresRefusal)) throw error;
      if (error.code === editedCode) {
        throw new StartError("the account was edited meanwhile");
      }
      if (error.code !== takenCode) throw error;
      throw new StartError("there is an account of that name already");
    }
  }
}

/** Reads the rows, beside a cluster that may be at work. */
export async function readAccountRows(
  session: PostgresSession,
): Promise<AccountRow[]> {
  return (await session.query(readQuery)).map(toAccountRow);
}

/**
 * Changes the rows, within a transaction that was begun, as they are now: nobody
 * else changes any before it ends.
 *
 * @param change Makes all rows of those that are there.
 */
export async function editAccountRows(
  session: PostgresSession,
  change: (rows: readonly AccountRow[]) => readonly AccountRow[],
): Promise<void> {
  await session.query("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE");
  const before = await readAccountRows(session);
  const after = change(before);
  const had = new Map(before.map(({ name, credential }) => [name, credential]));
  const has = new Map(after.map(({ name, credential }) => [name, credential]));
  const gone = [...had.keys()].filter((name) => !has.has(name));
  const changed = after.filter(({ name, credential }) =>
    had.has(name) && had.get(name) !== credential
  );
  const added = after.filter(({ name }) => !had.has(name));
  if (gone.length > 0) {
    await session.query(deleteQuery, [arrayText(gone)]);
  }
  for (const { name, credential } of changed) {
    await session.query(updateQuery, [name, credential]);
  }
  if (added.length > 0) await session.query(insertQuery, columnsOf(added));
}

function toAccountRow(row: Readonly<Record<string, unknown>>): AccountRow {
  return { name: String(row.name), credential: String(row.credential) };
}

function insertScript(rows: readonly AccountRow[]): string {
  const [names = "", credentials = ""] = columnsOf(rows).map(quoted);
  return insertQuery.replace("$1", () => names)
    .replace("$2", () => credentials);
}

function columnsOf(rows: readonly AccountRow[]): string[] {
  return [
    arrayText(rows.map(({ name }) => name)),
    arrayText(rows.map(({ credential }) => credential)),
  ];
}

const readQuery = "SELECT name, credential FROM accounts ORDER BY place";
const deleteQuery = "DELETE FROM accounts WHERE name = ANY($1::text[])";
const updateQuery = "UPDATE accounts SET credential = $2 WHERE name = $1";
const insertQuery = "INSERT INTO accounts (name, credential) " +
  "SELECT * FROM unnest($1::text[], $2::text[])";
/** What `change_account` of the schema raises. */
const editedCode = "PA002";
/** A row of that name is there. */
const takenCode = "23505";
