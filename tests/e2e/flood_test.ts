/** The floods of tests/soak/hostile.ts in small: the marks are those of the full size. */
import { assert, assertEquals } from "@std/assert";
import { accountLine, numberedAccounts } from "../support/account_line.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { deafCrowd, endlessLine } from "../soak/hostile.ts";

Deno.test("server: floods of bytes and messages are cut off, at no cost to others", async (t) => {
  const { names, text } = numberedAccounts("user", 10);
  await using server = await TestServer.start({
    accounts: text,
    args: ["--message-rate", "0"],
  });
  const [user = ""] = names;

  await t.step("a line without end, before and after the login", async () => {
    for (const who of [undefined, user]) {
      await endlessLine(server, 1e5, who);
      const { ms = NaN, grownMB = NaN } = await endlessLine(server, 1e7, who);
      assert(ms < 10_000, `${ms} ms`);
      assert(grownMB < 10, `${grownMB} MB`);
    }
  });

  await t.step("broadcasts to some who do not read", async () => {
    const figures = await deafCrowd(server, 15e6, 2, names);
    assertEquals([figures.cutOff, figures.stillOnline], [7, 2]);
  });

  await t.step("the same with TLS", async () => {
    await using secure = await TestServer.start({
      accounts: text,
      plain: false,
      args: ["--message-rate", "0"],
    });
    const figures = await deafCrowd(secure, 15e6, 2, names);
    assertEquals([figures.cutOff, figures.stillOnline], [7, 2]);
  });
});

Deno.test("client: a script that sends faster than allowed is held back and loses nothing", async () => {
  const accounts = accountLine("yoda", "green") + accountLine("luke", "blue");
  await using server = await TestServer.start({
    accounts,
    args: ["--message-rate", "30"],
  });
  using luke = await ProtocolClient.login(server.port, {
    user: "luke",
    password: "blue",
  });
  await using yoda = await TestClient.start(server, {
    user: "yoda",
    password: "green",
  });
  const count = 620;
  const lines = Array.from({ length: count }, (_, i) => `/msgto luke m${i}`);
  await yoda.send(lines.join("\n"));
  assertEquals(await yoda.finish(), 0);
  await luke.event("message", { text: `m${count - 1}` });
  const texts = luke.events.filter(({ ev }) => ev === "message")
    .map(({ text }) => text);
  assertEquals(texts, lines.map((_, i) => `m${i}`));
  const results = yoda.events().filter(({ event }) => event === "result");
  assertEquals(results.filter(({ ok }) => ok).length, count);
});
