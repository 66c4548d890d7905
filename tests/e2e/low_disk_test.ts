/** A download folder on a small disk of its own; needs root and mount. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, startServer } from "../support/jedi.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { testUnless } from "../support/test_unless.ts";

const megabyte = 1024 * 1024;

/** Mounts a disk of `size` bytes; `undefined` where that is not allowed. */
async function smallDisk(size: number) {
  const folder = await Deno.makeTempDir({ prefix: "parley-disk-" });
  const run = async (...args: string[]) => {
    const [program = "", ...rest] = args;
    return (await new Deno.Command(program, { args: rest }).output()).success;
  };
  const options = `size=${size}`;
  const isMounted = Deno.build.os === "linux" && Deno.uid() === 0 &&
    await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
  if (!isMounted) await Deno.remove(folder);
  return !isMounted ? undefined : {
    folder,
    async [Symbol.asyncDispose]() {
      await run("umount", folder);
      await Deno.remove(folder);
    },
  };
}

const trial = await smallDisk(megabyte);
await trial?.[Symbol.asyncDispose]();
const lack = trial === undefined ? "no disk can be mounted" : undefined;

testUnless(
  lack,
  "a transfer waits while the receiver's disk is full, then goes on",
  async () => {
    await using disk = await smallDisk(40 * megabyte);
    const folder = disk?.folder ?? "";
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda", {
      // Until the disk is full, which takes a while on a busy machine.
      args: ["--limit", "2M"],
    });
    await using luke = await logIn(server, "luke", {
      args: ["--download-dir", folder],
    });
    const path = join(yoda.folder, "film.mp4");
    await writeRandomFile(path, 50 * megabyte, 3);
    assertMatch(
      await yoda.refused(`/p2pvideo luke ${path}`),
      /^space: luke has too little room for/,
    );
    const left = await Array.fromAsync(Deno.readDir(folder));
    assertEquals(left, [], "nothing is left");
    const sees = luke.process.out.length;
    await writeRandomFile(path, 30 * megabyte, 3);
    await yoda.send(`/p2pvideo luke ${path}`);
    await luke.event("progress", {}, { from: sees });
    const ballast = join(folder, "ballast");
    await Deno.writeFile(ballast, new Uint8Array(20 * megabyte));
    await yoda.succeed("/limit off");
    for (const client of [luke, yoda]) {
      const paused = await client.event("paused", { paused: true });
      assertEquals(paused.state, "running");
    }
    const list = (await yoda.succeed("/transfers")).transfers;
    assertMatch(JSON.stringify(list), /"paused":true/);
    await Deno.remove(ballast);
    for (const client of [luke, yoda]) {
      await client.event("paused", { paused: false });
    }
    const got = await luke.event("transfer", { state: "verified" });
    assertEquals(await digestOf(String(got.path)), await digestOf(path));
  },
);

testUnless(
  lack,
  "a download folder that cannot be written is told at the start, and to who sends",
  async () => {
    await using disk = await smallDisk(8 * megabyte);
    const folder = disk?.folder ?? "";
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    const path = join(yoda.folder, "film.mp4");
    await writeRandomFile(path, megabyte, 3);
    const missing = join(folder, "missing");
    await using luke = await logIn(server, "luke", {
      args: ["--download-dir", missing],
    });
    const warning = await luke.event("warning");
    assertMatch(String(warning.message), /missing" does not exist; files that/);
    /** What who sends reads, and what who receives does. */
    const refused = async () => {
      const from = luke.process.out.length;
      const told = await yoda.refused(`/p2pvideo luke ${path}`);
      const failed = { state: "failed" };
      const { message } = await luke.event("transfer", failed, { from });
      return [told, message];
    };
    const told = 'storage: luke cannot store "film.mp4"';
    const named = `The folder "${missing}"`;
    assertEquals(await refused(), [told, `${named} does not exist`]);
    await Deno.mkdir(missing);
    const remount = ["-o", "remount,ro", folder];
    await new Deno.Command("mount", { args: remount }).output();
    const why = "cannot be written: the disk is read-only";
    assertEquals(await refused(), [told, `${named} ${why}`]);
    await using leia = await logIn(server, "leia", {
      args: ["--download-dir", missing],
    });
    const second = await leia.event("warning");
    assertMatch(
      String(second.message),
      /written: the disk is read-only; files/,
    );
    // Once it can be written it is, without another start.
    remount[1] = "remount,rw";
    await new Deno.Command("mount", { args: remount }).output();
    await yoda.succeed(`/p2pvideo luke ${path}`);
  },
);
