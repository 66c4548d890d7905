import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { HistoryFile } from "../../../../lib/client/ui/terminal/history.io.ts";
import {
  readNotify,
  readPresence,
  writeNotify,
  writePresence,
} from "../../../../lib/client/ui/choices.io.ts";
import { presenceChoices } from "../../../../lib/client/commands/program.ts";
import { waitUntil } from "../../../support/wait_until.ts";

async function withState(
  test: (
    env: (name: string) => string | undefined,
    folder: string,
  ) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-state-" });
  try {
    await test(
      (name) => name === "XDG_STATE_HOME" ? folder : undefined,
      folder,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("HistoryFile: keeps lines from run to run, for each server and its owner alone", async () => {
  await withState((env, folder) => {
    const first = new HistoryFile("[::1]:6000", env);
    assertEquals(first.read(), []);
    first.add("/who");
    first.add("/who");
    first.add("/private luke hush");
    first.add("/private luke one\ntwo");
    first.add("/changepassword secret");
    first.add("one\n\ntwo");
    assertEquals(new HistoryFile("[::1]:6000", env).read(), [
      "/who",
      "/changepassword",
      "one\n\ntwo",
    ]);
    assertEquals(new HistoryFile("localhost:6000", env).read(), []);
    const path = join(folder, "parley", "history", "___1__6000");
    if (Deno.build.os !== "windows") {
      assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
    }
  });
});

Deno.test("HistoryFile: a file that grew long is cut to the newest lines", async () => {
  await withState(async (env, folder) => {
    const history = new HistoryFile("h:1", env);
    history.add("x");
    const path = join(folder, "parley", "history", "h_1");
    const lines = Array.from({ length: 2500 }, (_, number) => `/w ${number}`);
    await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
    const kept = new HistoryFile("h:1", env).read();
    assertEquals(kept.length, 1000);
    assertEquals(kept.at(-1), "/w 2499");
    await waitUntil(
      "the file to be cut",
      () => Deno.readTextFileSync(path).split("\n").length === 1001,
    );
    const beside = await Array.fromAsync(Deno.readDir(dirname(path)));
    assertEquals(beside.length, 1);
  });
});

Deno.test("HistoryFile: without a place to write, nothing fails", () => {
  const history = new HistoryFile("h:1", () => undefined);
  history.add("/who");
  assertEquals(history.read(), []);
});

Deno.test("readPresence: known, until something else is chosen", async () => {
  await withState(async (env, folder) => {
    assertEquals(readPresence(env), "known");
    for (const choice of presenceChoices) {
      writePresence(env, choice);
      assertEquals(readPresence(env), choice);
    }
    await Deno.writeTextFile(join(folder, "parley", "presence"), "nobody\n");
    assertEquals(readPresence(env), "known");
  });
});

Deno.test("readNotify: what was chosen last is remembered", async () => {
  await withState((env) => {
    assertEquals(readNotify(env), true);
    writeNotify(env, false);
    assertEquals(readNotify(env), false);
    writeNotify(env, true);
    assertEquals(readNotify(env), true);
  });
});
