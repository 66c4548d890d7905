import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, startServer } from "../support/jedi.ts";
import { contentDigestOfFile } from "../support/content_digest_of.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { waitUntil } from "../support/wait_until.ts";

const megabyte = 1024 * 1024;

/** How people and terminals write a path with blanks. */
const waysToWrite = [
  (path: string) => `"${path}"`,
  (path: string) => `'${path}' `,
  (path: string) => path.replaceAll(" ", "\\ "),
  (path: string) => path,
];

/** Most memory a process has used so far, bytes; 0 where it is not known. */
async function peakMemory(pid: number): Promise<number> {
  try {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    return Number(status.match(/VmHWM:\s+(\d+) kB/)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Names of what is in a client's folder, its configuration excepted. */
async function filesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith(".")) names.push(name);
  }
  return names;
}

Deno.test("/p2pvideo: identical files of every awkward size, to and from other folders", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  const folder = await Deno.makeTempDir({ prefix: "parley-videos-" });
  try {
    const sizes = [0, 1, megabyte - 1, megabyte, megabyte + 1, 256 * megabyte];
    for (const [index, size] of sizes.entries()) {
      await t.step(`${size} bytes`, async () => {
        const name = `film ${size}.mp4`;
        const path = join(folder, name);
        await writeRandomFile(path, size, size + 1);
        const from = luke.process.out.length;
        const written = waysToWrite[index % waysToWrite.length]!(path);
        const sent = await yoda.succeed(`/p2pvideo luke ${written}`);
        assertEquals([sent.state, sent.size], ["verified", size]);
        const got = await luke.event(
          "transfer",
          { state: "verified" },
          { from },
        );
        assertEquals([got.user, got.name, got.size], ["yoda", name, size]);
        const received = join(luke.folder, `yoda_${name}`);
        assertEquals(got.path, await Deno.realPath(received));
        assertEquals(await digestOf(received), await digestOf(path));
        assertEquals(got.digest, await contentDigestOfFile(path));
        await Deno.remove(received);
        assertEquals(await filesIn(luke.folder), [], "nothing else is left");
      });
    }
    await t.step("a name that cannot stand in an offer", async () => {
      const path = join(folder, "a\\b\tc.mp4");
      await Deno.writeTextFile(path, "x");
      const from = yoda.process.out.length;
      const sent = await yoda.succeed(`/p2pvideo luke ${path}`);
      assertEquals([sent.state, sent.name], ["verified", "a_b_c.mp4"]);
      const offered = await yoda.event("transfer", { state: "offered" }, {
        from,
      });
      assertMatch(
        String(offered.message),
        /its own name, "a\\b\tc\.mp4", cann/,
      );
      await Deno.remove(join(luke.folder, "yoda_a_b_c.mp4"));
    });
    await t.step("memory stays under 200 MB", async () => {
      for (const client of [yoda, luke]) {
        const peak = await peakMemory(client.process.pid);
        assert(peak < 200e6, `${peak} bytes`);
      }
    });
    await t.step("progress was told", () => {
      const steps = luke.events().filter((e) =>
        e.event === "progress" && e.size === 256 * megabyte
      );
      assert(steps.length >= 5, `${steps.length} steps`);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("/p2pvideo: each refusal, before a byte is sent", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke", {
    args: ["--accept", "never"],
  });
  const file = join(yoda.folder, "film.mp4");
  await writeRandomFile(file, 1000);
  const cases: [string, RegExp][] = [
    ["/p2pvideo", /^usage: /],
    ["/p2pvideo luke", /^usage: /],
    ["/p2pvideo vader film.mp4", /^unknown_user: .*vader/],
    ["/p2pvideo leia film.mp4", /^user_offline: .*leia/],
    ["/p2pvideo yoda film.mp4", /^is_self: /],
    ["/p2pvideo luke missing.mp4", /missing\.mp4/],
    ["/p2pvideo luke film.mp4", /^rejected: /],
    ["/accept 7", /7/],
    ["/reject 7", /7/],
    ["/cancel 7", /7/],
    ["/accept", /^usage: /],
    ["/cancel x", /^usage: /],
    ["/transfers x", /^usage: /],
  ];
  for (const [line, pattern] of cases) {
    assertMatch(await yoda.refused(line), pattern, line);
  }
  assertEquals(await filesIn(luke.folder), []);
});

Deno.test("--accept ask: /accept and /reject answer an offer; a taken name is never overwritten", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke", { args: ["--accept", "ask"] });
  await writeRandomFile(join(yoda.folder, "a.bin"), 300_000);
  const isOffered = { state: "offered", direction: "incoming" };

  await yoda.send("/p2pvideo luke a.bin");
  const first = await luke.event("transfer", isOffered);
  assertEquals([first.user, first.name, first.size], [
    "yoda",
    "a.bin",
    300_000,
  ]);
  const { transfers } = await luke.succeed("/transfers");
  assert(Array.isArray(transfers) && transfers.length === 1);
  await luke.succeed(`/accept ${first.transfer}`);
  assertEquals((await yoda.event("result", { n: 1 })).state, "verified");

  let from = luke.process.out.length;
  await yoda.send("/p2pvideo luke a.bin");
  const second = await luke.event("transfer", isOffered, { from });
  await luke.succeed(`/reject ${second.transfer}`);
  assertEquals((await yoda.event("result", { n: 2 })).ok, false);

  from = luke.process.out.length;
  await yoda.send("/p2pvideo luke a.bin");
  const third = await luke.event("transfer", isOffered, { from });
  await luke.succeed(`/accept ${third.transfer}`);
  assertEquals((await yoda.event("result", { n: 3 })).state, "verified");
  const digest = await digestOf(join(yoda.folder, "a.bin"));
  for (const name of ["yoda_a.bin", "yoda_a (1).bin"]) {
    assertEquals(await digestOf(join(luke.folder, name)), digest, name);
  }

  // It grows until it is accepted: what was offered arrives, both are told.
  const path = join(yoda.folder, "a.bin");
  const offered = await digestOf(path);
  from = luke.process.out.length;
  await yoda.send("/p2pvideo luke a.bin");
  const fourth = await luke.event("transfer", isOffered, { from });
  await Deno.writeFile(path, new Uint8Array(1000), { append: true });
  await luke.succeed(`/accept ${fourth.transfer}`);
  const sent = await yoda.event("result", { n: 4 });
  const verified = { state: "verified", transfer: fourth.transfer };
  const got = await luke.event("transfer", verified);
  assertEquals([sent.grown, sent.size, got.grown], [true, 300_000, true]);
  assertEquals(await digestOf(join(luke.folder, "yoda_a (2).bin")), offered);

  // It is another one when it is accepted: nothing is sent.
  from = luke.process.out.length;
  await yoda.send("/p2pvideo luke a.bin");
  const fifth = await luke.event("transfer", isOffered, { from });
  await writeRandomFile(path, 300_000, 9);
  await luke.succeed(`/accept ${fifth.transfer}`);
  const failed = await yoda.event("result", { n: 5 });
  assertEquals(failed.code, "changed");
  const end = await luke.event("transfer", { state: "failed" }, { from });
  assertEquals([end.message, end.bytes], [
    `"a.bin" changed at yoda's after it was offered`,
    0,
  ]);

  const steps = [
    ["offered", "accepted", "verified; a.bin; 300000; local; -"],
    ["offered", "rejected; a.bin; 300000; -; rejected"],
    ["offered", "accepted", "verified; a.bin; 300000; local; -"],
    ["offered", "accepted", "verified; a.bin; 300000; local; -"],
    ["offered", "accepted", "failed; a.bin; 301000; -; changed"],
  ].flat().map((step) => step.split("; "));
  await waitUntil("transferlog.txt has every step", async () => {
    const log = await Deno.readTextFile(server.path("data", "transferlog.txt"));
    const lines = log.trimEnd().split("\n").map((line) => line.split("; "));
    return lines.length === steps.length &&
      lines.every(([number, , sender, receiver, ...rest], index) =>
        [Number(number), sender, receiver].join() ===
          [index + 1, "yoda", "luke"].join() &&
        steps[index]!.every((field, place) => rest[place] === field)
      );
  });
});

Deno.test("many small files, one after the other, take no more memory than a few", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await Deno.writeFile(join(yoda.folder, "note.txt"), new Uint8Array(megabyte));
  const send = () => yoda.succeed("/send luke note.txt");
  for (let i = 0; i < 10; i++) await send();
  const before = await peakMemory(yoda.process.pid);
  for (let i = 0; i < 120; i++) await send();
  const grown = await peakMemory(yoda.process.pid) - before;
  assert(grown < 80e6, `${grown} bytes more`);
  assertEquals((await filesIn(luke.folder)).length, 130);
});

Deno.test("/cancel stops a running transfer on both sides", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  const file = join(yoda.folder, "big.bin");
  // Sparse: takes no room, but long enough to be caught in the middle.
  await Deno.writeFile(file, new Uint8Array());
  await Deno.truncate(file, 3_000 * megabyte);
  for (
    const [stopper, from] of [[yoda, "sender"], [luke, "receiver"]] as const
  ) {
    const at = yoda.process.out.length;
    const lukeAt = luke.process.out.length;
    await yoda.send("/p2pvideo luke big.bin");
    const fromLine = stopper === yoda ? at : lukeAt;
    const running = await stopper.event(
      "progress",
      {},
      { from: fromLine },
    );
    await stopper.send(`/cancel ${running.transfer}`);
    const states = { state: "cancelled" };
    await yoda.event("transfer", states, { from: at });
    await luke.event("transfer", states, { from: lukeAt });
    const result = await yoda.event("result", { command: "p2pvideo" }, {
      from: at,
    });
    assertEquals(result.ok, false, from);
  }
  await waitUntil(
    "no file under its final name",
    async () =>
      (await filesIn(luke.folder)).every((name) => !name.endsWith(".bin")),
  );
  assertEquals((await luke.succeed("/activeuser")).ok, true);
});

Deno.test("a transfer goes on while the server is restarted", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda", { args: ["--limit", "20M"] });
  await using luke = await logIn(server, "luke");
  const file = join(yoda.folder, "film.bin");
  await writeRandomFile(file, 60 * megabyte);
  await yoda.send("/p2pvideo luke film.bin");
  await luke.event("progress");
  await server.restart("SIGKILL");
  await luke.event("transfer", { state: "verified" });
  await yoda.event("transfer", { state: "verified" });
  const received = join(luke.folder, "yoda_film.bin");
  assertEquals(await digestOf(received), await digestOf(file));
});
