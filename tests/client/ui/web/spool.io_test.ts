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
      { ...place("a.txt"), modified: 86_400_000 },
      5,
      bytes("he", "llo"),
      0,
    );
    await spool.add(place("photos", "2026", "b.png"), 0, bytes(), 0);
    await spool.add(place("photos", "c.png"), 1, bytes("c"), 0);
    await spool.add({ batch: other, parts: ["a.txt"] }, 1, bytes("x"), 0);
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
      () => spool.add(place("d"), 0, bytes(), 0),
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
    ) => assertRejects(() => spool.add(place, size, body, 0), SpoolError, why);
    await refused(5, bytes("four"), "whole");
    await refused(3, bytes("four"), "whole");
    await refused(Number.MAX_SAFE_INTEGER, bytes(), "no room");
    assertEquals(
      below(join(folder, "parley")).filter((path) => path.endsWith("/a")),
      [],
    );
    assertThrows(() => spool.take(one), SpoolError, "not all");
    await spool.drop(one);
    await spool.add(place, 1, bytes("1"), 0);
    await refused(1, bytes("2"), "two of this name");
    await spool.close();
  }));

Deno.test("Spool bounds batches, and forgets those that nobody sends", () =>
  withTempFolder(async (folder) => {
    const spool = spoolIn(folder);
    const add = (n: number, now: number) =>
      spool.add(
        { batch: `${n}`.padStart(22, "A"), parts: ["a"] },
        0,
        bytes(),
        now,
      );
    for (let n = 0; n < 64; n++) await add(n, 0);
    await assertRejects(() => add(64, 1000), SpoolError, "too much");
    await add(64, 3_600_001);
    assertThrows(() => spool.take("0".padStart(22, "A")), SpoolError);
    spool.take("64".padStart(22, "A"));
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
      await spool.add({ batch: "${one}", parts: ["left"] }, 1, (async function* () { yield new Uint8Array(1); })(), 0);
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
