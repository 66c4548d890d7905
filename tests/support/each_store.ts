import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "../../lib/server/store/sqlite_store.io.ts";
import type { Store } from "../../lib/server/model/store.ts";
import { PostgresStore } from "../../lib/server/store/postgres/postgres_store.io.ts";
import { noPostgres, placeOf, PostgresServer } from "./postgres_server.ts";
import { withTempFolder } from "./temp_folder.ts";
import { testUnless } from "./test_unless.ts";

/** A store whose index of the search a test fills when it wants to. */
export interface TestedStore extends Store {
  /** Takes some more messages into it. @returns True when there may be more. */
  index(): boolean | Promise<boolean>;
}

/** A database that a test has for itself, empty at first. */
export interface TestDatabase {
  /** Opens it; as often as wanted, one store after another. */
  open(): Promise<TestedStore>;
  /** Does what another program might do with it. */
  execute(sql: string): Promise<void>;
  /** Where its files are; `undefined` where they are not the store's business. */
  readonly folder?: string;
}

/** Runs a body with an empty database. */
export interface TestDatabases {
  use(body: (database: TestDatabase) => Promise<void>): Promise<void>;
}

/**
 * A test that every store has to pass; `body` closes what it opens, and may use
 * more databases than the one that it is given.
 */
export function storeTest(
  name: string,
  body: (database: TestDatabase, others: TestDatabases) => Promise<void>,
): void {
  Deno.test(
    `${name} (SQLite)`,
    () => sqlite.use((database) => body(database, sqlite)),
  );
  testUnless(
    noPostgres,
    `${name} (PostgreSQL)`,
    () => postgres.use((database) => body(database, postgres)),
  );
}

let server: PostgresServer | undefined;
Deno.test.afterAll(() => server?.[Symbol.asyncDispose]());

const postgres: TestDatabases = {
  async use(body) {
    server ??= await PostgresServer.start();
    const at = server;
    const url = await at.createDatabase();
    const place = placeOf(url);
    await body({
      open: () => PostgresStore.open(place, noNews),
      execute: (sql) => at.execute(place.name, sql),
    });
  },
};

const noNews = {
  report(_: unknown, text: string): void {
    throw new Error(text);
  },
  stop(why: string): void {
    throw new Error(why);
  },
};

const sqlite: TestDatabases = {
  use: (body) =>
    withTempFolder((folder) => {
      const path = `${folder}/parley.db`;
      return body({
        folder,
        open: () => Promise.resolve(new SqliteStore(path)),
        execute: (sql) => {
          using database = new DatabaseSync(path);
          database.exec(sql);
          return Promise.resolve();
        },
      });
    }),
};
