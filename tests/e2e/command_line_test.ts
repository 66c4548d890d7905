import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import {
  builtClient,
  clientCommand,
  serverCommand,
} from "../support/programs.ts";
import { runProgram as run } from "../support/run_program.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestClient } from "../support/test_client.ts";

Deno.test("wrong usage: one line that names argument, value and what is valid; exit code 2", async () => {
  const cases: [readonly string[], string[], RegExp][] = [
    [
      serverCommand,
      ["--attempts", "6"],
      /^invalid --attempts "6": must be an integer from 1 to 5$/,
    ],
    [serverCommand, ["6000", "x"], /ATTEMPTS.*"x".*1 to 5/],
    [serverCommand, ["70000"], /PORT.*"70000".*65535/],
    [serverCommand, ["--prot", "1"], /--prot.*--port/],
    [serverCommand, ["--idle-timeout", "-1"], /--idle-timeout "-1"/],
    [serverCommand, ["1", "2", "3"], /"3"/],
    [clientCommand, ["host", "port"], /SERVER_PORT.*"port"/],
    [clientCommand, ["--accept", "maybe"], /--accept "maybe".*never/],
    [clientCommand, ["--user", "a b"], /--user "a b"/],
    [clientCommand, ["--what"], /--what/],
  ];
  for (const [program, args, pattern] of cases) {
    const { code, out, err } = await run([...program, ...args]);
    assertEquals([code, out, err.length], [2, [], 1], args.join(" "));
    assertMatch(err[0] ?? "", pattern);
  }
});

Deno.test("what is given is told at its ends alone where it is far too long", async () => {
  await using server = await startServer();
  await withTempFolder(async (cwd) => {
    const long = "x".repeat(100_000);
    const folder = join(cwd, ".config", "parley");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "config.toml"), `accept = "${long}"`);
    const env = { PARLEY_PASSWORD: passwordOf("yoda") };
    const asYoda = ["127.0.0.1", String(server.port), "--plain", "--user=yoda"];
    const anywhere = ["--accept=never", "--json"];
    const cases: [number, readonly string[], string[], RegExp][] = [
      [
        2,
        clientCommand,
        [],
        /config\.toml.*x…x+".*must be always, ask or never$/,
      ],
      [2, serverCommand, ["--port", long], /^invalid --port "x+…x+": must be /],
      [
        1,
        serverCommand,
        ["--credentials", long],
        /accounts in "x+…x+": [^x]+$/,
      ],
      [2, serverCommand, ["user", long], /x…x/],
      [1, serverCommand, ["check", "--credentials", long], /x+…x+": /],
    ];
    for (const [code, program, args, pattern] of cases) {
      const { out, err, ...result } = await run([...program, ...args], { cwd });
      const text = [...out, ...err].join("\n");
      assertEquals(result.code, code, text.slice(0, 3_000));
      assertMatch(text, pattern);
      assert(text.length < 3_000);
    }
    for (const command of [`/${long}`, `/help ${long}`, `/send luke ${long}`]) {
      const { out, err } = await run(
        [...clientCommand, ...asYoda, ...anywhere, "--exec", command],
        { cwd, env },
      );
      const text = [...out, ...err].join("\n");
      assertMatch(text, /x…x/);
      assert(text.length < 3_000, command.slice(0, 9));
    }
  });
});

Deno.test("--help and --version on both programs", async () => {
  for (const program of [serverCommand, clientCommand]) {
    const help = await run([...program, "--help"]);
    assertEquals([help.code, help.err], [0, []]);
    for (const word of ["Usage", "--plain", "--version", "Exit codes"]) {
      assert(help.out.join("\n").includes(word), word);
    }
    // What they end with where that cannot be printed.
    assertMatch(help.out.join("\n"), /^ +7 +.*written/m);
    const version = await run([...program, "--version"]);
    assertEquals([version.code, version.out.length], [0, 1]);
    assertMatch(version.out[0] ?? "", /^parley(-server)? \d+\.\d+\.\d+/);
  }
});

Deno.test({
  name:
    "an executable keeps all of the client compiled from its first start on",
  ignore: builtClient === undefined,
  fn: async () => {
    await withTempFolder(async (folder) => {
      const env = { TMPDIR: folder };
      const kept = join(folder, "deno-compile-parley.cache");
      const modules = [];
      for await (const { name } of Deno.readDir(builtClient ?? "")) {
        if (!name.endsWith(".js")) continue;
        const { size } = await Deno.stat(join(builtClient ?? "", name));
        // Smaller ones only pass on what is in others.
        if (size > 2_000) modules.push(name);
      }
      assert(modules.length > 50);
      // Also where there is what an executable of before has kept.
      for (const isUpdate of [false, true]) {
        if (isUpdate) {
          await Deno.writeTextFile(kept, "of before");
          await Deno.utime(kept, 0, 0);
        }
        await run([...clientCommand, "--version"], { env });
        const text = await Deno.readTextFile(kept);
        assertEquals(modules.filter((name) => !text.includes(name)), []);
      }
    });
  },
});

Deno.test("what stops a start: one line that says what to do, an exit code, no stack trace", async () => {
  await using server = await startServer();
  const folder = await Deno.makeTempDir({ prefix: "parley-start-" });
  try {
    const accounts = join(folder, "accounts.txt");
    await Deno.writeTextFile(accounts, "yoda green\n");
    await Deno.writeTextFile(join(folder, "empty.txt"), "# nobody\n");
    await Deno.writeTextFile(join(folder, "file"), "");
    const port = String(server.port);
    const use = (name: string) => ["--credentials", join(folder, name)];
    const cases: [readonly string[], string[], RegExp][] = [
      [
        serverCommand,
        [port, "--host", "127.0.0.1", ...use("accounts.txt")],
        new RegExp(port),
      ],
      [serverCommand, ["0", ...use("missing.txt")], /missing\.txt.*user add/],
      [serverCommand, ["0", ...use("empty.txt")], /empty\.txt/],
      [serverCommand, ["0", ...use(".")], /./],
      [
        serverCommand,
        ["0", ...use("accounts.txt"), "--data-dir", join(folder, "file")],
        /file/,
      ],
      [
        serverCommand,
        ["0", ...use("accounts.txt"), "--data-dir", server.path("data")],
        /data/,
      ],
      [
        clientCommand,
        ["127.0.0.1", "1", "--plain", "--user", "yoda"],
        /127\.0\.0\.1.*1\b/,
      ],
      [
        clientCommand,
        ["no-such-host.invalid", "--plain", "--user", "yoda"],
        /no-such-host\.invalid/,
      ],
    ];
    for (const [program, args, pattern] of cases) {
      const { code, err } = await run([...program, ...args], {
        env: { PARLEY_PASSWORD: "x" },
      });
      const expected = program === clientCommand ? 4 : 1;
      const what = `${args}: ${err.join("\n")}`;
      assertEquals([code, err.length], [expected, 1], what);
      assertMatch(err[0] ?? "", pattern);
      assert(!/^\s+at |Error:/.test(err[0] ?? ""), err[0]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("credentials.txt: bad lines are reported with their number, the rest counts", async () => {
  await using server = await startServer();
  await Deno.writeTextFile(
    server.path("credentials.txt"),
    "# people\n\nyoda adoy\nnopassword\nyoda again\nbad/name x\nluke ekul\n",
  );
  await server.restart();
  const said = [...server.process.out, ...server.process.err].join("\n");
  for (const line of [4, 5, 6]) {
    assertMatch(said, new RegExp(`line ${line}\\b`));
  }
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/msgto luke hi");
  await luke.event("message");
});

Deno.test("piped input: a given password is tried once, no line is taken for one", async () => {
  await using server = await startServer("--attempts", "2");
  await using luke = await logIn(server, "luke");
  const words = ["127.0.0.1", String(server.port), "--plain", "--user", "yoda"];
  const command = [...clientCommand, ...words];
  const input = `${passwordOf("yoda")}\n/msgto luke hi\n`;
  const wrong = await run(command, {
    input,
    env: { PARLEY_PASSWORD: "wrong" },
  });
  assertEquals([wrong.code, wrong.out], [3, []]);
  assert(wrong.err.join().includes("Invalid username or password"));
  const none = await run(command, { input });
  assertEquals([none.code, none.out], [3, []]);
  assertEquals(none.err, [
    "the password cannot be asked here; give PARLEY_PASSWORD or --password-file",
  ]);
  for (const env of [{}, { PARLEY_PASSWORD: passwordOf("yoda") }]) {
    const host = words.slice(0, 3);
    const nobody = await run([...clientCommand, ...host], { input, env });
    assertEquals([nobody.code, nobody.out], [3, []]);
    assertEquals(nobody.err, [
      "user name and password cannot be asked here; give --user, and PARLEY_PASSWORD or --password-file",
    ]);
  }
  // One failure was counted, so that the second blocks, and not before.
  const again = await run(command, {
    input,
    env: { PARLEY_PASSWORD: "wrong" },
  });
  assertEquals(again.code, 3);
  await using late = await TestClient.start(server, {
    user: "yoda",
    password: passwordOf("yoda"),
    json: false,
  });
  await late.process.waitFor("the refusal", (line) =>
    line.includes(
      "Your account is blocked due to multiple login failures. Please try again later",
    ));
  assertEquals(await late.finish(), 3);
  assertEquals(luke.events().filter(({ event }) => event === "message"), []);
});

Deno.test("piped input: commands one a line, a clean logout at the end", async () => {
  await using server = await startServer();
  await using luke = await logIn(server, "luke");
  const { code, out } = await run([
    ...clientCommand,
    "127.0.0.1",
    String(server.port),
    "--plain",
    "--user",
    "yoda",
  ], {
    input: "/msgto luke hi\n/activeuser",
    env: { PARLEY_PASSWORD: passwordOf("yoda") },
  });
  assertEquals(code, 0);
  const text = out.join("\n");
  for (const part of ["message sent at", "luke, active since", "Bye, yoda!"]) {
    assert(text.includes(part), `${part} in ${text}`);
  }
  await luke.event("message", { text: "hi" });
  await luke.event("presence", { user: "yoda", online: false });
});

Deno.test("--exec: runs each command, exits 0 only if all succeeded", async () => {
  await using server = await startServer();
  await using luke = await logIn(server, "luke");
  const base = [
    ...clientCommand,
    "127.0.0.1",
    String(server.port),
    "--plain",
    "--user",
    "yoda",
  ];
  const env = { PARLEY_PASSWORD: passwordOf("yoda") };
  const good = await run([
    ...base,
    "--exec",
    "/msgto luke one",
    "--exec",
    "/activeuser",
  ], { env });
  assertEquals(good.code, 0, good.err.join("\n"));
  await luke.event("message", { text: "one" });
  const bad = await run([
    ...base,
    "--exec",
    "/msgto vader x",
    "--exec",
    "/msgto luke two",
  ], { env });
  assertEquals(bad.code, 1);
  await luke.event("message", { text: "two" });
  const passwordFile = server.path("password");
  await Deno.writeTextFile(passwordFile, `${passwordOf("yoda")}\n`);
  const json = await run([
    ...base,
    "--json",
    "--password-file",
    passwordFile,
    "--exec",
    "/groups",
  ]);
  assertEquals(json.code, 0);
  const events = json.out.map((line) => JSON.parse(line).event);
  assertEquals(events[0], "welcome");
  assert(events.includes("result") && events.at(-1) === "goodbye");
});

Deno.test("/help lists commands; /help COMMAND gives usage and example", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const { entries } = await yoda.succeed("/help all");
  assert(Array.isArray(entries) && entries.length >= 40);
  const one = await yoda.succeed("/help p2pvideo");
  assert(JSON.stringify(one).includes("/p2pvideo USER PATH…"));
  assertMatch(await yoda.refused("/help mgsto"), /msgto/);
  assertMatch(await yoda.refused("/logot"), /logout/);
  for (const word of ["/logout", "/quit", "/exit"]) {
    await using client = await logIn(server, "luke");
    await client.send(word);
    await client.event("goodbye", { user: "luke" });
    assertEquals((await client.process.end()).code, 0);
  }
});

Deno.test("server user …: accounts are managed without a running server and with one", async () => {
  await using server = await startServer("--block-duration", "600");
  const user = (args: string[], password?: string) =>
    run([...serverCommand, "user", ...args], {
      cwd: server.folder,
      ...(password === undefined ? {} : { env: { PARLEY_PASSWORD: password } }),
    });
  const file = server.path("credentials.txt");
  await Deno.writeTextFile(file, "# ours\n" + await Deno.readTextFile(file));

  assertEquals((await user(["add", "rey"], "skywalker")).code, 0);
  assertMatch(
    await Deno.readTextFile(file),
    /^# ours\n[\s\S]*\nrey SCRAM-SHA-256\$600000:/,
  );
  assertEquals((await user(["add", "rey"], "x")).code, 1);
  assertEquals((await user(["add", "bad/name"], "x")).code !== 0, true);
  const list = await user(["list"]);
  const names = list.out.map((line) => line.split(" ")[0]);
  assertEquals(names, ["yoda", "obiwan", "luke", "leia", "rey"]);
  // The command ends when the server knows.
  const rey = await TestClient.login(server, "rey", "skywalker");
  try {
    assertEquals((await user(["remove", "rey"])).code, 0);
    const end = await rey.event("disconnected");
    assertEquals(end.code, "account_removed");
  } finally {
    await rey[Symbol.asyncDispose]();
  }
  assertEquals((await user(["remove", "rey"])).code, 1);

  await Deno.writeTextFile(file, "yoda plain words\n" + "luke other\n");
  assertEquals((await user(["hash"])).code, 0);
  const hashed = await Deno.readTextFile(file);
  assertMatch(hashed, /^yoda SCRAM-SHA-256\$\S+\nluke SCRAM-SHA-256\$\S+\n$/);
  assertEquals((await user(["passwd", "luke"], "newer one")).code, 0);
  await server.restart();
  await using luke = await TestClient.login(server, "luke", "newer one");

  // Lock yoda out, unlock by command, get in.
  for (let attempt = 0; attempt < 3; attempt++) {
    await using client = await TestClient.start(server, {
      user: "yoda",
      password: "wrong",
    });
    await client.event("login-failed");
  }
  assertEquals((await user(["unlock", "yoda"])).code, 0);
  await using yoda = await TestClient.login(server, "yoda", "plain words");
  await yoda.succeed("/msgto luke free again");
  await luke.event("message", { text: "free again" });
  // Whoever is in by an old password is not, once there is another.
  assertEquals((await user(["passwd", "yoda"], "other words")).code, 0);
  const end = await yoda.event("disconnected");
  assertEquals([end.code, end.retrying], ["logged_out_elsewhere", false]);
  await luke.succeed("/msgto yoda still here");
  await using again = await TestClient.login(server, "yoda", "other words");
  await again.event("message", { text: "still here" });
});
