import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { accountLine } from "../support/account_line.ts";
import {
  holdPipe,
  makePipe,
  noPipes,
  writePipe,
} from "../support/named_pipe.ts";
import { serverCommand } from "../support/programs.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { RunningProcess } from "../support/running_process.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestServer } from "../support/test_server.ts";
import { testUnless } from "../support/test_unless.ts";
import { noTmux, TmuxTerminal } from "../support/tmux_terminal.ts";
import { waitUntil } from "../support/wait_until.ts";

const accounts = accountLine("yoda", "green") + accountLine("luke", "blue");

/** Runs a server that is expected to end by itself; what it printed. */
async function run(folder: string, ...args: string[]) {
  const [command = "", ...rest] = serverCommand;
  const process = new Deno.Command(command, {
    args: [...rest, ...args],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** It ended with 1 and one line on standard error that matches. */
function assertRefused(
  result: { code: number; stderr: string },
  pattern: RegExp,
  code = 1,
): void {
  assertEquals(result.code, code, result.stderr);
  assertMatch(result.stderr, /^[^\n]+\n$/);
  assertMatch(result.stderr, pattern);
}

Deno.test("server: what stops a start is told in one line", async (t) => {
  await using server = await TestServer.start({ accounts });
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "credentials.txt"), accounts);
    const port = String(server.port);
    const local = ["--host", "127.0.0.1", "--port"];

    await t.step("wrong usage", async () => {
      const result = await run(folder, "--attempts", "6");
      const line = /^invalid --attempts "6": must be an integer from 1 to 5$/m;
      assertRefused(result, line, 2);
    });
    await t.step("a port in use", async () => {
      const result = await run(folder, ...local, port);
      assertRefused(result, new RegExp(`127.0.0.1:${port}.*in use`));
    });
    await t.step("a data folder in use", async () => {
      const data = ["--data-dir", server.path("data")];
      const result = await run(folder, ...local, "0", ...data);
      assertRefused(result, /in use by another server/);
    });
    await t.step("a data folder that is a file", async () => {
      const data = ["--data-dir", join(folder, "credentials.txt")];
      assertRefused(await run(folder, ...data), /--data-dir/);
    });
    await t.step("no accounts", async () => {
      const path = join(folder, "none.txt");
      const result = await run(folder, "--credentials", path);
      assertRefused(result, /user add/);
    });
    await t.step("a database that is none", async () => {
      const data = join(folder, "broken");
      await Deno.mkdir(data);
      await Deno.writeTextFile(join(data, "parley.db"), "x".repeat(5000));
      const result = await run(folder, ...local, "0", "--data-dir", data);
      assertRefused(result, /parley\.db" is no SQLite database/);
    });
  });
});

testUnless(
  noPipes,
  "server: secrets may come through a pipe, and while nobody writes it a signal ends the start",
  async () => {
    await withTempFolder(async (folder) => {
      const pipe = await makePipe(folder, "accounts");
      const command = [
        ...[...serverCommand, "--credentials", pipe, "--plain"],
        ...["--host", "127.0.0.1", "--port", "0"],
      ];
      const waiting = new RunningProcess({ command, cwd: folder });
      try {
        const letGo = await holdPipe(pipe);
        waiting.signal("SIGTERM");
        assertEquals((await waiting.end()).code, 0);
        assertMatch(waiting.out.join(), /ended before it was ready$/);
        await letGo();
      } finally {
        await waiting.kill();
      }
      const server = new RunningProcess({ command, cwd: folder });
      try {
        await writePipe(pipe, accounts);
        const line = await server.waitFor(
          "it listens",
          (line) => line.includes("listening on"),
        );
        const credentials = { user: "yoda", password: "green" };
        const port = Number(line.split(":").at(-1));
        (await ProtocolClient.login(port, credentials))[Symbol.dispose]();
      } finally {
        await server.kill();
      }
      const refused = await run(
        folder,
        "user",
        "remove",
        "luke",
        "--credentials",
        pipe,
      );
      assertRefused(refused, /accounts": it is not a regular file$/m);
      for (const name of ["tls-cert.pem", "parley.db"]) {
        const data = await Deno.makeTempDir({ dir: folder });
        await makePipe(data, "parley.lock");
        await makePipe(data, name);
        await Deno.writeTextFile(join(folder, "credentials.txt"), accounts);
        assertRefused(
          await run(folder, "--data-dir", data),
          /^(cannot read|database) "/,
        );
      }
    });
  },
);

Deno.test("server: SIGTERM and SIGINT tell every client, write everything and exit with 0 within 2 s", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using server = await TestServer.start({ accounts });
    using yoda = await ProtocolClient.login(server.port, {
      user: "yoda",
      password: "green",
    });
    using luke = await ProtocolClient.login(server.port, {
      user: "luke",
      password: "blue",
    });
    using stranger = await ProtocolClient.connect(server.port);
    await stranger.hello();
    await server.dataWhen("userlog.txt", (text) => text.includes("; luke; "));
    await yoda.request("message", { to: ["luke"], text: "last", mid: "1" });
    if (Deno.build.os !== "windows") {
      const { mode } = await Deno.stat(server.path("data", "parley.db"));
      assertEquals((mode ?? 0) & 0o777, 0o600);
    }
    const start = performance.now();
    server.process.signal(signal);
    // `deno task` hands on the Ctrl-C that the terminal has sent already.
    if (signal === "SIGINT") {
      await yoda.event("bye", { code: "shutting_down" });
      server.process.signal(signal);
    }
    const ended = await server.process.end();
    assert(performance.now() - start < 6000);
    assertEquals(ended.code, 0);
    for (const client of [yoda, luke, stranger]) {
      if (signal !== "SIGINT" || client !== yoda) {
        await client.event("bye", { code: "shutting_down" });
      }
      await client.closed;
    }
    assertMatch(await server.data("messagelog.txt"), /; yoda; luke; last\n$/);
    assertEquals(await server.data("userlog.txt"), "");
    assertEquals(await server.data("parley.db-wal"), "");
  }
});

Deno.test("server: a client that is shut down without a word does not hold it", async () => {
  await using server = await TestServer.start({ accounts });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  // Neither reads nor closes.
  await conn.write(new TextEncoder().encode('{"id":1,"do":"ping"}\n'));
  const start = performance.now();
  server.process.signal("SIGTERM");
  assertEquals((await server.process.end()).code, 0);
  assert(performance.now() - start < 6000);
  conn.close();
});

Deno.test("server: userlog.txt is renumbered when somebody leaves and empty after kill -9 and a start", async () => {
  await using server = await TestServer.start({ accounts });
  const yoda = await ProtocolClient.login(server.port, {
    user: "yoda",
    password: "green",
  });
  using _luke = await ProtocolClient.login(server.port, {
    user: "luke",
    password: "blue",
  });
  const both =
    /^1; [^;]+; yoda; 127\.0\.0\.1; 0\n2; [^;]+; luke; 127\.0\.0\.1; 0\n$/;
  await server.dataWhen("userlog.txt", (text) => both.test(text));
  yoda[Symbol.dispose]();
  const one = /^1; [^;]+; luke; 127\.0\.0\.1; 0\n$/;
  await server.dataWhen("userlog.txt", (text) => one.test(text));
  await server.restart("SIGKILL");
  await server.dataWhen("userlog.txt", (text) => text === "");
});

Deno.test("server: user unlock works on a running server", async () => {
  await using server = await TestServer.start({
    accounts,
    args: ["--block-duration", "600", "--attempts", "1"],
  });
  const login = (password: string) =>
    ProtocolClient.login(server.port, { user: "yoda", password });
  const refused = await login("wrong").then(() => "", (error) => error.code);
  assertEquals(refused, "login_failed_blocked");
  const result = await run(server.folder, "user", "unlock", "yoda");
  assertEquals(result.code, 0, result.stderr);
  using yoda = await login("green");
  assertEquals(yoda.user, "yoda");
});

Deno.test("server: a reader of its log that goes away does not end it", async () => {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "credentials.txt"), accounts);
    const [command = "", ...rest] = serverCommand;
    const process = new Deno.Command(command, {
      args: [
        ...rest,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--plain",
        // Logging in before the account is there counts as a failure.
        "--block-duration",
        "1",
      ],
      cwd: folder,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = process.stdout.getReader();
    const line = new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    const port = Number(/:(\d+)\n/.exec(line)?.[1]);
    // The reload is a line in the log, with nobody to read it.
    await Deno.writeTextFile(
      join(folder, "credentials.txt"),
      accounts + accountLine("leia", "white"),
    );
    using _leia = await waitUntil(
      "the new account to work",
      () =>
        ProtocolClient.login(port, { user: "leia", password: "white" })
          .catch(() => undefined),
    );
    process.kill("SIGTERM");
    assertEquals((await process.status).code, 0);
  });
});

testUnless(
  noTmux,
  "server: the first start on a terminal makes an account and says how to log in",
  () =>
    withTempFolder(async (folder) => {
      await using terminal = await TmuxTerminal.open({
        command: [...serverCommand, "--host", "127.0.0.1", "--port", "0"],
        cwd: folder,
        env: { HOME: folder },
        columns: 160,
      });
      for (
        const [question, answer] of [
          ["[Y/n]", "y"],
          ["Username:", "leia"],
          ["New password", "organa leia"],
          ["The same again:", "organa leia"],
        ] as const
      ) {
        await terminal.screen((text) => text.trimEnd().includes(question));
        await terminal.type(answer, "Enter");
      }
      const screen = await terminal.screen((text) => text.includes("Log in"));
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(screen)?.[1];
      assertStringIncludes(
        screen,
        `Log in with: parley 127.0.0.1:${port} --user leia ` +
          `(in a browser: parley gui 127.0.0.1:${port})`,
      );
      assert(!screen.includes("On other machines"), screen);
    }),
);
