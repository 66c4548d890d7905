/** With which code the client ends, for each kind of end that scripts ask for. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { freePort } from "../support/free_port.ts";
import {
  jediAccounts,
  logIn,
  passwordOf,
  startServer,
} from "../support/jedi.ts";
import { clientCommand, serverCommand } from "../support/programs.ts";
import { writeRandomFile } from "../support/random_file.ts";
import { runProgram } from "../support/run_program.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { testUnless } from "../support/test_unless.ts";

/** Runs a script's client as yoda to its end. */
async function exec(
  server: { readonly port: number },
  commands: readonly string[],
  options: { password?: string; args?: readonly string[]; cwd?: string } = {},
) {
  return await runProgram([
    ...clientCommand,
    "127.0.0.1",
    String(server.port),
    "--plain",
    "--user",
    "yoda",
    ...options.args ?? [],
    ...commands.flatMap((command) => ["--exec", command]),
  ], {
    env: { PARLEY_PASSWORD: options.password ?? passwordOf("yoda") },
    ...options.cwd !== undefined && { cwd: options.cwd },
  });
}

testUnless(
  Deno.build.os === "windows" ? "sh" : undefined,
  "exit codes: 1, and a line, where standard input cannot be read",
  async () => {
    await using server = await startServer();
    const client = [
      ...[...clientCommand, "127.0.0.1", String(server.port)],
      ...["--plain", "--user", "yoda"],
    ];
    const PARLEY_PASSWORD = passwordOf("yoda");
    const fromInput = ["--password-file", "/dev/stdin"];
    const add = ["user", "add", "mace", "--credentials", "accounts"];
    const cases: [string, readonly string[], Record<string, string>][] = [
      ["Warning: the commands ", client, { PARLEY_PASSWORD }],
      ["cannot read the password file ", [...client, ...fromInput], {}],
      ["cannot read standard input", [...serverCommand, ...add], {}],
    ];
    for (const [start, command, env] of cases) {
      const { code, err } = await runProgram(
        ["sh", "-c", 'exec "$@" < /', "sh", ...command],
        { env },
      );
      assertEquals([code, err.length], [1, 1], err.join("\n"));
      assertMatch(err[0] ?? "", new RegExp(`^${start}.*: it is a folder`));
    }
  },
);

Deno.test("exit codes: success, refusal, usage; of several commands the first failure", async () => {
  await using server = await startServer();
  const cases: [number, string[]][] = [
    [0, ["/activeuser", "/groups"]],
    [1, ["/msgto vader hi"]],
    [2, ["/msgto luke"]],
    [2, ["/mgsto luke hi"]],
    [1, ["/activeuser", "/msgto vader hi", "/msgto luke"]],
    [2, ["/msgto luke", "/msgto vader hi"]],
  ];
  for (const [code, commands] of cases) {
    const result = await exec(server, commands);
    assertEquals(result.code, code, `${commands}: ${result.out}`);
  }
  // What comes through a pipe is a conversation: its failures are told, no more.
  const piped = await runProgram(
    [...clientCommand, "127.0.0.1", String(server.port), ...asYoda],
    {
      input: "/msgto vader hi\n/members jedi\n/groups",
      env: { PARLEY_PASSWORD: passwordOf("yoda") },
    },
  );
  assertEquals(piped.code, 0);
  // What is wrong is not in the way of what a script reads.
  assertEquals(piped.out, ["you are in no group chat"]);
  // Each of these clients is on a machine of its own.
  const [warning, ...refusals] = piped.err;
  assertMatch(warning ?? "", /^Warning: This device does not have your key/);
  assertEquals(refusals, [
    "There is no user vader",
    "The group chat does not exist",
  ]);
});

const asYoda = ["--plain", "--user", "yoda", "--quiet"];

Deno.test("exit codes: output that cannot be written 7, output that nobody reads quiet", async () => {
  await using server = await startServer();
  const [client, program] = [clientCommand, serverCommand].map((command) =>
    command.map((part) => `'${part}'`).join(" ")
  );
  const session = `127.0.0.1 ${server.port} ${asYoda.join(" ")}`;
  const lines = [
    `${client} completions bash`,
    `${client} config`,
    `${client} ${session} --exec /help`,
    `${client} doctor ${session}`,
    `${program} user list`,
    `${program} --help`,
    `${program} check`,
  ];
  const env = { PARLEY_PASSWORD: passwordOf("yoda") };
  const cwd = server.folder;
  for (const line of lines) {
    const { code, err } = await runProgram(
      ["bash", "-c", `${line} >/dev/full`],
      { env, cwd },
    );
    assertEquals(code, 7, line);
    assertEquals(err, [
      "the output cannot be written: no space left on the disk",
    ], line);
  }
  const read = await runProgram(
    ["bash", "-c", `set -o pipefail; ${client} completions bash | true`],
    { env, cwd },
  );
  assertEquals([read.code, read.err], [0, []]);
});

Deno.test("exit codes: login refused 3, unreachable 4", async () => {
  await using server = await startServer();
  const wrong = await exec(server, ["/groups"], { password: "wrong" });
  assertEquals(wrong.code, 3, wrong.err.join());
  assertEquals(wrong.out, []);
  const away = await exec({ port: freePort() }, ["/groups"]);
  assertEquals([away.code, away.err.length], [4, 1]);
  const unknown = await runProgram([
    ...clientCommand,
    "no-such-host.invalid",
    ...["--exec", "/groups"],
  ]);
  assertEquals(unknown.code, 4);
});

Deno.test("exit codes: the other side is offline or declines 5, has no room 7", async () => {
  await using server = await startServer();
  await using luke = await logIn(server, "luke", {
    args: ["--accept", "never"],
  });
  await using leia = await logIn(server, "leia");
  const folder = leia.folder;
  await Deno.writeTextFile(join(folder, "small.mp4"), "film");
  // No disk has so much room; the file itself takes none.
  const huge = join(folder, "huge.mp4");
  const file = await Deno.open(huge, { write: true, create: true });
  await file.truncate(2 ** 43);
  file.close();
  const cases: [number, string][] = [
    [5, "/p2pvideo obiwan small.mp4"],
    [5, "/p2pvideo luke small.mp4"],
    [5, "/startprivate luke"],
    [5, "/p2pvideo me small.mp4"],
    [7, "/p2pvideo leia huge.mp4"],
    [0, "/p2pvideo leia small.mp4"],
    [1, "/p2pvideo leia missing.mp4"],
  ];
  for (const [code, command] of cases) {
    const result = await exec(server, [command], { cwd: folder });
    assertEquals(result.code, code, `${command}: ${result.out}`);
  }
  await luke.finish();
});

Deno.test("exit codes: a file that changes while it is sent 6, alone or in a folder", async () => {
  await using server = await startServer();
  await using luke = await logIn(server, "luke");
  const folder = join(luke.folder, "films");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(join(folder, "a.txt"), "stays");
  const path = join(folder, "film.mp4");
  for (const what of [path, folder]) {
    await writeRandomFile(path, 4_000_000, 4);
    const from = luke.process.out.length;
    const sending = exec(server, [`/p2pvideo luke ${what}`], {
      args: ["--limit", "1M"],
      // He is the same one both times.
      cwd: server.folder,
    });
    await luke.event("transfer", { state: "running" }, { from });
    await Deno.truncate(path, 1_000_000);
    const { code, out } = await sending;
    assertEquals(code, 6, out.join("\n"));
    const failed = await luke.event("transfer", { state: "failed" }, { from });
    assertMatch(String(failed.message), /changed/);
  }
});

Deno.test("exit codes: a server that ends the session 1, Ctrl-C 130", async () => {
  await using server = await TestServer.start({
    accounts: jediAccounts,
    // Longer than a client takes to end where many use the machine.
    args: ["--idle-timeout", "5"],
  });
  await using idle = await TestClient.login(
    server,
    "luke",
    passwordOf("luke"),
  );
  assertEquals((await idle.process.end()).code, 1);
  if (Deno.build.os === "windows") return;
  await using leia = await logIn(server, "leia");
  leia.process.signal("SIGINT");
  assertEquals((await leia.process.end()).code, 130);
});
