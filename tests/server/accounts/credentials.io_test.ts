import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { writeFileAtomically } from "../../../lib/system/files.io.ts";
import { CredentialsSource } from "../../../lib/server/accounts/credentials.io.ts";
import { ensureFirstAccount } from "../../../lib/server/accounts/user_command.io.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import {
  formatVerifier,
  makeVerifier,
} from "../../../lib/security/verifier.ts";
import {
  type Accounts,
  CredentialsFile,
} from "../../../lib/server/accounts/credentials_file.ts";
import { FakeConsole } from "../../support/fake_console.ts";
import { withTempFolder } from "../../support/temp_folder.ts";
import { patience } from "../../support/wait_until.ts";

test("CredentialsSource.load() starts with the lines that are right", async (path) => {
  await Deno.writeTextFile(path, "yoda one\nluke\n");
  const { source, reports } = watched(path);
  assertEquals([...(await source.load()).keys()], ["yoda"]);
  assertEquals(reports.length, 1);
  assertStringIncludes(reports[0] ?? "", "credentials.txt: line 2: ");
});

test("CredentialsSource.load() starts with names that differ only in case, and says so", async (path) => {
  await Deno.writeTextFile(path, "yoda one\nluke two\nYoda three\n");
  const { source, reports } = watched(path);
  assertEquals([...(await source.load()).keys()], ["yoda", "luke", "Yoda"]);
  assertEquals(reports, [
    `${path}: "Yoda" and "yoda" differ only in capital letters: each is found ` +
    "only by exactly its name; give one of them another",
  ]);
});

test("CredentialsSource.reportOpenness() says that everybody can read the file", async (path) => {
  if (Deno.build.os === "windows") return;
  await Deno.writeTextFile(path, "yoda one\n");
  const { source, reports } = watched(path);
  await Deno.chmod(path, 0o640);
  await source.reportOpenness();
  assertEquals(reports, []);
  await Deno.chmod(path, 0o644);
  await source.reportOpenness();
  assertEquals(reports, [
    `"${path}" is open to everybody on this machine; ` +
    `close it with: chmod 600 "${path}"`,
  ]);
});

test("CredentialsSource.load() refuses to start without an account", async (path) => {
  const { source } = watched(path);
  await assertRejects(() => source.load(), StartError, "it does not exist");
  await Deno.writeTextFile(path, "# nobody\n");
  const advice = `parley-server user add NAME --credentials "${path}"`;
  await assertRejects(() => source.load(), StartError, advice);
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
  const { source, next, reported, reports } = watched(path);
  await source.load();
  try {
    const changed = next();
    await Deno.writeTextFile(path, "");
    assertStringIncludes(await reported("stay as they were"), "no account");
    await Deno.remove(path);
    assertStringIncludes(await reported("does not exist"), "stay as they were");
    const kept = "does not exist; the accounts stay as they were";
    await assertRejects(() => source.reload(() => {}), StartError, kept);
    // It may be tried again and again: what is in it is told once.
    await writeFileAtomically(path, "mace\n");
    for (let times = 0; times < 3; times++) {
      await assertRejects(() => source.reload(() => {}), StartError, "as they");
    }
    assertEquals(reports.filter((text) => text.includes("line 1")).length, 1);
    await Deno.writeTextFile(path, "luke two\n");
    // Only now has there been a change.
    assertEquals([...(await changed).keys()], ["luke"]);
  } finally {
    source.close();
  }
});

test("CredentialsSource.edit() changes one line, with what was edited by hand, and is no edit to notice", async (path) => {
  await Deno.writeTextFile(path, "# us\nyoda one\nluke two\n");
  const { source, next, changes } = watched(path);
  await source.load();
  await Deno.writeTextFile(path, "# we\nyoda one\nluke two\nleia three\n");
  const renamed = await source.edit({ do: "rename", name: "yoda", to: "m" });
  assertEquals([...renamed.keys()], ["m", "luke", "leia"]);
  assertEquals(
    await Deno.readTextFile(path),
    "# we\nm one\nluke two\nleia three\n",
  );
  const changed = await source.edit({
    do: "set-verifier",
    name: "luke",
    verifier,
  });
  const luke = changed.get("luke");
  assert(luke?.kind === "verifier");
  assertEquals(formatVerifier(luke.verifier), formatVerifier(verifier));
  try {
    const edited = next();
    await Deno.writeTextFile(path, "m one\n");
    // The first change that is told is the one by hand.
    assertEquals([...(await edited).keys()], ["m"]);
    assertEquals(changes.length, 0);
  } finally {
    source.close();
  }
});

test("CredentialsSource.edit() refuses what was edited meanwhile, and leaves the file alone", async (path) => {
  const { source } = watched(path);
  await Deno.writeTextFile(path, "yoda one\nluke two\n");
  await source.load();
  const text = "yoda reset\nleia two\n";
  await Deno.writeTextFile(path, text);
  const set = (name: string) =>
    source.edit({ do: "set-verifier", name, verifier });
  await assertRejects(() => set("yoda"), Error, 'account "yoda" was edited');
  await assertRejects(() => set("luke"), Error, 'account "luke" was edited');
  await Deno.writeTextFile(path, "yoda one\nleia two\n");
  await assertRejects(
    () => source.edit({ do: "rename", name: "yoda", to: "leia" }),
    RangeError,
  );
  await Deno.remove(path);
  await assertRejects(() => set("yoda"));
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
});

test("CredentialsSource.edit() makes changes one after another", async (path) => {
  const { source } = watched(path);
  await Deno.writeTextFile(path, "yoda one\nluke two\nleia three\n");
  await source.load();
  await Promise.all([
    source.edit({ do: "rename", name: "yoda", to: "a" }),
    source.edit({ do: "rename", name: "luke", to: "b" }),
    source.edit({ do: "rename", name: "leia", to: "c" }),
    assertRejects(() => source.edit({ do: "rename", name: "leia", to: "d" })),
  ]);
  assertEquals(await Deno.readTextFile(path), "a one\nb two\nc three\n");
});

test("ensureFirstAccount() makes the file with the first account", async (path) => {
  const console = new FakeConsole({
    answers: [
      "leia",
      "",
      "l e",
      " leia ",
      "12345678",
      "12345679",
      ...two("12345678"),
    ],
  });
  assertEquals(await ensureFirstAccount(path, console), "leia");
  assertEquals(
    console.complaints.filter((line) => line.includes("try again")).length,
    3,
  );
  assertStringIncludes(
    console.complaints.at(-1) ?? "",
    `add the next one, in this folder, with: parley-server user add NAME --credentials "${path}"`,
  );
  const file = new CredentialsFile(await Deno.readTextFile(path));
  assertEquals([...file.accounts.keys()], ["leia"]);
  assertEquals(file.accounts.get("leia")?.kind, "verifier");
  // With a file there is nothing to ask.
  await ensureFirstAccount(path, new FakeConsole({ answers: [] }));
});

test("ensureFirstAccount() names the command where nobody answers", async (path) => {
  for (
    const answers of [
      undefined,
      ["n"],
      [undefined],
      ["y", "b@d", "b@d", "b@d"],
      [
        "y",
        "leia",
        "a",
        "b",
        "c",
      ],
    ]
  ) {
    const console = new FakeConsole(answers === undefined ? {} : { answers });
    const error = await assertRejects(
      () => ensureFirstAccount(path, console),
      StartError,
    );
    assert(!error.message.includes("\n"));
    if (answers === undefined) {
      assertStringIncludes(
        error.message,
        `make one with: parley-server user add NAME --credentials "${path}"`,
      );
    }
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  }
});

function two(password: string): [string, string] {
  return [password, password];
}

const verifier = makeVerifier(new Uint8Array(32), {
  salt: new Uint8Array(16),
  iterations: 600_000,
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
      }, patience);
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
    changes,
    next: () => {
      startWatching();
      return until(() => changes.shift());
    },
    reported: (part: string) =>
      until(() => reports.find((text) => text.includes(part))),
  };
}
