/** Data that are put back from a copy, and clients that know more than these. */
import { assert, assertEquals } from "@std/assert";
import { backup, DatabaseSync } from "node:sqlite";
import { join } from "@std/path";
import { accountLine } from "../support/account_line.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";

Deno.test("server: a copy of the data is put back, with and without logs, and nothing is lost that is sent afterwards", async () => {
  await using server = await TestServer.start({
    accounts: accountLine("alice", "12345678") + accountLine("bob", "12345678"),
  });
  const login = (user: string, config: string) =>
    TestClient.login(server, user, "12345678", { config });
  const config = join(server.folder, "bob");
  await using alice = await login("alice", join(server.folder, "alice"));
  const data = server.path("data");
  const database = join(data, "parley.db");
  const kept = server.path("kept.db");

  // The database alone, from a running server; both stay where they are.
  {
    await using bob = await login("bob", config);
    await say(alice, "one");
    await bob.event("message", { text: "one" });
    using open = new DatabaseSync(database);
    await backup(open, kept);
    for (const text of ["two", "three", "four"]) await say(alice, text);
    await bob.event("message", { text: "four" });
    await server.stop();
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(database + end).catch(() => {});
    }
    await Deno.copyFile(kept, database);
    await backAgain(server, alice, bob);
    await bob.event("server-set-back");
    // Alice has received nothing since.
    await alice.event("server-set-back", {
      message: setBackMessage +
        '. 3 messages of yours are gone: to bob "two", to bob "three", ' +
        'to bob "four"',
    });
    for (const text of ["five", "six"]) await say(alice, text);
    await bob.event("message", { text: "six" });
    const texts = bob.events().filter(({ event }) => event === "message")
      .map(({ text }) => text);
    assertEquals(texts, ["one", "two", "three", "four", "five", "six"]);
    assertEquals(await bob.finish(), 0);
  }
  const log = await server.dataWhen(
    "messagelog.txt",
    (text) => text.includes("six"),
  );
  const numbers = log.trim().split("\n").map((line) => parseInt(line));
  assertEquals(numbers, [1, 2, 3, 4, 5, 6]);

  // All of the data, from a server that was stopped; bob comes afterwards.
  await server.stop();
  const folder = server.path("copy");
  await Deno.mkdir(folder);
  for await (const { name } of Deno.readDir(data)) {
    await Deno.copyFile(join(data, name), join(folder, name));
  }
  await backAgain(server, alice);
  {
    await using bob = await login("bob", config);
    for (const text of ["seven", "eight"]) await say(alice, text);
    await bob.event("message", { text: "eight" });
    assertEquals(await bob.finish(), 0);
  }
  await server.stop();
  await Deno.remove(data, { recursive: true });
  await Deno.rename(folder, data);
  const from = alice.process.out.length;
  await backAgain(server, alice);
  await alice.event("server-set-back", {
    message: setBackMessage +
      '. 2 messages of yours are gone: to bob "seven", to bob "eight"',
  }, { from });
  for (const text of ["nine", "ten"]) await say(alice, text);
  await using bob = await login("bob", config);
  await bob.event("server-set-back");
  await bob.event("message", { text: "ten" });
  const texts = bob.events().filter(({ event }) => event === "message")
    .map(({ text }) => text);
  assertEquals(texts, ["nine", "ten"]);
  const message = server.process.out.find((line) =>
    line.includes("set back to an older copy")
  );
  assert(message !== undefined);
  // What is lost is told once.
  await backAgain(server, alice);
  const told = alice.events().filter(({ event }) =>
    event === "server-set-back"
  );
  assertEquals(told.length, 2);
});

const setBackMessage =
  "The server was set back to an older copy of its data: what was sent after " +
  "that was made is lost there, and a message number may mean another message now";

async function say(alice: TestClient, text: string): Promise<void> {
  await alice.succeed(`/msgto bob ${text}`);
}

/** Starts the server again and waits until the clients are back. */
async function backAgain(
  server: TestServer,
  ...clients: TestClient[]
): Promise<void> {
  const from = clients.map((client) => client.process.out.length);
  await server.restart();
  for (const [at, client] of clients.entries()) {
    await client.event("welcome", {}, { from: from[at] ?? 0 });
  }
}
