import { assert, assertEquals, assertMatch } from "@std/assert";
import { restart } from "../support/restart.ts";
import { checkRefusals } from "../support/check_refusals.ts";
import { nodeCount, notAlone } from "../support/node_companions.ts";
import { logIn, startServer } from "../support/jedi.ts";
import { type JsonEvent, TestClient } from "../support/test_client.ts";
import { waitUntil } from "../support/wait_until.ts";

/** `NUMBER FROM: TEXT` of each message of a `/history`. */
function said(result: JsonEvent): string[] {
  return (result.messages as JsonEvent[]).map((message) =>
    `${message.number} ${message.from}: ${
      message.deleted ? "(deleted)" : message.text
    }`
  );
}

/** The lines of a log, without number and time. */
function contents(log: string): string[] {
  return log.trimEnd().split("\n").map((line, at) => {
    const [number, time = "", ...rest] = line.split("; ");
    assertEquals(number, String(at + 1));
    assertMatch(time, /^\d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}$/);
    return rest.join("; ");
  });
}

const lines = (count: number) => (log: string) =>
  log.split("\n").length === count + 1;

Deno.test("/broadcast: everybody online, the log, refusals, a lost receiver", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");

  await t.step("everybody else online gets it, once", async () => {
    const sent = await yoda.succeed("/broadcast the council  meets");
    assertEquals([sent.number, sent.partial], [1, false]);
    for (const client of [luke, leia]) {
      const got = await client.event("message", { kind: "broadcast" });
      assertEquals(got.text, "the council  meets");
      assertEquals([got.from, got.at], ["yoda", sent.at]);
    }
    assertEquals(yoda.events().filter((e) => e.event === "message"), []);
  });

  await t.step("refusals", async () => {
    await checkRefusals(yoda, [
      ["/broadcast", "usage", "/broadcast TEXT"],
      ["/broadcast    ", "blank_text"],
      [`/broadcast ${"x".repeat(4097)}`, "text_too_long", "4096"],
      ["/broadcast \u0007bell", "bad_text"],
    ]);
  });

  await t.step("who was offline does not get it later", async () => {
    await using obiwan = await logIn(server, "obiwan");
    assertEquals((await obiwan.event("welcome")).waiting, 0);
    assertEquals((await obiwan.succeed("/history")).messages, []);
  });

  await t.step("log, history and numbers outlive the server", async () => {
    await restart(server, "SIGKILL", yoda, luke);
    await yoda.succeed("/broadcast again");
    const log = await server.dataWhen("messagelog.txt", lines(2));
    assertEquals(contents(log), [
      "yoda; *; the council  meets",
      "yoda; *; again",
    ]);
    const all = ["1 yoda: the council  meets", "2 yoda: again"];
    assertEquals(said(await yoda.succeed("/history")), all);
    await luke.event("message", { text: "again" });
    assertEquals(said(await luke.succeed("/history")), all);
  });
});

Deno.test("/whoelsesince: who is and was online, refusals, a restart", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const seen = async (line: string) =>
    ((await yoda.succeed(line)).users as JsonEvent[])
      .map(({ user, online }) => `${user} ${online}`);
  assertEquals(await seen("/whoelsesince 60"), []);
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  await leia.finish();
  await yoda.event("presence", { user: "leia", online: false });
  assertEquals(await seen("/whoelsesince 60"), ["luke true", "leia false"]);
  await checkRefusals(yoda, [
    ["/whoelsesince", "usage", "/whoelsesince SECONDS"],
    ["/whoelsesince ten", "usage", '"ten" is not a whole number'],
    ["/whoelsesince 1.5", "usage", "whole number"],
    ["/whoelsesince -1", "usage", "whole number"],
    ["/whoelsesince 1 2", "usage"],
  ]);
  await luke.process.kill();
  await restart(server, "SIGKILL", yoda);
  assertEquals(
    (await seen("/whoelsesince 600")).sort(),
    ["leia false", "luke false"],
  );
});

Deno.test("/history: by person and group, paging, nothing of others, refusals, restart", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  for (let i = 1; i <= 25; i++) {
    const [from, to] = i % 2 === 0 ? [yoda, "luke"] : [luke, "yoda"];
    await from.succeed(`/msgto ${to} text ${i}`);
  }
  await leia.succeed("/msgto luke secret");
  await yoda.succeed("/creategroup Jedi luke leia");
  await yoda.succeed("/groupmsg Jedi early");
  await luke.succeed("/joingroup Jedi");
  await yoda.succeed("/groupmsg Jedi late");
  const text = (i: number) =>
    `${i} ${i % 2 === 0 ? "yoda" : "luke"}: text ${i}`;
  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => text(from + at));

  await t.step("with a person, page by page", async () => {
    const first = await yoda.succeed("/history luke");
    assertEquals(said(first), range(6, 25));
    const earlier = String(first.earlier);
    assertEquals(earlier, `/history luke before ${first.before}`);
    const second = await yoda.succeed(earlier);
    await yoda.succeed("/history luke");
    assertEquals(said(await yoda.succeed("/history more")), said(second));
    assertMatch(await yoda.refused("/history more"), /Nothing was shown/);
    assertEquals(said(second), range(1, 5));
    assertEquals(second.earlier, undefined);
    assertEquals(said(await luke.succeed("/history yoda 3")), range(23, 25));
    assertEquals(said(await yoda.succeed("/history @leia")), []);
  });

  await t.step("of a group, since joining", async () => {
    const both = ["1 yoda: early", "2 yoda: late"];
    assertEquals(said(await yoda.succeed("/history jedi")), both);
    assertEquals(said(await yoda.succeed("/history #JEDI 1")), [
      "2 yoda: late",
    ]);
    assertEquals(said(await luke.succeed("/history Jedi")), ["2 yoda: late"]);
  });

  await t.step("all of mine, nothing of others", async () => {
    assertEquals(said(await leia.succeed("/history")), ["26 leia: secret"]);
    const mine = said(await yoda.succeed("/history 500"));
    assertEquals(mine, [...range(1, 25), "1 yoda: early", "2 yoda: late"]);
  });

  await t.step("refusals", async () => {
    await checkRefusals(leia, [
      ["/history vader", "unknown_name", "vader"],
      ["/history @vader", "unknown_user", "vader"],
      ["/history #sith", "unknown_group"],
      ["/history Jedi", "not_joined", "Please join"],
      ["/history luke 0", "usage", "count"],
      ["/history luke 501", "usage", "count"],
      ["/history luke 5 before x", "usage", "place"],
      ["/history luke 5 6 7", "usage"],
    ]);
    await using obiwan = await logIn(server, "obiwan");
    await checkRefusals(obiwan, [["/history Jedi", "not_in_group"]]);
  });

  await t.step("long texts come whole, over several answers", async () => {
    const long = "🙂".repeat(4000);
    for (let i = 0; i < 6; i++) await leia.succeed(`/msgto yoda ${long}`);
    const result = await yoda.succeed("/history leia");
    const texts = (result.messages as JsonEvent[]).map((each) => each.text);
    assertEquals(texts.length, 6);
    assert(texts.every((each) => each === long));
  });

  await t.step("the same after a restart", async () => {
    const before = said(await yoda.succeed("/history luke 500"));
    await restart(server, "SIGKILL", yoda);
    assertEquals(said(await yoda.succeed("/history luke 500")), before);
  });
});

Deno.test("/deletemsg, /deletegroupmsg: receivers, history, log, database, refusals, restart", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  await yoda.succeed("/creategroup Jedi luke");
  await luke.succeed("/joingroup Jedi");

  await t.step("a private message, a broadcast, a group message", async () => {
    await yoda.succeed("/msgto luke OOPS one");
    await yoda.succeed("/broadcast OOPS two");
    await yoda.succeed("/groupmsg Jedi OOPS three");
    await luke.event("message", { text: "OOPS three" });
    assertEquals((await yoda.succeed("/deletemsg 1")).deleted, 1);
    await yoda.succeed("/deletemsg 2");
    await yoda.succeed("/deletegroupmsg jedi 1");
    const deleted = { kind: "private", number: 1, from: "yoda" };
    await luke.event("deleted", { ...deleted, text: "OOPS one" });
    await luke.event("deleted", { kind: "broadcast", number: 2 });
    await luke.event("deleted", { kind: "group", number: 1, group: "Jedi" });
    await leia.event("deleted", { kind: "broadcast", number: 2 });
    const kinds = leia.events().filter((e) => e.event === "deleted");
    assertEquals(kinds.length, 1);
    const all = ["1 yoda: (deleted)", "2 yoda: (deleted)"];
    assertEquals(said(await luke.succeed("/history yoda")), all.slice(0, 1));
    const mine = [...all, "1 yoda: (deleted)"];
    assertEquals(said(await yoda.succeed("/history")), mine);
  });

  await t.step("refusals", async () => {
    await yoda.succeed("/groupmsg Jedi stays");
    await checkRefusals(luke, [
      ["/deletemsg", "usage", "/deletemsg NUMBER"],
      ["/deletemsg x", "usage", '"x"'],
      ["/deletemsg 1 2", "usage"],
      ["/deletemsg 1", "not_your_message", "1"],
      ["/deletemsg 99", "unknown_message", "99"],
      ["/deletegroupmsg Jedi", "usage", "/deletegroupmsg GROUP NUMBER"],
      ["/deletegroupmsg Jedi x", "usage"],
      ["/deletegroupmsg Sith 1", "unknown_group"],
      ["/deletegroupmsg Jedi 3", "not_your_message"],
      ["/deletegroupmsg Jedi 9", "unknown_message"],
    ]);
    await checkRefusals(leia, [["/deletegroupmsg Jedi 3", "not_in_group"]]);
    await checkRefusals(yoda, [
      ["/deletemsg 1", "already_deleted"],
      ["/deletegroupmsg Jedi 1", "already_deleted"],
    ]);
  });

  await t.step("before it was delivered: never shown", async () => {
    await yoda.succeed("/msgto obiwan OOPS four");
    await yoda.succeed("/msgto obiwan five");
    await yoda.succeed("/deletemsg 5");
    await using obiwan = await logIn(server, "obiwan");
    assertEquals((await obiwan.event("welcome")).waiting, 1);
    await obiwan.event("message", { text: "five" });
    // What waited comes before the answer to what is asked now.
    await obiwan.succeed("/groups");
    assertEquals(obiwan.events().filter((e) => e.event === "deleted"), []);
    const texts = obiwan.events().filter((e) => e.event === "message")
      .map((e) => e.text);
    assertEquals(texts, ["five"]);
  });

  await t.step("logs, and the same after kill -9", async () => {
    await restart(server, "SIGKILL", yoda, luke);
    // A node that had no log made it of the database, which has no such text.
    const known = (line: string) =>
      nodeCount > 1 ? line.replace(/OOPS \w+$/, "(deleted)") : line;
    const logged = async (name: string) =>
      contents(await server.data(name)).map(known);
    assertEquals(
      await logged("messagelog.txt"),
      [
        "yoda; luke; OOPS one",
        "yoda; *; OOPS two",
        "yoda; luke; (message 1 deleted)",
        "yoda; *; (message 2 deleted)",
        "yoda; obiwan; OOPS four",
        "yoda; obiwan; five",
        "yoda; obiwan; (message 5 deleted)",
      ].map(known),
    );
    assertEquals(
      await logged("Jedi_messagelog.txt"),
      [
        "yoda; OOPS three",
        "yoda; (message 1 deleted)",
        "yoda; stays",
      ].map(known),
    );
    assertEquals(said(await yoda.succeed("/history obiwan")), [
      "5 yoda: (deleted)",
      "6 yoda: five",
    ]);
    await checkRefusals(yoda, [["/deletemsg 1", "already_deleted"]]);
    assertEquals((await yoda.succeed("/msgto luke x")).sent, [
      { to: "luke", number: 8, id: 11, kept: false },
    ]);
  });

  await t.step({
    name: "the database has none of the texts",
    ignore: notAlone !== undefined,
    fn: async () => {
      await server.stop();
      for await (const file of Deno.readDir(server.path("data"))) {
        if (!file.name.startsWith("parley.db")) continue;
        const bytes = await Deno.readFile(server.path("data", file.name));
        const text = new TextDecoder("latin1").decode(bytes);
        assert(!text.includes("OOPS"), file.name);
      }
    },
  });
});

Deno.test("history and deletion in text: sentences as people read them", async () => {
  await using server = await startServer();
  await using luke = await logIn(server, "luke");
  await using reader = await TestClient.start(server, {
    user: "yoda",
    password: "adoy",
    json: false,
  });
  const line = (pattern: RegExp) =>
    reader.process.waitFor(String(pattern), (text) => pattern.test(text));
  await line(/^Welcome to Parley, yoda!$/);
  await reader.send("/history");
  await line(/^no messages$/);
  await reader.send("/broadcast to you all");
  await line(/^message sent at .{20} \(number 1\)$/);
  await luke.succeed("/broadcast and to you");
  await line(/^.{20}, luke to all: and to you$/);
  await luke.succeed("/msgto yoda oops");
  await line(/^.{20}, luke: oops$/);
  await luke.succeed("/deletemsg 3");
  await line(/^luke took back "[^"]+"$/);
  await reader.send("/deletemsg 1");
  await line(/^message 1 deleted at .{20}$/);
  await reader.send("/history");
  await line(/^1; .{20}, yoda to all: \(deleted\)$/);
  await line(/^3; .{20}, luke to yoda: \(deleted\)$/);
  await reader.send("/history luke 1 before 3");
  await line(/^no messages$/);
  await reader.send("/whoelsesince 10");
  await line(/^luke, online now$/);
  await reader.send("/help history");
  await line(/^\/history \[USER\|GROUP\] \[COUNT\]: /);
});

Deno.test("--keep-days: what is old and delivered goes, the rest stays", async () => {
  await using server = await startServer("--keep-days", "30");
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/msgto luke delivered");
  await luke.event("message", { text: "delivered" });
  await luke.finish();
  await yoda.succeed("/msgto luke waits");
  await server.stop();
  await server.rows(`UPDATE messages SET at = at - ${31 * 86_400_000}`);
  await server.restart();
  await yoda.event("welcome", { resumed: true });
  await yoda.succeed("/msgto luke new");
  const texts = async () =>
    (await server.rows("SELECT text FROM messages ORDER BY id"))
      .map((row) => row.text);
  await waitUntil(
    "the old message to go",
    async () => (await texts()).length < 3,
  );
  assertEquals(await texts(), ["waits", "new"]);
  await using again = await logIn(server, "luke");
  assertEquals((await again.event("welcome")).waiting, 2);
});
