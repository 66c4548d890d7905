import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { writeFileAtomically } from "../../lib/io/atomic_file.ts";
import { CredentialsSource } from "../../lib/io/credentials_source.ts";
import { ensureFirstAccount } from "../../lib/io/first_account.ts";
import { StartError } from "../../lib/io/start_error.ts";
import type { Accounts } from "../../lib/server/accounts.ts";
import { CredentialsFile } from "../../lib/server/credentials_file.ts";
import { FakeConsole } from "../support/fake_console.ts";
import { withTempFolder } from "../support/temp_folder.ts";

test("CredentialsSource.load() starts with the lines that are right", async (path) => {
  await Deno.writeTextFile(path, "yoda one\nluke\n");
  const { source, reports } = watched(path);
  assertEquals([...(await source.load()).keys()], ["yoda"]);
  assertEquals(reports.length, 1);
  assertStringIncludes(reports[0] ?? "", "credentials.txt: line 2: ");
});

test("CredentialsSource.load() refuses to start without an account", async (path) => {
  const { source } = watched(path);
  await assertRejects(() => source.load(), StartError, "it does not exist");
  await Deno.writeTextFile(path, "# nobody\n");
  await assertRejects(() => source.load(), StartError, "user add NAME");
  await Deno.writeFile(path, new Uint8Array([0xff]));
  await assertRejects(() => source.load(), StartError, "not UTF-8");
});

test("CredentialsSource.watch() notices edits in place and replacements", async (path) => {
  await Deno.writeTextFile(path, "yoda one\n");
  const { source, next } = watched(path);
  await source.load();
  try {
    await Deno.writeTextFile(path, "yoda one\nluke two\n");
    assertEquals([...(await next()).keys()], ["yoda", "luke"]);
    await writeFileAtomically(path, "yoda one\nleia two\n");
    assertEquals([...(await next()).keys()], ["yoda", "leia"]);
  } finally {
    source.close();
  }
});

test("CredentialsSource.watch() keeps the accounts when an edit is unusable", async (path) => {
  await Deno.writeTextFile(path, "yoda one\n");
  const { source, next, reported } = watched(path);
  await source.load();
  try {
    const changed = next();
    await Deno.writeTextFile(path, "");
    assertStringIncludes(await reported("stay as they were"), "no account");
    await Deno.remove(path);
    assertStringIncludes(await reported("does not exist"), "stay as they were");
    await Deno.writeTextFile(path, "luke two\n");
    // Only now has there been a change.
    assertEquals([...(await changed).keys()], ["luke"]);
  } finally {
    source.close();
  }
});

test("ensureFirstAccount() makes the file with the first account", async (path) => {
  const console = new FakeConsole({ answers: ["", " leia ", "pw", "pw"] });
  await ensureFirstAccount(path, console);
  const file = new CredentialsFile(await Deno.readTextFile(path));
  assertEquals([...file.accounts.keys()], ["leia"]);
  assertEquals(file.accounts.get("leia")?.kind, "verifier");
  // With a file there is nothing to ask.
  await ensureFirstAccount(path, new FakeConsole({ answers: [] }));
});

test("ensureFirstAccount() names the command where nobody answers", async (path) => {
  for (
    const answers of [undefined, ["n"], [undefined], ["y", "b@d"], [
      "y",
      "leia",
      "a",
      "b",
    ]]
  ) {
    const console = new FakeConsole(answers === undefined ? {} : { answers });
    const error = await assertRejects(
      () => ensureFirstAccount(path, console),
      StartError,
    );
    assert(!error.message.includes("\n"));
    if (answers === undefined) {
      assertStringIncludes(error.message, "server user add NAME");
    }
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  }
});

function test(name: string, use: (path: string) => Promise<void>): void {
  Deno.test(
    name,
    () => withTempFolder((folder) => use(join(folder, "credentials.txt"))),
  );
}

/** A source that looks often; `next` and `reported` wait, with a limit. */
function watched(path: string) {
  const reports: string[] = [];
  const listeners = new Set<() => void>();
  const wake = () => listeners.forEach((listener) => listener());
  const source = new CredentialsSource(path, {
    intervalMs: 5,
    report: (_, text) => {
      reports.push(text);
      wake();
    },
  });
  const changes: Accounts[] = [];
  const until = <T>(find: () => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        listeners.delete(check);
        reject(new Error("nothing happened"));
      }, 5000);
      const check = () => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        listeners.delete(check);
        resolve(found);
      };
      listeners.add(check);
      check();
    });
  const startWatching = () =>
    source.watch((accounts) => {
      changes.push(accounts);
      wake();
    });
  return {
    source,
    reports,
    next: () => {
      startWatching();
      return until(() => changes.shift());
    },
    reported: (part: string) =>
      until(() => reports.find((text) => text.includes(part))),
  };
}
