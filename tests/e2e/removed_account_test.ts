/** Accounts that come, go and come again, with the real programs. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { notAlone } from "../support/node_companions.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { userCommand } from "../support/user_command.ts";

Deno.test("server user: who gets the name of a removed account is another person, and an account can be used at once", async (t) => {
  await using server = await TestServer.start({
    accounts: accountLine("alice", "12345678"),
    // A try before the server knows would lock the name.
    args: ["--attempts", "1", "--block-duration", "600"],
  });
  const login = (user: string, identity = user) =>
    TestClient.login(server, user, "12345678", { identity });
  await add(server, "bob");
  await using alice = await login("alice");
  {
    await using bob = await login("bob", "first");
    await bob.succeed("/setprofile email bob@example.org");
    await bob.succeed("/msgto alice from bob");
    await alice.succeed("/msgto bob secret");
    await alice.succeed("/verify bob");
    await alice.succeed("/creategroup jedi bob");
    assertEquals(await bob.finish(), 0);
  }
  await alice.succeed("/msgto bob waits");
  // The server runs.
  await user(server, "remove", "bob");
  assertStringIncludes(await alice.refused("/profile bob"), "unknown_user");
  await add(server, "bob");
  {
    await using bob = await login("bob", "second");
    await alice.event("key-changed", { user: "bob", another: true });
    await hasNothing(bob);
    await alice.succeed("/msgto bob for the second");
    await bob.event("message", { text: "for the second" });
    assertEquals(await bob.finish(), 0);
  }
  await alice.succeed("/msgto bob waits again");
  // It does not.
  await server.stop();
  await user(server, "remove", "bob");
  await add(server, "bob");
  await server.restart();
  await using bob = await login("bob", "third");
  await hasNothing(bob);
  await alice.event("welcome", { resumed: true });
  await alice.succeed("/msgto bob for the third");
  await bob.event("message", { text: "for the third" });
  await bob.finish();
  await t.step({
    name:
      "a line that was taken away by hand and comes back is the same person's",
    ignore: notAlone !== undefined,
    fn: async () => {
      await server.stop();
      const file = server.path("credentials.txt");
      const lines = (await Deno.readTextFile(file)).split("\n");
      await Deno.writeTextFile(file, `${lines[0]}\n`);
      await server.restart();
      await server.stop();
      assertStringIncludes(await userFails(server, "add", "bob"), "--restore");
      await Deno.writeTextFile(file, lines.join("\n"));
      await server.restart();
      await using again = await login("bob", "third");
      const { messages } = await again.succeed("/history");
      assertEquals((messages as { text: string }[]).map(({ text }) => text), [
        "for the third",
      ]);
    },
  });
});

async function hasNothing(bob: TestClient): Promise<void> {
  assertEquals((await bob.event("welcome")).waiting, 0);
  assertEquals((await bob.succeed("/history")).messages, []);
  assertEquals((await bob.succeed("/history alice")).messages, []);
  assertEquals((await bob.succeed("/profile bob")).fields, {});
  assertEquals((await bob.succeed("/groups")).groups, []);
}

function add(server: TestServer, name: string): Promise<string> {
  return user(server, "add", name);
}

/** Runs `parley-server user …`, which must succeed; what it printed. */
async function user(server: TestServer, ...args: string[]): Promise<string> {
  const { code, text } = await userCommand(server, args);
  assertEquals(code, 0, text);
  return text;
}

async function userFails(
  server: TestServer,
  ...args: string[]
): Promise<string> {
  const { code, text } = await userCommand(server, args);
  assertEquals(code, 1, text);
  return text;
}
