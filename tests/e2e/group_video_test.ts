/** Many transfers at once: to a group, to each other, within a limit. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, startServer } from "../support/jedi.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import type { JsonEvent } from "../support/test_client.ts";

const megabyte = 1_000_000;

Deno.test("/groupvideo: to every joined member online, each on its own", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia", {
    args: ["--accept", "never"],
  });
  await using obiwan = await logIn(server, "obiwan");
  await yoda.succeed("/creategroup jedi luke leia obiwan");
  const path = join(yoda.folder, "film.mp4");
  await writeRandomFile(path, 5 * megabyte, 3);

  assertMatch(
    await yoda.refused(`/groupvideo jedi "${path}"`),
    /^user_offline: Nobody else of jedi can be reached now/,
  );
  assertMatch(
    await luke.refused(`/groupvideo jedi "${path}"`),
    /^not_joined: /,
  );
  for (const client of [luke, leia, obiwan]) {
    await client.succeed("/joingroup jedi");
  }
  assertEquals(await obiwan.finish(), 0);
  const failed = await yoda.run(`/groupvideo jedi "${path}"`);
  assertEquals([failed.ok, failed.code], [false, "rejected"]);
  assertMatch(
    String(failed.message),
    /^"film.mp4" reached 1 of 2 in jedi; not leia \(leia does not want/,
  );
  const results = failed.results as JsonEvent[];
  const byUser = Object.fromEntries(results.map((each) => [each.user, each]));
  assertEquals(byUser.obiwan?.code, "not_delivered");
  assertEquals(byUser.leia?.code, "rejected");
  assertEquals([byUser.luke?.ok, byUser.luke?.state], [true, "verified"]);
  const stored = join(luke.folder, "yoda_film.mp4");
  assertEquals(await digestOf(stored), await digestOf(path));
  const offered = await luke.event("transfer", { state: "offered" });
  assertEquals([offered.user, offered.group], ["yoda", "jedi"]);

  assertEquals(await leia.finish(), 0);
  const sent = await yoda.succeed(`/groupvideo jedi "${path}"`);
  assertEquals([sent.group, sent.name], ["jedi", "film.mp4"]);
  assertEquals((sent.results as JsonEvent[]).length, 3);
  assertMatch(
    await yoda.refused(`/groupvideo jedi "${path}.missing"`),
    /^unreadable: .*does not exist/,
  );
  assertMatch(
    await yoda.refused(`/groupvideo sith "${path}"`),
    /unknown_group/,
  );
});

Deno.test("several transfers at once, both ways, all verified", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  const count = 4;
  for (const [from, to] of [[yoda, "luke"], [luke, "yoda"]] as const) {
    for (let i = 0; i < count; i++) {
      const path = join(from.folder, `${i}.bin`);
      await writeRandomFile(path, 3 * megabyte + i, i);
      await from.send(`/p2pvideo ${to} ${path}`);
    }
  }
  for (const [from, to] of [[yoda, luke], [luke, yoda]] as const) {
    const user = from === yoda ? "yoda" : "luke";
    for (let i = 0; i < count; i++) {
      const fields = { name: `${i}.bin`, direction: "incoming" };
      await to.event("transfer", { ...fields, state: "verified" });
      assertEquals(
        await digestOf(join(to.folder, `${user}_${i}.bin`)),
        await digestOf(join(from.folder, `${i}.bin`)),
      );
    }
  }
});

Deno.test("--limit and /limit bound what a client sends in all", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda", { args: ["--limit", "2M"] });
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  assertEquals((await yoda.succeed("/limit")).limit, 2 * megabyte);
  const path = join(yoda.folder, "film.mp4");
  await writeRandomFile(path, 2 * megabyte, 3);
  const begun = performance.now();
  await yoda.send(`/p2pvideo luke ${path}`);
  await yoda.send(`/p2pvideo leia ${path}`);
  const [one, two] = await Promise.all(
    [luke, leia].map((client) =>
      client.event("transfer", { state: "verified" })
    ),
  );
  const ms = performance.now() - begun;
  assert(ms > 1_900 && ms < 12_000, `4 MB at 2 MB/s took ${ms} ms`);
  const ratio = Number(one?.ms) / Number(two?.ms);
  assert(ratio > 0.6 && ratio < 1.7, `unfair: ${one?.ms} and ${two?.ms} ms`);
  // The sender hears of the ends after the receivers.
  for (const n of [2, 3]) await yoda.event("result", { n });
  assertEquals((await yoda.succeed("/limit off")).limit, 0);
  // The shortest of some, as others use the machine, too.
  let best = Infinity;
  for (let round = 0; round < 5 && best >= 900; round++) {
    const free = await yoda.succeed(`/p2pvideo luke ${path}`);
    best = Math.min(best, Number(free.ms));
  }
  assert(best < 900, `${best} ms`);
  assertMatch(await yoda.refused("/limit fast"), /usage/);
});
