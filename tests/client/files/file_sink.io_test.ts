import { assertEquals, assertRejects } from "@std/assert";
import { basename, join } from "@std/path";
import { FileSink } from "../../../lib/client/files/file_sink.io.ts";
import { SinkError } from "../../../lib/client/files/sink_error.io.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { testFile } from "../../support/transfer_pair.ts";
import { checksOf } from "../../support/checks_of.ts";

const file = { sender: "yoda", name: "a.txt", size: 3, fingerprint: "f" };

async function withFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-sink-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found.sort();
}

async function receive(folder: string, text: string): Promise<string> {
  const sink = await FileSink.open(folder, { ...file, size: text.length });
  const bytes = new TextEncoder().encode(text);
  await sink.write(bytes);
  return await sink.finish(checksOf(bytes));
}

Deno.test("FileSink.finish: the file has its name, nothing else is left", async () => {
  await withFolder(async (folder) => {
    const path = await receive(folder, "one");
    assertEquals(basename(path), "yoda_a.txt");
    assertEquals(await Deno.readTextFile(path), "one");
    assertEquals(await names(folder), ["yoda_a.txt"]);
  });
});

Deno.test("FileSink.finish: one of which there are thousands gets the next name", async () => {
  await withFolder(async (folder) => {
    for (let copy = 0; copy < 3_000; copy++) {
      const suffix = copy === 0 ? "" : ` (${copy})`;
      await Deno.writeTextFile(join(folder, `yoda_a${suffix}.txt`), "");
    }
    const paths = [await receive(folder, "one"), await receive(folder, "two")];
    assertEquals(paths.map((path) => basename(path)), [
      "yoda_a (3000).txt",
      "yoda_a (3001).txt",
    ]);
  });
});

Deno.test("FileSink.finish: a name that is taken, even by a link, is left alone", async () => {
  await withFolder(async (folder) => {
    const precious = join(folder, "precious");
    await Deno.writeTextFile(precious, "precious");
    if (Deno.build.os !== "windows") {
      await Deno.symlink(precious, join(folder, "yoda_a.txt"));
    } else await Deno.writeTextFile(join(folder, "yoda_a.txt"), "there");
    const sink = await FileSink.open(folder, file);
    const two = new TextEncoder().encode("two");
    await sink.write(two);
    // Appears at the last moment.
    await Deno.mkdir(join(folder, "yoda_a (1).txt"));
    assertEquals(basename(await sink.finish(checksOf(two))), "yoda_a (2).txt");
    assertEquals(await Deno.readTextFile(precious), "precious");
  });
});

Deno.test("FileSink.finish: giving it its time does not have it read back", async () => {
  await withFolder(async (folder) => {
    const bytes = testFile(9 * 1024 * 1024);
    const sink = await FileSink.open(folder, { ...file, size: bytes.length });
    await sink.write(bytes);
    const { read } = Deno.FsFile.prototype;
    let reads = 0;
    Deno.FsFile.prototype.read = function (buffer) {
      reads++;
      return read.call(this, buffer);
    };
    try {
      const attributes = { modified: 1_234_567_890_123, isExecutable: true };
      const path = await sink.finish(checksOf(bytes), attributes);
      const { mtime } = await Deno.stat(path);
      assertEquals(mtime?.getTime(), attributes.modified);
      if (Deno.build.os === "linux") assertEquals(reads, 0);
    } finally {
      Deno.FsFile.prototype.read = read;
    }
  });
});

Deno.test("FileSink.open: hostile names stay in the folder", async () => {
  await withFolder(async (folder) => {
    for (const name of ["../../x", "/etc/passwd", "..", "a\u0000b", "\u202e"]) {
      const sink = await FileSink.open(folder, { ...file, name, size: 0 });
      const path = await sink.finish(checksOf(new Uint8Array(0)));
      assertEquals(path, join(folder, basename(path)));
    }
  });
});

Deno.test("FileSink.open: a file with the longest of names goes on, and leaves nothing", async () => {
  const bytes = testFile(2 * transferLimits.blockBytes + 5);
  const checks = checksOf(bytes);
  const { length: size } = bytes;
  for (const letters of [220, 228, 232, 233, 240, 250, 255]) {
    for (const letter of ["x", "é"]) {
      await withFolder(async (folder) => {
        const name = letter.repeat(letters) +
          ".mp4";
        const long = { ...file, name, size };
        const first = await FileSink.open(folder, long);
        await first.write(bytes.subarray(0, transferLimits.blockBytes));
        await first.part.record(0, checks.slice(0, 1));
        await first.close();
        const again = await FileSink.open(folder, long);
        assertEquals(again.kept, checks.slice(0, 1), name);
        await again.write(bytes.subarray(transferLimits.blockBytes));
        const path = await again.finish(checks);
        assertEquals(await Deno.readFile(path), bytes);
        assertEquals(await names(folder), [basename(path)]);
      });
    }
  }
});

Deno.test("FileSink.checked: damage found while the rest comes costs what follows it", async () => {
  const bytes = testFile(5 * transferLimits.blockBytes + 5);
  const checks = checksOf(bytes);
  const film = { ...file, size: bytes.length };
  const { read } = Deno.FsFile.prototype;
  for (const damaged of [undefined, 2]) {
    await withFolder(async (folder) => {
      const first = await FileSink.open(folder, film);
      await first.write(bytes.subarray(0, 4 * transferLimits.blockBytes));
      await first.part.record(0, checks.slice(0, 4));
      await first.close();
      if (damaged !== undefined) {
        const path = join(folder, "yoda_a.txt.part");
        using part = await Deno.open(path, { write: true });
        const at = damaged * transferLimits.blockBytes;
        await part.seek(at, Deno.SeekMode.Start);
        await part.write(new Uint8Array(9));
      }
      // A disk that takes its time for what is read back, but not for the map.
      Deno.FsFile.prototype.read = async function (into) {
        const isBlock = into.length >= transferLimits.blockBytes;
        if (isBlock) await new Promise((done) => setTimeout(done, 100));
        return await read.call(this, into);
      };
      const slow = await FileSink.open(folder, film, 1);
      const isRight = await slow.checked
        .finally(() => Deno.FsFile.prototype.read = read);
      assertEquals(slow.kept, checks.slice(0, 4), "told before it is known");
      assertEquals(isRight, damaged === undefined);
      await slow.write(bytes.subarray(4 * transferLimits.blockBytes));
      await slow.close();
      const next = await FileSink.open(folder, film);
      assertEquals(next.kept, checks.slice(0, damaged ?? 4));
      next.discard();
    });
  }
});

Deno.test("FileSink.checked: what cannot be read now is kept", async () => {
  const bytes = testFile(5 * transferLimits.blockBytes);
  const checks = checksOf(bytes).slice(0, 4);
  const film = { ...file, size: bytes.length };
  const { open } = Deno;
  await withFolder(async (folder) => {
    const first = await FileSink.open(folder, film);
    await first.write(bytes.subarray(0, 4 * transferLimits.blockBytes));
    await first.part.record(0, checks);
    await first.close();
    // So late that the rest comes meanwhile, too many files are open.
    const refusal = Promise.withResolvers<Deno.FsFile>();
    const asked = Promise.withResolvers<void>();
    Deno.open = (path, options) => {
      if (options?.write) return open(path, options);
      asked.resolve();
      return refusal.promise;
    };
    const opening = FileSink.open(folder, film, 1);
    const slow = await Promise.all([opening, asked.promise])
      .then(() => opening)
      .finally(() => Deno.open = open);
    refusal.reject(new Error("Too many open files (os error 24)"));
    await assertRejects(() => slow.checked, SinkError, "cannot be written");
    await slow.close();
    const next = await FileSink.open(folder, film);
    assertEquals(next.kept, checks);
    next.discard();
  });
});

Deno.test("FileSink.open: too little room or no folder is said, nothing left", async () => {
  await withFolder(async (folder) => {
    const huge = { ...file, size: 2 ** 48 - 1 };
    await assertRejects(
      () => FileSink.open(folder, huge),
      SinkError,
      "too little room",
    );
    assertEquals(await names(folder), []);
    const missing = join(folder, "missing");
    await assertRejects(
      () => FileSink.open(missing, file),
      SinkError,
      "does not exist",
    );
    const plain = join(folder, "plain");
    await Deno.writeTextFile(plain, "");
    await assertRejects(() => FileSink.open(plain, file), SinkError);
  });
});

Deno.test({
  name:
    "FileSink.write: a disk that fills up is said, and nothing half written",
  ignore: Deno.build.os !== "linux",
  fn: async (t) => {
    await withFolder(async (folder) => {
      const mount = new Deno.Command("mount", {
        args: ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder],
        stderr: "null",
      });
      const { success } = await mount.output()
        .catch(() => ({ success: false }));
      if (!success) {
        await t.step({
          name: "a small disk cannot be mounted here (needs root)",
          ignore: true,
          fn: () => {},
        });
        return;
      }
      try {
        const size = 2_500_000;
        const sink = await FileSink.open(folder, { ...file, size });
        const start = new Uint8Array(500_000).fill(1);
        const rest = new Uint8Array(size - start.length).fill(2);
        await sink.write(start);
        // Somebody else takes the room that was there.
        const other = join(folder, "other");
        await Deno.writeFile(other, new Uint8Array(3_000_000));
        const error = await assertRejects(
          () => sink.write(rest),
          SinkError,
          "No space left",
        );
        assertEquals(error.failure, "space");
        await Deno.remove(other);
        await sink.write(rest);
        const bytes = new Uint8Array(size).fill(1);
        bytes.set(rest, start.length);
        const path = await sink.finish(checksOf(bytes));
        assertEquals(await Deno.readFile(path), bytes);
      } finally {
        await new Deno.Command("umount", { args: [folder] }).output();
      }
    });
  },
});
