/** Files and private sessions of people with several devices, with real programs. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { runProgram } from "../support/run_program.ts";
import type { JsonEvent, TestClient } from "../support/test_client.ts";
import type { TestServer } from "../support/test_server.ts";

const asks = ["--accept", "ask"];
const incoming = { state: "offered", direction: "incoming" };

/** A client that is the user's device of this name. */
function device(server: TestServer, user: string, name: string) {
  return logIn(server, user, { args: ["--device", name, ...asks] });
}

/** The next event of a transfer in this state. */
function next(client: TestClient, event: string, fields: JsonEvent) {
  const from = marks.get(client) ?? 0;
  return client.event(event, fields, { from });
}

const marks = new WeakMap<TestClient, number>();

/** What follows is news. */
function mark(...clients: TestClient[]): void {
  for (const client of clients) marks.set(client, client.process.out.length);
}

Deno.test("offers: to all devices of a person, to one, to one's own", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda", { args: asks });
  await using laptop = await device(server, "luke", "laptop");
  await using desktop = await device(server, "luke", "desktop");
  const film = join(yoda.folder, "film.mp4");
  const own = join(laptop.folder, "own.mp4");
  await writeRandomFile(film, 300_000, 1);
  await writeRandomFile(own, 300_000, 2);
  const all = [yoda, laptop, desktop];

  await t.step("one answers, the other reads where", async () => {
    await yoda.send(`/p2pvideo luke "${film}"`);
    const [here, there] = await Promise.all(
      [laptop, desktop].map((each) => each.event("transfer", incoming)),
    );
    await desktop.succeed(`/accept ${there?.transfer}`);
    const answered = await next(laptop, "transfer", { state: "answered" });
    assertEquals(answered.transfer, here?.transfer);
    assertEquals(answered.message, "answered on desktop");
    assertMatch(
      await laptop.refused(`/accept ${here?.transfer}`),
      /^unknown_transfer/,
    );
    assertEquals((await laptop.succeed("/transfers")).transfers, []);
    await next(desktop, "transfer", { state: "verified" });
    const received = join(desktop.folder, "yoda_film.mp4");
    assertEquals(await digestOf(received), await digestOf(film));
    await next(yoda, "result", { command: "p2pvideo", ok: true });
  });

  await t.step("a no is for all, also of a file for a group", async () => {
    mark(...all);
    await yoda.succeed("/creategroup jedi luke");
    await laptop.succeed("/joingroup jedi");
    await yoda.send(`/groupvideo jedi "${film}"`);
    await next(desktop, "transfer", incoming);
    const { transfer } = await next(laptop, "transfer", incoming);
    await laptop.succeed(`/reject ${transfer}`);
    const answered = await next(desktop, "transfer", { state: "answered" });
    assertEquals(answered.message, "rejected on laptop");
    await next(yoda, "result", { command: "groupvideo", code: "rejected" });
  });

  await t.step("luke@laptop is asked alone", async () => {
    mark(...all);
    await yoda.send(`/p2pvideo luke@laptop "${film}"`);
    const { transfer } = await next(laptop, "transfer", incoming);
    await laptop.succeed(`/accept ${transfer}`);
    const sent = await next(yoda, "result", { command: "p2pvideo", ok: true });
    assertEquals([sent.user, sent.device], ["luke", "laptop"]);
    const asked = desktop.events().slice(marks.get(desktop))
      .filter(({ event }) => event === "transfer");
    assertEquals(asked, []);
    assertEquals(
      await yoda.refused(`/p2pvideo luke@phone "${film}"`),
      "unknown_device: luke is online on no device called phone",
    );
  });

  await t.step("me is the other device; --all tells what it does", async () => {
    mark(...all);
    await laptop.send(`/p2pvideo me "${own}"`);
    const offered = await next(desktop, "transfer", incoming);
    assertEquals([offered.user, offered.device], ["luke", "laptop"]);
    const { others } = await desktop.succeed("/transfers --all");
    const file = { name: "own.mp4", size: 300_000 };
    assertEquals(others, [{
      ...{ device: "laptop", direction: "outgoing", user: "luke" },
      ...{ kind: "file", file, accepted: false },
    }]);
    await desktop.succeed(`/accept ${offered.transfer}`);
    const sent = await next(laptop, "result", { command: "p2pvideo" });
    assertEquals([sent.ok, sent.device], [true, "desktop"]);
    const received = join(desktop.folder, "luke_own.mp4");
    assertEquals(await digestOf(received), await digestOf(own));
    assertMatch(
      await laptop.refused(`/p2pvideo me@laptop "${own}"`),
      /^unknown_device: This is the device laptop itself/,
    );
  });

  await t.step("private sessions alike", async () => {
    mark(...all);
    await yoda.send("/startprivate luke");
    await next(desktop, "session", incoming);
    const { session } = await next(laptop, "session", incoming);
    await laptop.succeed(`/accept ${session}`);
    const answered = await next(desktop, "session", { state: "answered" });
    assertEquals(answered.message, "answered on laptop");
    await next(yoda, "session", { state: "open" });
    await yoda.succeed("/private luke hush");
    await next(laptop, "private-message", { from: "yoda", text: "hush" });
    await laptop.succeed("/stopprivate yoda");

    mark(...all);
    await laptop.send("/startprivate me@desktop");
    const mine = await next(desktop, "session", incoming);
    await desktop.succeed(`/accept ${mine.session}`);
    await next(laptop, "session", { state: "open" });
    await laptop.succeed("/private me note to self");
    await next(desktop, "private-message", { text: "note to self" });
    await desktop.succeed("/stopprivate me");
    await next(laptop, "session", { state: "closed" });
  });

  await t.step("a visit offers, and hears of its own offers only", async () => {
    mark(...all);
    const visit = runProgram([
      ...[...clientCommand, "127.0.0.1", String(server.port), "--plain"],
      ...["--user", "luke", "--json", "--exec", `/p2pvideo me "${own}"`],
    ], {
      env: {
        PARLEY_PASSWORD: passwordOf("luke"),
        XDG_CONFIG_HOME: join(laptop.folder, ".config"),
      },
    });
    const [first] = await Promise.all(
      [laptop, desktop].map((each) => next(each, "transfer", incoming)),
    );
    // Somebody offers luke something meanwhile.
    await yoda.send(`/p2pvideo luke "${film}"`);
    await next(laptop, "transfer", { ...incoming, user: "yoda" });
    await laptop.succeed(`/accept ${first?.transfer}`);
    const { code, out } = await visit;
    assertEquals(code, 0, out.join("\n"));
    const told = out.map((line) => JSON.parse(line) as JsonEvent)
      .filter(({ event }) => event === "transfer");
    assert(told.every(({ direction }) => direction === "outgoing"));
    assertEquals(told.at(-1)?.device, "laptop");
    const received = join(laptop.folder, "luke_own.mp4");
    assertEquals(await digestOf(received), await digestOf(own));
  });
});

Deno.test("offers: to oneself goes on after the receiving device was killed", async () => {
  await using server = await startServer();
  const args = ["--limit", "2M", "--device", "laptop"];
  await using laptop = await logIn(server, "luke", { args });
  await using watch = await logIn(server, "luke", { args: asks });
  const film = join(laptop.folder, "film.mp4");
  await writeRandomFile(film, 6_000_000, 1);
  const config = join(server.folder, "desktop");
  const downloads = await Deno.makeTempDir({ dir: server.folder });
  const desktop = ["--device", "desktop", "--download-dir", downloads];
  const options = { config, args: desktop };
  {
    await using first = await logIn(server, "luke", options);
    await laptop.send(`/p2pvideo me@desktop "${film}"`);
    await first.event("progress", { name: "film.mp4" });
    await first.process.waitFor("a third", (line) => {
      const event = line.startsWith("{") ? JSON.parse(line) : {};
      return event.event === "progress" && event.bytes > 2_000_000;
    });
    await first.process.kill();
  }
  // Another device of luke is online, so that nobody reads that luke went.
  const within = { timeoutMs: 25_000 };
  const end = await laptop.event("transfer", { state: "failed" }, within);
  assertEquals(end.message, "luke@desktop went offline");
  await laptop.succeed("/limit off");
  await using again = await logIn(server, "luke", options);
  const sent = await laptop.succeed(`/p2pvideo me@desktop "${film}"`);
  assert(Number(sent.resumed) >= 1_000_000, `${sent.resumed} bytes were kept`);
  await laptop.event("transfer", { state: "offered", mine: true });
  await again.event("transfer", { state: "verified" });
  const received = join(downloads, "luke_film.mp4");
  assertEquals(await digestOf(received), await digestOf(film));
  const offered = watch.events().filter(({ event }) => event === "transfer");
  assertEquals(offered, []);
});
