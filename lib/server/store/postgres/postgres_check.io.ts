import type { CheckResult } from "../../../cli/check_result.ts";
import { StartError } from "../../../system/errors.io.ts";
import { type DatabasePlace, shownPlace } from "./database_place.ts";
import {
  lockHolders,
  postgresSteps,
  schemaVersion,
} from "./postgres_schema.ts";
import { PostgresRefusal, PostgresSession } from "./postgres_session.io.ts";

/**
 * Looks whether a server could use a database, without changing anything; it may
 * be run beside one that does.
 */
export async function checkPostgres(
  place: DatabasePlace,
): Promise<CheckResult[]> {
  let session: PostgresSession | undefined;
  try {
    session = await PostgresSession.open(place);
    return await look(session, place);
  } catch (error) {
    const isKnown = error instanceof StartError ||
      error instanceof PostgresRefusal;
    if (!isKnown) throw error;
    return [{ status: "fail", message: `database: ${error.message}` }];
  } finally {
    session?.close();
  }
}

/**
 * How many accounts a cluster has in a database; 0 where there is none.
 *
 * @throws {Error} when it cannot be asked.
 */
export async function countAccounts(place: DatabasePlace): Promise<number> {
  const session = await PostgresSession.open(place);
  try {
    const [found] = await session.query(
      "SELECT to_regclass('accounts') IS NOT NULL AS made",
    );
    if (found?.made !== true) return 0;
    const [row] = await session.query("SELECT count(*) AS count FROM accounts");
    return Number(row?.count);
  } finally {
    session.close();
  }
}

async function look(
  session: PostgresSession,
  place: DatabasePlace,
): Promise<CheckResult[]> {
  const found: CheckResult[] = [];
  const where = shownPlace(place);
  const add = (status: CheckResult["status"], text: string) =>
    found.push({ status, message: `database: ${text}` });
  const [state] = await session.query(
    "SELECT current_setting('server_version') AS version, " +
      "current_setting('fsync') AS fsync, " +
      "current_setting('full_page_writes') AS pages, " +
      "pg_is_in_recovery() AS standby, " +
      "coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) " +
      "AS may_create",
  );
  const server = `${where} (PostgreSQL ${state?.version})`;
  for (
    const [name, value] of [["fsync", state?.fsync], [
      "full_page_writes",
      state?.pages,
    ]]
  ) {
    if (value === "on") continue;
    add("warn", `${where} has ${name} off: a power cut may damage it`);
  }
  const version = await schemaVersion(session);
  if (state?.standby === true) {
    add("fail", `${server} is a standby, which can only be read`);
  } else if (version === undefined) {
    add(
      "fail",
      `${server} holds tables of another program; make one for Parley ` +
        "alone with createdb",
    );
  } else if (version === 0) {
    if (state?.may_create === true) {
      add(
        "ok",
        `${server} is empty; the tables will be made at the first start`,
      );
    } else {
      add("fail", `${server}: its user may make no tables; make it the owner`);
    }
  } else {
    if (version > postgresSteps.length) {
      add(
        "fail",
        `${where} has schema version ${version}, this program knows ` +
          `${postgresSteps.length}: it needs the newer version of Parley`,
      );
      return found;
    }
    const [core] = await session.query(
      "SELECT moved, (SELECT count(*) FROM messages) AS messages FROM core",
    );
    if (typeof core?.moved === "string") {
      add("fail", `the data of ${where} were brought to ${core.moved}`);
    } else {
      const holders = await session.query(lockHolders);
      const use = holders.length > 0 ? "; a server is using it" : "";
      add("ok", `${server}, ${core?.messages} messages${use}`);
    }
  }
  return found;
}
