/** What goes wrong on a machine: the programs stay up and say so. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { fullDisk } from "../soak/full_disk.ts";
import {
  jediAccounts,
  logIn,
  passwordOf,
  startServer,
} from "../support/jedi.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { makePipe, noPipes } from "../support/named_pipe.ts";
import { root, serverCommand } from "../support/programs.ts";
import { RunningProcess } from "../support/running_process.ts";
import { diskLauncher, noMount } from "../support/small_disk.ts";
import { testUnless } from "../support/test_unless.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

const lack = await noMount();

testUnless(
  lack,
  "failure: full disks in the middle of chat and a transfer cost nothing",
  async () => {
    const result = await fullDisk(1);
    assert(result.confirmed >= 2 && result.refused >= 1);
    const { chatAfterMs, transferAfterMs } = result;
    assert(chatAfterMs < 15_000, `chat went on after ${chatAfterMs} ms`);
    assert(transferAfterMs < 15_000, `transfer after ${transferAfterMs} ms`);
  },
);

testUnless(
  lack,
  "failure: a data folder that cannot be written stops the start in one line",
  async () => {
    await withTempFolder(async (folder) => {
      const readOnly = [
        ...diskLauncher("data", 1),
        "sh",
        "-c",
        'mount -o remount,ro data && exec "$@"',
        "sh",
      ];
      const { code, err } = await startIn(folder, readOnly);
      assertEquals(code, 1);
      assertMatch(err, /^cannot use data folder "data": [^\n]*--data-dir\n$/);
    });
  },
);

Deno.test("failure: a damaged database stops the start in one line and stays as it is", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  for (let number = 0; number < 40; number++) {
    await yoda.succeed(`/msgto luke ${number} ${"x".repeat(500)}`);
  }
  await yoda.finish();
  await server.stop();
  const path = server.path("data", "parley.db");
  const good = await Deno.readFile(path);
  const noise = crypto.getRandomValues(new Uint8Array(4096));
  const damages: [string, (bytes: Uint8Array) => Uint8Array, RegExp][] = [
    ["no header", (bytes) => patch(bytes, 0, noise), /is no SQLite database/],
    ["the schema", (bytes) => patch(bytes, 100, noise), /is damaged/],
    [
      "every page but the first",
      (bytes) => {
        for (let at = 4096; at < bytes.length; at += 4096) {
          patch(bytes, at, noise);
        }
        return bytes;
      },
      /is damaged/,
    ],
    ["cut in half", (bytes) => bytes.slice(0, bytes.length / 2), /is damaged/],
  ];
  for (const [what, damage, expected] of damages) {
    const bad = damage(good.slice());
    await Deno.writeFile(path, bad);
    const { code, err } = await startIn(server.folder);
    assertEquals([code, err.trimEnd().split("\n").length], [1, 1], what + err);
    assertMatch(err, expected, what);
    assertMatch(err, /^database "data\/parley.db" .*(restore|move)/, what);
    assert(isSame(await Deno.readFile(path), bad), `${what}: was changed`);
  }
});

Deno.test("failure: a database that is locked or damaged while it is used", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/msgto luke before");
  const path = server.path("data", "parley.db");
  {
    // The server may still be writing that luke has got it.
    using other = new DatabaseSync(path, { timeout: 20_000 });
    other.exec("BEGIN IMMEDIATE");
    const refused = await yoda.refused("/msgto luke locked");
    assertMatch(refused, /^storage_failed: .*try again/);
    const from = server.process.out.length;
    other.exec("ROLLBACK");
    await yoda.succeed("/msgto luke unlocked");
    await server.process.waitFor(
      "the recovery in the log",
      (line) => line.includes("stored again"),
      { from },
    );
  }
  // From here on the pages are read from the file.
  await server.restart();
  await yoda.event("welcome", { resumed: true });
  await luke.event("welcome", { resumed: true });
  const good = await Deno.readFile(path);
  const bad = good.slice();
  for (let at = 4096; at < bad.length; at += 4096) {
    patch(bad, at, new Uint8Array(2048).fill(0xa5));
  }
  await Deno.writeFile(path, bad);
  assertMatch(await yoda.refused("/history"), /^storage_failed: .*read/);
  assertMatch(await yoda.refused("/msgto luke damaged"), /^storage_failed: /);
  await server.process.waitFor(
    "the damage in the log",
    (line) => line.includes("is damaged; restore a copy"),
  );
  assertEquals(server.process.ended, undefined);
  await Deno.writeFile(path, good);
  await yoda.succeed("/msgto luke repaired");
  await luke.event("message", { text: "repaired" });
  const texts = luke.events().filter(({ event }) => event === "message")
    .map(({ text }) => text);
  assertEquals(texts, ["before", "unlocked", "repaired"]);
});

Deno.test("failure: a data folder that goes and comes back", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/msgto luke one");
  const away = server.path("elsewhere");
  await Deno.rename(server.path("data"), away);
  await yoda.run("/msgto luke two");
  await using leia = await TestClient.start(server, {
    user: "leia",
    password: passwordOf("leia"),
  });
  await server.process.waitFor(
    "the failure in the log",
    (line) => /(log|userlog).* cannot be written/.test(line),
  );
  assertEquals(server.process.ended, undefined);
  await Deno.rename(away, server.path("data"));
  await yoda.succeed("/msgto luke three");
  await luke.event("message", { text: "three" });
  await server.dataWhen("messagelog.txt", (text) => text.endsWith("three\n"));
  await leia.process.kill();
  await server.dataWhen(
    "userlog.txt",
    (text) => /^1; .*; yoda; .*\n2; .*; luke; /.test(text),
  );
});

Deno.test({
  name:
    "failure: a server without file descriptors serves those it has, and others later",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    await using luke = await logIn(server, "luke");
    // At the start it would have asked how many it may open, and let in fewer.
    await allowFiles(server.process.pid, 10);
    const flood: ProtocolClient[] = [];
    for (let number = 0; number < 75; number++) {
      // Fewer than are allowed for one address.
      const address = `127.0.3.${1 + number % 5}`;
      flood.push(await ProtocolClient.connect(server.port, address));
    }
    const starved = (line: string) => line.includes("cannot accept");
    await server.process.waitFor("the shortage in the log", starved);
    await yoda.succeed("/msgto luke still here");
    await luke.event("message", { text: "still here" });
    for (const client of flood) client[Symbol.dispose]();
    await using leia = await logIn(server, "leia");
    await leia.succeed("/msgto luke me too");
    await server.dataWhen("messagelog.txt", (text) => text.endsWith("too\n"));
    const said = server.process.out.filter(starved);
    assertEquals(said.length, 1, server.process.transcript());
  },
});

Deno.test("failure: a clock that is set a day forward or back ends no session, lock or token", async () => {
  await withTempFolder(async (folder) => {
    const clock = join(folder, "clock");
    const setClock = (byMs: number) => Deno.writeTextFile(clock, String(byMs));
    await Deno.writeTextFile(join(folder, "credentials.txt"), jediAccounts);
    await using process = serverWithClock(folder, clock);
    const line = await process.waitFor(
      "the server to listen",
      (line) => line.includes("listening on"),
    );
    const port = Number(line.match(/:(\d+)$/)?.[1]);
    const login = (user: string, password = passwordOf(user)) =>
      ProtocolClient.login(port, { user, password });
    using yoda = await login("yoda");
    let luke = await login("luke");
    const lockedAt = performance.now();
    for (let tries = 0; tries < 3; tries++) {
      await login("leia", "wrong").catch(() => {});
    }
    for (const jumpMs of [dayMs, -dayMs]) {
      const from = yoda.events.length;
      luke[Symbol.dispose]();
      await yoda.event("presence", { user: "luke", online: false }, from);
      await setClock(jumpMs);
      const { time } = await hello(port);
      assert(Math.abs(time - Date.now() - jumpMs) < 60_000, "the clock is set");
      const code = await codeOf(login("leia"));
      const isEarly = performance.now() - lockedAt < 3000;
      assert(!isEarly || code === "account_blocked", code);
      const again = await ProtocolClient.connect(port);
      await again.hello();
      await again.resume(luke.token);
      const text = `the clock is ${jumpMs} ms off`;
      await yoda.request("message", { to: ["luke"], text, mid: `${jumpMs}` });
      await again.event("message", { text });
      luke = again;
    }
    await waitUntil(
      "the lock to end",
      async () => (await codeOf(login("leia"))) === "ok",
    );
    assertEquals(yoda.events.filter(({ ev }) => ev === "bye"), []);
    luke[Symbol.dispose]();
  });
});

Deno.test("failure: broken configuration files are said and never replaced", async () => {
  await using server = await TestServer.start({
    accounts: jediAccounts,
    plain: false,
  });
  const junk = Uint8Array.of(0xff, 0xfe, 0, 10, 1, 2, 3);
  const startWith = async (config: string, ...names: string[]) => {
    const folder = join(config, "parley");
    await Deno.mkdir(folder, { recursive: true });
    for (const name of names) await Deno.writeFile(join(folder, name), junk);
    const password = passwordOf("yoda");
    const yoda = await TestClient.start(server, {
      user: "yoda",
      password,
      config,
    });
    const unchanged = async () => {
      for (const name of names) {
        assertEquals(await Deno.readFile(join(folder, name)), junk, name);
      }
    };
    return { yoda, unchanged };
  };
  await withTempFolder(async (config) => {
    const names = ["known_servers", "known_peers"];
    const { yoda, unchanged } = await startWith(config, ...names);
    await using _ = yoda;
    const { message } = await yoda.event("warning");
    assertMatch(String(message), /known_servers": it is not UTF-8; the server/);
    await yoda.succeed("/activeuser");
    assertEquals(await yoda.finish(), 0);
    await unchanged();
  });
  if (noPipes === undefined) {
    for (const name of ["known_servers", "known_peers", "identity.pem"]) {
      await withTempFolder(async (config) => {
        await Deno.mkdir(join(config, "parley"));
        await makePipe(join(config, "parley"), name);
        const { yoda } = await startWith(config);
        await using _ = yoda;
        assertEquals((await yoda.process.end()).code, 1);
        const { out, err } = yoda.process;
        assertMatch(
          [...out, ...err].join("\n"),
          new RegExp(`${name}\\W+: it is not a regular file`),
        );
      });
    }
  }
  await withTempFolder(async (config) => {
    const { yoda, unchanged } = await startWith(config, "identity.pem");
    await using _ = yoda;
    assertEquals((await yoda.process.end()).code, 1);
    assertMatch(
      yoda.process.err.join("\n"),
      /^"[^"\n]*identity.pem" holds no Ed25519 key; restore it[^\n]*$/,
    );
    await unchanged();
  });
});

/** Runs a server in `folder` that is not to start. */
async function startIn(folder: string, launcher: readonly string[] = []) {
  const credentials = join(folder, "credentials.txt");
  await Deno.writeTextFile(credentials, jediAccounts);
  const [program = "", ...args] = [...launcher, ...serverCommand];
  const options = ["--port", "0", "--host", "127.0.0.1", "--plain"];
  const { code, stderr } = await new Deno.Command(program, {
    args: [...args, ...options],
    cwd: folder,
    signal: AbortSignal.timeout(60_000),
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function patch(bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  bytes.set(part.subarray(0, bytes.length - at), at);
  return bytes;
}

async function hello(port: number) {
  using client = await ProtocolClient.connect(port);
  return await client.hello();
}

/** Lets a process open so many files more than it has open now. */
async function allowFiles(pid: number, more: number): Promise<void> {
  const open = await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`));
  const args = ["--pid", `${pid}`, `--nofile=${open.length + more}`];
  const { success } = await new Deno.Command("prlimit", { args }).output();
  assert(success, `prlimit ${args.join(" ")}`);
}

/** `ok`, or the code with which a login was refused. */
async function codeOf(login: Promise<ProtocolClient>): Promise<string> {
  try {
    (await login)[Symbol.dispose]();
    return "ok";
  } catch (error) {
    return error instanceof RequestRefused ? error.code : String(error);
  }
}

/** From source even where executables are tested: they take no hook. */
function serverWithClock(folder: string, clock: string): DisposableProcess {
  const hook = fromFileUrl(
    new URL("../support/clock_hook.ts", import.meta.url),
  );
  const run = ["run", "-q", "--frozen", "--no-check", "-A", "--preload", hook];
  const config = ["--config", join(root, "deno.json")];
  const args = ["--host", "127.0.0.1", "--port", "0", "--plain"];
  const limits = ["--block-duration", "3", "--idle-timeout", "120"];
  return new DisposableProcess({
    command: [
      Deno.execPath(),
      ...run,
      ...config,
      join(root, "server.ts"),
      ...args,
      ...limits,
    ],
    cwd: folder,
    env: { PARLEY_TEST_CLOCK: clock },
  });
}

class DisposableProcess extends RunningProcess implements AsyncDisposable {
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

const dayMs = 86_400_000;
