import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { Spool, SpoolError } from "../../../../lib/client/ui/web/spool.io.ts";
import { SeededRandom } from "../../../support/seeded_random.ts";
import { withTempFolder } from "../../../support/temp_folder.ts";

const one = "AAAAAAAAAAAAAAAAAAAAA1";
const other = "AAAAAAAAAAAAAAAAAAAAA2";

async function* bytes(...parts: string[]): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve();
    yield new TextEncoder().encode(part);
  }
}

function spoolIn(folder: string, seed = 1): Spool {
  return new Spool(
    (name) => name === "XDG_STATE_HOME" ? folder : undefined,
    new SeededRandom(seed),
  );
}

/** Everything below a folder, with its mode. */
function below(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    const mode = ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
    return [`${mode} ${path}`, ...isDirectory ? below(path) : []];
  });
}

Deno.test("Spool keeps what is uploaded for its user alone, until it was sent", () =>
  withTempFolder(async (folder) => {
    const spool = spoolIn(folder);
    const place = (...parts: string[]) => ({ batch: one, parts });
    await spool.add(
      "me",
      { ...place("a.txt"), modified: 86_400_000 },
      5,
      bytes("he", "llo"),
    );
    await spool.add("me", place("photos", "2026", "b.png"), 0, bytes());
    await spool.add("me", place("photos", "c.png"), 1, bytes("c"));
    await spool.add("me", { batch: other, parts: ["a.txt"] }, 1, bytes("x"));
    const paths = spool.take(one);
    assertEquals(paths.map((path) => path.split("/").at(-1)), [
      "a.txt",
      "photos",
    ]);
    const [first = ""] = paths;
    assertEquals(await Deno.readTextFile(first), "hello");
    assertEquals((await Deno.stat(first)).mtime?.getTime(), 86_400_000);
    for (const entry of below(join(folder, "parley"))) {
      assert(/^[67]00 /.test(entry), entry);
    }
    assertThrows(() => spool.take(one), SpoolError, "nothing to send");
    await assertRejects(
      () => spool.add("me", place("d"), 0, bytes()),
      SpoolError,
      "being sent",
    );
    await spool.drop(one);
    await assertRejects(() => Deno.stat(first), Deno.errors.NotFound);
    assertEquals(await Deno.readTextFile(spool.take(other)[0] ?? ""), "x");
    await spool.close();
    assertEquals(below(join(folder, "parley", "uploads")), []);
  }));

Deno.test("Spool refuses what does not come whole, twice, or has no room", () =>
  withTempFolder(async (folder) => {
    const spool = spoolIn(folder);
    const place = { batch: one, parts: ["a"] };
    const refused = (
      size: number,
      body: AsyncIterable<Uint8Array>,
      why: string,
    ) =>
      assertRejects(() => spool.add("me", place, size, body), SpoolError, why);
    await refused(5, bytes("four"), "whole");
    await refused(3, bytes("four"), "whole");
    await refused(Number.MAX_SAFE_INTEGER, bytes(), "no room");
    assertEquals(
      below(join(folder, "parley")).filter((path) => path.endsWith("/a")),
      [],
    );
    assertThrows(() => spool.take(one), SpoolError, "not all");
    await spool.drop(one);
    await spool.add("me", place, 1, bytes("1"));
    await refused(1, bytes("2"), "two of this name");
    await spool.close();
  }));

Deno.test("Spool bounds batches, and forgets those of a page that is gone", () =>
  withTempFolder(async (folder) => {
    const spool = spoolIn(folder);
    const id = (n: number) => `${n}`.padStart(22, "A");
    const add = (n: number, owner: string) =>
      spool.add(owner, { batch: id(n), parts: ["a"] }, 0, bytes());
    for (let n = 0; n < 63; n++) await add(n, "me");
    await add(63, "another");
    await assertRejects(() => add(64, "me"), SpoolError, "too much");
    const [taken = ""] = spool.take(id(0));
    // What is on its way when the page goes leaves nothing either.
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = (async function* () {
      await promise;
      yield* bytes("late");
    })();
    const place = { batch: id(1), parts: ["folder", "late"] };
    const adding = spool.add("me", place, 4, late);
    await spool.dropOf("me");
    resolve();
    await adding.catch(() => {});
    assertThrows(() => spool.take(id(2)), SpoolError, "nothing to send");
    assertEquals(
      below(join(folder, "parley")).filter((path) => /AA\d+$/.test(path))
        .length,
      2,
    );
    assert((await Deno.stat(taken)).isFile, "it is being sent");
    assertEquals(spool.take(id(63)).length, 1);
    await spool.close();
  }));

Deno.test("Spool removes what a killed client left, and nothing of one that runs", () =>
  withTempFolder(async (folder) => {
    const script = `
      import { Spool } from ${
      JSON.stringify(
        import.meta.resolve("../../../../lib/client/ui/web/spool.io.ts"),
      )
    };
      import { systemRandom } from ${
      JSON.stringify(import.meta.resolve("../../../../lib/system/clock.io.ts"))
    };
      const spool = new Spool((name) => Deno.env.get(name), systemRandom);
      await spool.add("me", { batch: "${one}", parts: ["left"] }, 1, (async function* () { yield new Uint8Array(1); })());
      console.log(spool.take("${one}")[0]);
      await new Promise(() => setInterval(() => {}, 1000));
    `;
    await Deno.writeTextFile(join(folder, "left.ts"), script);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        "--config",
        new URL("../../../../deno.json", import.meta.url).pathname,
        join(folder, "left.ts"),
      ],
      env: { XDG_STATE_HOME: folder },
      stdout: "piped",
    }).spawn();
    try {
      const reader = child.stdout.pipeThrough(new TextDecoderStream())
        .getReader();
      const path = ((await reader.read()).value ?? "").trim();
      assert((await Deno.stat(path)).isFile);
      const spool = spoolIn(folder, 2);
      await spool.removeLeft();
      assert((await Deno.stat(path)).isFile, "of one that runs");
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      await spool.removeLeft();
      assertEquals(below(join(folder, "parley", "uploads")), []);
    } finally {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }));

Deno.test("Spool keeps a picture that was sent to be shown, the newest and not too many", () =>
  withTempFolder(async (folder) => {
    const spool = spoolIn(folder);
    const isThere = (path = "") =>
      Deno.stat(path).then(() => true, () => false);
    const sent: string[] = [];
    const send = async (index: number, name: string, ...more: string[]) => {
      const batch = `A${String(index).padStart(21, "0")}`;
      for (const each of [name, ...more]) {
        await spool.add("me", { batch, parts: [each] }, 1, bytes("x"));
      }
      const [path = ""] = spool.take(batch);
      await spool.release(batch);
      return path;
    };
    for (let index = 0; index <= 100; index++) {
      sent.push(await send(index, "a.png"));
    }
    const there = await Promise.all(
      [sent[0], sent[1], sent[100]].map(isThere),
    );
    assertEquals(there, [false, true, true]);
    // Neither of other files, nor of several.
    assert(!await isThere(await send(200, "a.txt")));
    assert(!await isThere(await send(201, "a.png", "b.png")));
    await spool.clear();
    assert(!await isThere(sent[100]));
    await spool.close();
  }));
