import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { RotatingLog } from "../../../lib/server/logs/server_log.io.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";
import { testUnless } from "../../support/test_unless.ts";

const options = { maxBytes: 20, maxAgeMs: 0, keep: 2, now: () => 0 };

Deno.test("RotatingLog begins a new file at its size, keeps some, loses no line", async () => {
  await withTempFolder((folder) => {
    const path = join(folder, "server.log");
    const log = new RotatingLog(path, { ...options, keep: 10 });
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i} of it\n`);
    for (const line of lines) log.write(line);
    log.close();
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
      .sort((a, b) => age(b) - age(a));
    // Ten old ones and the present one, a line each: the newest eleven.
    assertEquals(files.length, 11);
    const text = files.map((name) => Deno.readTextFileSync(join(folder, name)));
    assertEquals(text, lines.slice(-11));
    return Promise.resolve();
  });
});

Deno.test("RotatingLog goes on in a file that is there", async () => {
  await withTempFolder((folder) => {
    const path = join(folder, "server.log");
    for (const line of ["one\n", "two\n"]) {
      const log = new RotatingLog(path, options);
      log.write(line);
      log.close();
    }
    assertEquals(Deno.readTextFileSync(path), "one\ntwo\n");
    return Promise.resolve();
  });
});

Deno.test("RotatingLog begins a new file when the old one is of age", async () => {
  await withTempFolder((folder) => {
    const path = join(folder, "server.log");
    let now = 1_000;
    const log = new RotatingLog(path, {
      ...options,
      maxAgeMs: 500,
      now: () => now,
    });
    log.write("old\n");
    now += 499;
    log.write("same\n");
    now += 1;
    log.write("new\n");
    log.close();
    assertEquals(Deno.readTextFileSync(`${path}.1`), "old\nsame\n");
    assertEquals(Deno.readTextFileSync(path), "new\n");
    return Promise.resolve();
  });
});

Deno.test("RotatingLog.reopen() follows a log that was moved away", async () => {
  await withTempFolder((folder) => {
    const path = join(folder, "server.log");
    const log = new RotatingLog(path, options);
    log.write("before\n");
    Deno.renameSync(path, `${path}.moved`);
    log.write("still\n");
    log.reopen();
    log.write("after\n");
    log.close();
    assertEquals(Deno.readTextFileSync(`${path}.moved`), "before\nstill\n");
    assertEquals(Deno.readTextFileSync(path), "after\n");
    return Promise.resolve();
  });
});

Deno.test("RotatingLog says where it cannot write", () => {
  assertThrows(
    () => new RotatingLog("/no/such/folder/log", options),
    StartError,
    'cannot write the log "/no/such/folder/log": it does not exist; choose',
  );
});

testUnless(
  Deno.build.os === "windows" ? "pipes are no files here" : undefined,
  "RotatingLog waits for no pipe, neither at first nor when it is opened anew",
  async () => {
    await withTempFolder(async (folder) => {
      const path = join(folder, "server.log");
      const log = new RotatingLog(path, options);
      await Deno.rename(path, `${path}.moved`);
      await new Deno.Command("mkfifo", { args: [path] }).output();
      assertThrows(
        () => new RotatingLog(path, options),
        StartError,
        `cannot write the log "${path}": it is a pipe, not a regular file; choose`,
      );
      log.reopen();
      log.write("still\n");
      log.close();
      assertEquals(await Deno.readTextFile(`${path}.moved`), "still\n");
    });
  },
);

/** 0 for the present file, N for the one before N others. */
function age(name: string): number {
  return Number(name.match(/\.(\d+)$/)?.[1] ?? 0);
}
