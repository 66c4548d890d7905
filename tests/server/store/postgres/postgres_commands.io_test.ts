/** What commands do beside a server whose data are in PostgreSQL, and TLS. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { runUserCommand } from "../../../../lib/server/accounts/user_command.io.ts";
import { runCheckCommand } from "../../../../lib/server/admin/check_command.io.ts";
import { runMigrateCommand } from "../../../../lib/server/admin/migrate_command.io.ts";
import { readDatabaseOption } from "../../../../lib/server/store/postgres/database_option.io.ts";
import type { DatabasePlace } from "../../../../lib/server/store/postgres/database_place.ts";
import { PostgresSession } from "../../../../lib/server/store/postgres/postgres_session.io.ts";
import { PostgresStore } from "../../../../lib/server/store/postgres/postgres_store.io.ts";
import { SqliteStore } from "../../../../lib/server/store/sqlite_store.io.ts";
import { StartError } from "../../../../lib/system/errors.io.ts";
import { accountLine } from "../../../support/account_line.ts";
import { FakeConsole } from "../../../support/fake_console.ts";
import { freePort } from "../../../support/free_port.ts";
import {
  noPostgres,
  placeOf,
  PostgresServer,
} from "../../../support/postgres_server.ts";
import { testUnless } from "../../../support/test_unless.ts";
import { storedUser } from "../../../support/stored_user.ts";
import { withTempFolder } from "../../../support/temp_folder.ts";
import { waitUntil } from "../../../support/wait_until.ts";
import { testCertificate } from "../../../support/test_certificate.ts";

const news = { report() {}, stop() {} };
const port = freePort();
const certificate = await testCertificate({ name: "localhost" });
let shared: PostgresServer | undefined;
Deno.test.afterAll(() => shared?.[Symbol.asyncDispose]());

async function server(): Promise<PostgresServer> {
  return shared ??= await PostgresServer.start({
    port,
    files: { "server.crt": certificate.cert, "server.key": certificate.key },
    settings: ["ssl=on"],
  });
}

testUnless(
  noPostgres,
  "user, check and migrate take --database as the server does",
  async () => {
    const postgres = await server();
    const url = await postgres.createDatabase();
    const place = placeOf(url);
    const execute = (sql: string) => postgres.execute(place.name, sql);
    await withTempFolder(async (folder) => {
      const credentials = `${folder}/credentials.txt`;
      const file = `${folder}/database.txt`;
      await Deno.writeTextFile(credentials, "yoda one\n", { mode: 0o600 });
      await Deno.writeTextFile(file, `${url}\n`, { mode: 0o644 });
      const dataDir = `${folder}/data`;
      const common = ["--data-dir", dataDir, "--database", file];
      const accounts = ["--credentials", credentials, ...common];
      const said = async (
        run: typeof runUserCommand,
        ...args: string[]
      ): Promise<string> => {
        const console = new FakeConsole();
        await run(args, console);
        return [...console.printed, ...console.complaints].join("\n");
      };
      const check = (...args: string[]) =>
        said(
          runCheckCommand,
          ...["--plain", "--port", `${freePort()}`, ...accounts, ...args],
        );
      assertStringIncludes(
        await said(runUserCommand, "unlock", "yoda", ...accounts),
        "start the server once",
      );
      await execute("CREATE TABLE users (name text)");
      assertStringIncludes(await check(), "holds tables of another program");
      await execute("DROP TABLE users");
      const before = await check();
      assertStringIncludes(before, "is empty; the tables will be made");
      assertStringIncludes(before, "has fsync off");
      assertStringIncludes(before, file);

      const store = await PostgresStore.open(place, news);
      const yoda = storedUser(1, "yoda");
      await store.commit([{ write: "user", user: yoda }]);
      assertStringIncludes(
        await said(runUserCommand, "unlock", "yoda", ...accounts),
        "will be unlocked when the server starts",
      );
      assertStringIncludes(
        await said(runUserCommand, "remove", "Yoda", ...accounts),
        "who gets the name next is another person",
      );
      assertEquals(await store.requests(), [
        { number: 1, what: "unlock", subject: "yoda" },
        { number: 2, what: "remove", subject: yoda.account },
      ]);
      // The file could not be written: nothing is asked of the server then.
      await Deno.writeTextFile(credentials, "yoda one\n");
      await store.commit([
        { write: "requests-done", upto: 2 },
        { write: "user", user: storedUser(2, "leia") },
      ]);
      await said(
        runUserCommand,
        ...["remove", "leia", "--credentials", "/proc/none", ...common],
      );
      assertEquals(await store.requests(), []);
      assertStringIncludes(await check(), "0 messages; a server is using it");
      const node = ["--cluster", "--node", "a"];
      const alone = await check(...node);
      assert(!alone.includes("nodes:"), alone);
      await execute(
        "INSERT INTO nodes (run, name, version, key, seen) VALUES ('x', 'a', " +
          "'1', 'SHA256:k', clock_timestamp() + interval '1 hour')",
      );
      const beside = await check(...node);
      assertStringIncludes(beside, 'is called "a", too');
      assertStringIncludes(beside, "has the key SHA256:k, this one no TLS");
      await store.close();

      assertStringIncludes(
        await said(runMigrateCommand, "--database", file, "--to", dataDir),
        `everything is in "${dataDir}" now`,
      );
      assertStringIncludes(await check(), "were brought to");
      const again = ["--to", dataDir, "--database", url];
      assertStringIncludes(
        await said(runMigrateCommand, ...again),
        "nothing was changed",
      );
      const back = new SqliteStore(`${dataDir}/parley.db`);
      assertEquals((await back.load()).users.length, 2);
      await back.close();
      for (const wrong of [[], ["--from", "a"], [...again, "--from", "b"]]) {
        assertEquals(await runMigrateCommand(wrong, new FakeConsole()), 2);
      }
    });
  },
);

testUnless(
  noPostgres,
  "user --cluster works on the accounts in the database",
  async () => {
    const url = await (await server()).createDatabase();
    await withTempFolder(async (folder) => {
      const file = `${folder}/credentials.txt`;
      const luke = accountLine("luke", "blue");
      const common = ["--data-dir", `${folder}/data`, "--database", url];
      const user = async (...args: string[]): Promise<string> => {
        const console = new FakeConsole({ input: ["12345678"] });
        await runUserCommand(
          [...args, "--credentials", file, "--cluster", ...common],
          console,
        );
        return [...console.printed, ...console.complaints].join("\n");
      };
      await Deno.writeTextFile(file, `yoda one two\nbad\n${luke}`);
      // Nobody is left out by a slip.
      assertStringIncludes(await user("add", "leia"), "user import");
      const imported = await user("import", file);
      assertStringIncludes(imported, "line 2: ");
      assertStringIncludes(imported, "2 accounts imported");
      assertEquals(await user("list"), "yoda  hashed\nluke  hashed");
      await Deno.writeTextFile(file, `Yoda other\n${luke}han solo\n`);
      assertEquals(
        await user("import", file),
        "1 account imported; 2 were there already, and stay as they are",
      );
      await Deno.remove(file);
      assertEquals(await user("add", "leia"), 'account "leia" added');
      assertStringIncludes(await user("add", "LEIA"), "exists already");
      assertEquals(await user("passwd", "Han"), 'password of "han" changed');
      assertStringIncludes(await user("remove", "yoda"), '"yoda" removed');
      assertStringIncludes(await user("remove", "yoda"), "no account");
      assertStringIncludes(await user("unlock", "luke"), "will be unlocked");
      assertEquals(await user("hash"), "no plain password left to hash");
      const lines = (await user("export")).split("\n");
      assertEquals(lines[0], luke.trimEnd());
      assertEquals(lines.map((line) => /\w+/.exec(line)?.[0]), [
        ...["luke", "han", "leia"],
      ]);
      const options = ["--cluster", "--plain", "--port", `${freePort()}`];
      const console = new FakeConsole();
      await runCheckCommand([...options, ...common], console);
      assertStringIncludes(console.printed.join("\n"), "3 in the database");

      // The accounts of a file are not those of a cluster.
      const session = await PostgresSession.open(placeOf(url));
      await session.query("UPDATE core SET node = 'a'");
      session.close();
      await Deno.writeTextFile(file, luke);
      const alone = new FakeConsole();
      const args = ["remove", "luke", "--credentials", file, ...common];
      assertEquals(await runUserCommand(args, alone), 1);
      assertStringIncludes(alone.complaints.join("\n"), "add --cluster");
    });
  },
);

Deno.test({
  name: "readDatabaseOption() reads a file, and never tells what is in it",
  fn: async () => {
    await withTempFolder(async (folder) => {
      const path = `${folder}/database.txt`;
      await assertRejects(() => readDatabaseOption(path), StartError, path);
      await Deno.writeTextFile(path, "postgres://a:secret@h/b\nmore\n");
      assertEquals((await readDatabaseOption(path)).password, "secret");
      await Deno.writeTextFile(path, "postgres://a:secret@h\n");
      const read = () => readDatabaseOption(path);
      const error = await assertRejects(read, StartError, path);
      assert(!error.message.includes("secret"), error.message);
    });
  },
});

testUnless(
  noPostgres,
  "PostgresSession speaks TLS, with the one it was told of and nobody else",
  async () => {
    await withTempFolder(async (folder) => {
      const other = await testCertificate({ name: "localhost" });
      const file = async (name: string, text: string) => {
        await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o644 });
        return `${folder}/${name}`;
      };
      const secure = await server();
      const authority = await file("own.pem", certificate.cert);
      const place: DatabasePlace = {
        ...{ host: "localhost", port, name: "postgres", user: "parley" },
        ...{ tls: true, authority },
      };
      const session = await PostgresSession.open(place);
      const [row] = await session.query(
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
      );
      assertEquals(row?.ssl, true);
      const refused = async (wrong: Partial<DatabasePlace>) => {
        const open = () => PostgresSession.open({ ...place, ...wrong });
        const error = await assertRejects(open, StartError, "cannot reach");
        assert(!error.message.includes("\n"));
      };
      await refused({ authority: await file("other.pem", other.cert) });
      await refused({ authority: await file("none.pem", "no certificate") });
      await refused({ host: "127.0.0.1" });
      // Its end is noticed though nothing is asked.
      assert(session.isOpen);
      await secure.stop();
      await waitUntil("it ends", () => !session.isOpen);
    });
  },
);
