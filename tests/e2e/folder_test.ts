import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  fillDiskMeanwhile,
  killEitherSide,
  removeMeanwhile,
} from "../soak/folder_soak.ts";
import { logIn, startServer } from "../support/jedi.ts";
import { describeTree, makeTree } from "../support/file_tree.ts";
import { noMount } from "../support/small_disk.ts";
import { testUnless } from "../support/test_unless.ts";
import { withTempFolder } from "../support/temp_folder.ts";

/** Names of what is in a client's folder, its configuration excepted. */
function filesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => !name.startsWith(".")).sort();
}

const trip = {
  "trip/a.txt": "one",
  "trip/empty": "",
  "trip/nothing": undefined,
  "trip/sub/deep/film.mp4": new Uint8Array(3_000_000).map((_, i) => i * 7),
  "trip/sub/run.sh": "#!/bin/sh\n",
  "trip/ünï 😀.txt": "two",
};

Deno.test("/p2pvideo: a folder arrives as it is, several files in a folder of their own", (t) =>
  withTempFolder(async (folder) => {
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    await using luke = await logIn(server, "luke", {
      args: ["--accept", "ask"],
    });
    makeTree(folder, { ...trip, "one file.txt": "1" });
    await Deno.symlink("a.txt", join(folder, "trip/link"));
    const path = join(folder, "trip");

    await t.step("a folder: its list, then all of it", async () => {
      const sending = yoda.run(`/send luke ${path}`);
      const offered = await luke.event("transfer", { state: "offered" });
      assertEquals([offered.name, offered.files, offered.size], [
        "trip",
        5,
        3_000_016,
      ]);
      const listing = await luke.succeed(`/offer ${offered.transfer}`);
      assertEquals(
        (listing.entries as { path: string }[]).map(({ path }) => path),
        [
          "trip",
          "trip/a.txt",
          "trip/empty",
          "trip/nothing",
          "trip/sub",
          "trip/sub/deep",
          "trip/sub/deep/film.mp4",
          "trip/sub/run.sh",
          "trip/ünï 😀.txt",
        ],
      );
      assertEquals(filesIn(luke.folder), []);
      await luke.succeed(`/accept ${offered.transfer}`);
      const sent = await sending;
      assertEquals([sent.ok, sent.state, sent.files], [true, "verified", 5]);
      const got = await luke.event("transfer", { state: "verified" });
      assertEquals(
        got.path,
        await Deno.realPath(join(luke.folder, "yoda_trip")),
      );
      assertEquals(got.digest, sent.digest);
      const { mtime } = await Deno.stat(path);
      await Deno.remove(join(path, "link"));
      await Deno.utime(path, mtime!, mtime!);
      assertEquals(describeTree(String(got.path)), describeTree(path));
      assertEquals(filesIn(luke.folder), ["yoda_trip"]);
      await Deno.remove(String(got.path), { recursive: true });
      const told = await yoda.event("transfer", { state: "offered" });
      assertEquals(told.message, "without 1 link");
    });

    await t.step("without what cannot be read, which fails", async () => {
      const from = luke.process.out.length;
      const folder = join(yoda.folder, "part");
      await Deno.mkdir(folder);
      await Deno.writeTextFile(join(folder, "a.txt"), "a");
      // Nobody can read what has no name in UTF-8, not even the administrator.
      const script = 'printf b > "$0/$(printf "b\\377")"';
      await new Deno.Command("sh", { args: ["-c", script, folder] }).output();
      const sending = yoda.run(`/send luke ${folder} --when-back`);
      const { transfer } = await luke.event(
        "transfer",
        { state: "offered" },
        { from },
      );
      await luke.succeed(`/accept ${transfer}`);
      const names = '1 file that cannot be read ("part/b�")';
      const { ok, code, message } = await sending;
      assertEquals([ok, code, message], [
        ...[false, "incomplete"],
        `"part" arrived without ${names}`,
      ]);
      const told = { unreadable: 1, unreadablePaths: ["part/b�"] };
      await yoda.event("transfer", { state: "verified", ...told });
      const got = join(luke.folder, "yoda_part");
      assertEquals(filesIn(got), ["a.txt"]);
      await Deno.remove(got, { recursive: true });
      await yoda.succeed("/creategroup pilots luke");
      await luke.succeed("/joingroup pilots");
      const all = yoda.run(`/groupvideo pilots ${folder}`);
      const second = await luke.event("transfer", { state: "offered" }, {
        from: luke.process.out.length,
      });
      await luke.succeed(`/accept ${second.transfer}`);
      const { code: whole, message: why } = await all;
      assertEquals([whole, why], [
        "incomplete",
        `"part" reached pilots without ${names}`,
      ]);
      await Deno.remove(got, { recursive: true });
    });

    await t.step("only some of it", async () => {
      const from = luke.process.out.length;
      const sending = yoda.run(`/send luke ${path}`);
      const { transfer } = await luke.event(
        "transfer",
        { state: "offered" },
        { from },
      );
      assertMatch(
        await luke.refused(`/accept ${transfer} only *.iso`),
        /Nothing in it is called \*\.iso/,
      );
      assertMatch(
        await luke.refused(`/accept ${transfer} only [z-a]`),
        /^storage: "\[z-a\]" is no pattern such as \*\.mp4; the offer still waits/,
      );
      assertMatch(
        await luke.refused(`/accept ${transfer} --to no/such/folder`),
        /^storage: The folder "no\/such\/folder" does not exist; the offer still waits/,
      );
      await luke.succeed(`/accept ${transfer} only *.MP4 a.txt`);
      const { ok, files, leftOut } = await sending;
      assertEquals([ok, files, leftOut], [true, 2, 3]);
      const got = join(luke.folder, "yoda_trip");
      assertEquals(Object.keys(describeTree(got)).sort(), [
        "",
        "a.txt",
        "sub",
        "sub/deep",
        "sub/deep/film.mp4",
      ]);
      await Deno.remove(got, { recursive: true });
    });

    await t.step(
      "several files and folders, and one file with a blank",
      async () => {
        const from = luke.process.out.length;
        const film = join(path, "sub/deep/film.mp4");
        const sending = yoda.run(`/send luke ${path} "${film}"`);
        const offered = await luke.event(
          "transfer",
          { state: "offered" },
          { from },
        );
        assertEquals([offered.name, offered.roots, offered.files], [
          "trip",
          2,
          6,
        ]);
        await luke.succeed(`/accept ${offered.transfer}`);
        assertEquals((await sending).ok, true);
        const [name = ""] = filesIn(luke.folder);
        assertMatch(name, /^yoda_\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d$/);
        assertEquals(
          describeTree(join(luke.folder, name, "trip")),
          describeTree(path),
        );
        assertEquals(
          (await Deno.stat(join(luke.folder, name, "film.mp4"))).size,
          3_000_000,
        );
        await Deno.remove(join(luke.folder, name), { recursive: true });
        const plain = luke.process.out.length;
        const one = yoda.run(`/send luke ${join(folder, "one file.txt")}`);
        const { transfer } = await luke.event(
          "transfer",
          { state: "offered" },
          { from: plain },
        );
        await luke.succeed(`/accept ${transfer}`);
        assertEquals((await one).ok, true);
        assertEquals(filesIn(luke.folder), ["yoda_one file.txt"]);
      },
    );

    await t.step("either side has it wait, and it goes on", async () => {
      await yoda.succeed("/limit 500k");
      const from = luke.process.out.length;
      const own = yoda.process.out.length;
      await yoda.send(`/send luke ${path}`);
      const fromHere = (state: string) =>
        luke.event("transfer", { state }, { from });
      const { transfer } = await fromHere("offered");
      await luke.succeed(`/accept ${transfer}`);
      await luke.event("progress", {}, { from });
      const { pausedBy } = await luke.succeed(`/pause ${transfer}`);
      assertEquals(pausedBy, ["me"]);
      const { transfer: mine } = await yoda.event("paused", { paused: true });
      const both = await yoda.succeed(`/pause ${mine}`);
      assertEquals(both.pausedBy, ["me", "user"]);
      await luke.event("paused", { pausedBy: both.pausedBy }, { from });
      const { paused } = await luke.succeed(`/resume ${transfer}`);
      assertEquals(paused, true);
      assertMatch(
        await luke.refused(`/resume ${transfer}`),
        /^not_paused: Transfer \d is paused by yoda, who can resume it$/,
      );
      const statesOf = async (client: typeof luke, n: unknown) => {
        const { entries } = await client.succeed(`/offer ${n}`);
        return (entries as { path: string; state?: string }[])
          .map(({ path, state }) => `${path} ${state}`);
      };
      assertEquals(await statesOf(luke, transfer), [
        ...["trip undefined", "trip/a.txt done", "trip/empty done"],
        ...["trip/nothing undefined", "trip/sub undefined"],
        ...["trip/sub/deep undefined", "trip/sub/deep/film.mp4 running"],
        ...["trip/sub/run.sh waiting", "trip/ünï 😀.txt waiting"],
      ]);
      const states = await statesOf(yoda, mine);
      assertEquals(states.at(-1), "trip/ünï 😀.txt waiting");
      const { transfers } = await luke.succeed("/transfers");
      assertMatch(JSON.stringify(transfers), /"pausedBy":\["user"\]/);
      await yoda.succeed("/limit off");
      assertEquals((await yoda.succeed(`/resume ${mine}`)).paused, false);
      // Other results came meanwhile.
      const ended = { command: "p2pvideo" };
      const sent = await yoda.event("result", ended, { from: own });
      assertEquals(sent.ok, true);
      const got = await fromHere("verified");
      assertEquals(
        describeTree(String(got.path)),
        describeTree(path),
      );
      await Deno.remove(String(got.path), { recursive: true });
    });

    await t.step("what is gone keeps nothing else away", async () => {
      const from = luke.process.out.length;
      const own = yoda.process.out.length;
      const sending = yoda.run(`/send luke ${path}`);
      const offered = await luke.event(
        "transfer",
        { state: "offered" },
        { from },
      );
      const film = join(path, "sub/deep/film.mp4");
      await Deno.rename(film, join(folder, "film.mp4"));
      await luke.succeed(`/accept ${offered.transfer}`);
      const { ok, code, message } = await sending;
      const arrived =
        '4 of 5 files arrived; "trip/sub/deep/film.mp4" changed while it was sent; sent again, only it';
      assertEquals([ok, code, message], [
        false,
        "changed",
        `${arrived} goes over`,
      ]);
      const failed = await luke.event(
        "transfer",
        { state: "failed" },
        { from },
      );
      for (const [client, start] of [[luke, from], [yoda, own]] as const) {
        const told = client.process.out.slice(start)
          .map((line) => JSON.parse(line))
          .filter(({ event }) => event === "entry");
        const states = told.map(({ path, state }) => `${path} ${state}`);
        assertEquals(states, [
          "trip/sub/deep/film.mp4 failed",
          ...["trip/a.txt done", "trip/empty done", "trip/sub/run.sh done"],
          "trip/ünï 😀.txt done",
        ]);
        assertEquals(told[0].why, "changed while it was sent");
        const n = told[0].transfer;
        const { entries } = await client.succeed(`/offer ${n}`);
        assertEquals(
          (entries as { path: string; state: string }[])
            .map(({ path, state }) => `${path} ${state}`),
          states,
        );
      }
      const part = await Deno.realPath(join(luke.folder, "yoda_trip.part"));
      assertEquals(
        failed.message,
        `${arrived} comes; the others are in "${part}"`,
      );
      await Deno.rename(join(folder, "film.mp4"), film);
      const again = luke.process.out.length;
      const second = yoda.run(`/send luke ${path}`);
      const { transfer } = await luke.event(
        "transfer",
        { state: "offered" },
        { from: again },
      );
      await luke.succeed(`/accept ${transfer}`);
      // Both know of the same files, and how much of them was there.
      const sent = await second;
      const verified = { transfer, state: "verified" };
      const got = await luke.event("transfer", verified, { from: again });
      for (const { files, filesDone, size, bytes, resumed } of [sent, got]) {
        assertEquals([files, filesDone, bytes], [5, 5, size]);
        assertEquals(resumed, Number(size) - 3_000_000);
      }
      assertEquals(describeTree(join(luke.folder, "yoda_trip")), {
        ...describeTree(path),
      });
      await Deno.remove(join(luke.folder, "yoda_trip"), { recursive: true });
    });

    await t.step("what is missing is named", async () => {
      assertMatch(
        await yoda.refused(`/send luke ${path} /no/such/file`),
        /^unreadable: "\/no\/such\/file" does not exist/,
      );
      assertMatch(
        await yoda.refused("/send luke no such file.txt"),
        /^unreadable: "no such file.txt" does not exist/,
      );
      assertMatch(
        await yoda.refused(`/send luke ${path} --when-bak`),
        /^unreadable: "--when-bak" does not exist; did you mean --when-back\?/,
      );
    });
  }));

Deno.test("a folder that is interrupted anywhere goes on with what is missing", async () => {
  const costs = await killEitherSide(2);
  assertEquals(costs.map(({ killed }) => killed).sort(), [
    "receiver",
    "sender",
  ]);
});

testUnless(
  await noMount(),
  "a folder waits for a full disk, and goes on when there is room",
  fillDiskMeanwhile,
);

Deno.test(
  "a folder that is removed while it arrives ends, and both sides are told",
  removeMeanwhile,
);
