/**
 * Every example of the pages, of --help and of the man pages works: command
 * lines run in a shell with the real programs, commands of the client in a scene
 * of several users.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { clientPage } from "../../lib/client/settings/page.ts";
import { commandTable } from "../../lib/client/commands/table.ts";
import { serverOptionRows } from "../../lib/server/admin/options.ts";
import { serverPage } from "../../lib/server/admin/page.ts";
import { userPage } from "../../lib/server/accounts/user_option_rows.ts";
import { accountLine } from "../support/account_line.ts";
import { isInstalled } from "../support/is_installed.ts";
import { logIn, passwordOf } from "../support/jedi.ts";
import { itemsOf, pagePaths, readPage, sectionOf } from "../support/pages.ts";
import { clientCommand, root, serverCommand } from "../support/programs.ts";
import { RunningProcess } from "../support/running_process.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestClient, type TestClientOptions } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";

const pages = pagePaths().map(readPage).join("\n");
const people = ["yoda", "luke", "leia", "hans", "ahsoka", "anakin"];
const accounts = people.map((name) => accountLine(name, passwordOf(name)))
  .join("");

/** Command lines that a test cannot run, and what runs them. */
const runElsewhere = [
  // Of a server's data: what follows from them is in set_back_test.ts.
  /^sqlite3 |^cp data/,
  // It goes on until it is ended: gui_test.ts.
  /^parley gui/,
  // It waits for what somebody else sends: pipe_test.ts.
  /\/receive /,
  // Of PostgreSQL: tests/server/store/postgres/ and postgres_test.ts.
  /^sudo -u postgres |database\.txt/,
  // Of a cluster that is typed through: cluster_clients_test.ts.
  /^nats-server |^parley (127\.|--hosts )/,
  // The demo and the tests are what the gate consists of; deno is not bound to
  // be found under this name. That the tasks exist is checked.
  /^(npx -y deno@[\d.]+|deno) task /,
];

/** Programs that examples need besides Parley's own, and that are not here. */
const missingTools: string[] = [];
for (const tool of ["sqlite3", "openssl"]) {
  if (await isInstalled(tool)) continue;
  missingTools.push(tool);
  const note = `examples_test.ts leaves out the examples with ${tool}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(note));
}

Deno.test("examples: pages and --help show every option and exit code", () => {
  for (const { name } of clientPage.options) {
    assert(new RegExp(`\`${name}[ \`]`).test(pages), name);
  }
  const scripting = readPage("docs/scripting.md");
  for (const { code, help } of clientPage.exitCodes) {
    assert(new RegExp(`^- ${code}: `, "m").test(scripting), `${code} ${help}`);
  }
  const tasks = Object.keys(
    JSON.parse(Deno.readTextFileSync(join(root, "deno.json"))).tasks,
  );
  for (
    const [, task = ""] of pages.matchAll(
      /deno(?:@[\d.]+)? task (\w[\w:-]*\w)/g,
    )
  ) {
    assert(tasks.includes(task), task);
  }
});

Deno.test("examples: every command line of the pages, --help and man pages runs", async () => {
  const programs = [clientPage, userPage, serverPage(serverOptionRows)];
  const lines = [
    ...new Set([
      ...programs.flatMap(({ examples }) => examples.map((row) => row.command)),
      ...shellLines(pages),
    ]),
  ].filter((line) => !runElsewhere.some((pattern) => pattern.test(line)))
    .filter((line) => !missingTools.includes(line.split(" ", 1)[0] ?? ""));
  assert(lines.length > 15, `${lines.length}`);
  await using server = await TestServer.start({ accounts, plain: false });
  await using leia = await logIn(server, "leia");
  // Side by side, but for those that use the same account or file.
  const kindOf = (line: string) =>
    line.includes("parley-server")
      ? "server"
      : /\| *parley |^parley (chat|home)/.test(line)
      ? "login"
      : line.includes("config")
      ? "config"
      : /^mkdir|backup\//.test(line)
      ? "backup"
      : "other";
  const groups = Map.groupBy(lines, kindOf);
  assertEquals([...groups.keys()].sort(), [
    "backup",
    "config",
    "login",
    "other",
    "server",
  ]);
  await Promise.all(
    [...groups.values()].map((group) => runExamples(group, server)),
  );
  for (const text of ["the backup is done", "one", "two"]) {
    await leia.event("message", { text });
  }
  await leia.event("transfer", { name: "backup.tar", state: "verified" });
});

/** Runs command lines in a folder of their own; each must succeed. */
async function runExamples(
  lines: readonly string[],
  server: TestServer,
): Promise<void> {
  await withTempFolder(async (folder) => {
    const bin = await makePrograms(folder);
    const config = join(folder, ".config");
    const parley = join(config, "parley");
    await Deno.mkdir(parley, { recursive: true });
    await Deno.writeTextFile(join(folder, "backup.tar"), "backup");
    await Deno.mkdir(join(folder, "Pictures"));
    // The backup is one of the server that runs; the others make data of theirs.
    if (lines.some((line) => line.includes("backup/"))) {
      for (const name of ["data", "credentials.txt"]) {
        await Deno.symlink(server.path(name), join(folder, name));
      }
    }
    // The key that an example forgets must be known.
    const key = server.process.out.join().match(/SHA256:\S{43}/)?.[0];
    const known = `chat.example.org:6000 ${key} AA==\n`;
    await Deno.writeTextFile(join(parley, "known_servers"), known);
    const settings = ["chat.example.org", "home"].map((name) =>
      `[servers."${name}"]\nhost = "127.0.0.1"\nport = ${server.port}\n`
    ).join("");
    for (const line of lines) {
      const configPath = join(parley, "config.toml");
      // Only this one wants none.
      if (line.includes("--init")) {
        await Deno.remove(configPath).catch(() => {});
      } else await Deno.writeTextFile(configPath, settings);
      await runExample(line, folder, {
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        XDG_CONFIG_HOME: config,
        XDG_STATE_HOME: config,
        PARLEY_USER: "yoda",
        // A new one must be longer than those of this server are.
        PARLEY_PASSWORD: line.startsWith("parley-server")
          ? "a new password"
          : passwordOf("yoda"),
      });
      const [, written] = />\s*(\S+)$/.exec(line) ?? [];
      if (written === undefined) continue;
      assert((await Deno.stat(join(folder, written))).size > 1000, line);
    }
  });
}

async function runExample(
  line: string,
  cwd: string,
  env: Record<string, string>,
): Promise<void> {
  const command = ["bash", "-c", `set -o pipefail; ${line}`];
  const process = new RunningProcess({ command, cwd, env });
  try {
    await process.closeInput();
    if (/^parley-server(?! (user|completions|check))/.test(line)) {
      await process.waitFor(line, (text) => text.includes("listening on"));
      process.signal("SIGTERM");
    }
    const { code } = await process.end();
    assertEquals(code, 0, `${line}\n${process.transcript()}`);
  } finally {
    await process.kill();
  }
}

Deno.test("examples: every command of /help, README and docs/using.md works in the client", async () => {
  await using server = await TestServer.start({ accounts });
  await using scene = new Scene(server);
  await play(scene);
  const told = [
    ...itemsOf(sectionOf(readPage("README.md"), "## Ten commands")),
    ...itemsOf(sectionOf(readPage("docs/using.md"), "## Commands")),
  ].flatMap((item) => /^(`\/.*?`):/.exec(item)?.[1]?.split(", ") ?? [])
    .map((code) => code.replaceAll("`", ""));
  assert(told.length > 30, `${told.length}`);
  const examples = [...commandTable.map(({ example }) => example), ...told];
  // A call takes a window: call_test.ts.
  const missing = examples.filter((line) =>
    !scene.done.has(line) && !line.startsWith("/call ")
  );
  assertEquals(missing, [], "add these to the scene below");
});

/** The lines of the pages' shell examples, without their comments. */
function shellLines(text: string): string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = ""]) => block.replace(/\\\n\s*/g, "").split("\n"))
    .map((line) => line.replace(/\s+# .*$/, "").trim())
    .filter((line) => line !== "");
}

/** A folder with both programs under their names. */
async function makePrograms(folder: string): Promise<string> {
  const bin = join(folder, "bin");
  await Deno.mkdir(bin);
  const quoted = (command: readonly string[]) =>
    command.map((word) => `'${word}'`).join(" ");
  // The ports of the examples may be in use here; an option wins over them.
  const script = (command: readonly string[], options = "") =>
    `#!/bin/sh\ncase "$1" in user|completions) exec ${
      quoted(command)
    } "$@";; esac\nexec ${quoted(command)} "$@" ${options}\n`;
  const programs = {
    "parley": script(clientCommand),
    "parley-server": script(serverCommand, "--host 127.0.0.1 --port 0"),
  };
  for (const [name, text] of Object.entries(programs)) {
    await Deno.writeTextFile(join(bin, name), text, { mode: 0o755 });
  }
  return bin;
}

/** Users who come online when they are needed. */
class Scene implements AsyncDisposable {
  readonly server: TestServer;
  readonly #clients = new Map<string, TestClient>();
  /** The lines that succeeded. */
  readonly done = new Set<string>();

  constructor(server: TestServer) {
    this.server = server;
  }

  async user(
    name: string,
    options: TestClientOptions = {},
  ): Promise<TestClient> {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client = await logIn(this.server, name, options);
    await Deno.writeTextFile(join(client.folder, "my film.mp4"), "film");
    this.#clients.set(name, client);
    return client;
  }

  /** The user comes online on a further device, of this name or one like it. */
  async device(
    user: string,
    device: string,
    options: TestClientOptions = {},
  ): Promise<string> {
    const args = ["--device", device];
    const client = await logIn(this.server, user, { ...options, args });
    this.#clients.set(client.folder, client);
    return client.folder;
  }

  /** The user types the lines, one after the other; each must succeed. */
  async say(name: string, ...lines: string[]): Promise<void> {
    const client = await this.user(name);
    for (const line of lines) {
      await client.succeed(line);
      this.done.add(line);
    }
  }

  /** The user goes offline. */
  async leave(name: string): Promise<void> {
    const client = this.#clients.get(name);
    this.#clients.delete(name);
    await client?.finish();
    await client?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients.values()) {
      await client[Symbol.asyncDispose]();
    }
  }
}

/** A story in which every example has its place. */
async function play(scene: Scene): Promise<void> {
  for (const name of ["yoda", "luke", "leia", "hans"]) await scene.user(name);
  await scene.say(
    "yoda",
    "/msgto leia do or do not",
    "/broadcast the council meets at noon",
    "/broadcast the council meets",
    "/activeuser",
    "/whoelsesince 3600",
    "/history luke 50",
    "/history",
    "/history 1",
    "/history more",
    "/search council",
    '/search "do or do not" @leia',
    "/last",
    "/last 3",
    "/seen luke",
    "/seen all",
    "/RDM b 01 Jun 2026 21:39:04",
    ...Array.from({ length: 9 }, (_, index) => `/msgto leia number ${index}`),
    "/deletemsg 12",
    "/msgto luke,leia hello",
    "/msgto 2 luke leia hello",
    "/block hans",
    "/blocked",
    "/unblock hans",
    "/setprofile hometown Dagobah",
    "/setprofile status meditating",
    "/setprofile status",
    "/setprofile status -",
    "/profile leia",
    "/chat luke",
    "/chat",
    "/verify luke",
    "/verify luke ok",
    "/help",
    "/help groups",
    "/help all",
    "/help p2pvideo",
    "/limit 2M",
    "/limit off",
    "/transfers",
    "/notify off",
    "/presence all",
    "/presence",
    "/gui",
  );
  // Yoda is invited first, and then has a group of the same name himself.
  await scene.say("luke", "/creategroup jedi yoda");
  await scene.say("yoda", "/joingroup jedi", "/leavegroup jedi");
  await scene.say("luke", "/leavegroup jedi");
  await scene.say("yoda", "/creategroup jedi luke leia anakin");
  await scene.say("luke", "/joingroup jedi");
  await scene.say(
    "yoda",
    "/groupmsg jedi the council meets at noon",
    "/groupmsg jedi hello",
    "/groupmsg jedi hello again",
    "/deletegroupmsg jedi 3",
    "/seen #jedi",
    "/groups",
    "/members jedi",
    "/setgroup jedi history on",
    "/search council #jedi",
    "/setgroup jedi topic the plans",
    "/topic jedi the plans of the station",
    "/topic jedi",
    "/chat jedi",
    "/chat",
    "/addmember jedi ahsoka",
    "/addmember jedi hans",
    "/removemember jedi hans",
    "/removemember jedi anakin",
    "/groupvideo jedi my film.mp4",
    "/promote jedi luke",
    "/leavegroup jedi",
  );
  await scene.say("luke", "/leavegroup jedi");
  await scene.say(
    "yoda",
    "/creategroup jedi luke leia",
    "/createbroadcast news luke leia",
    "/SRB luke leia",
    "/startprivate leia",
    "/private leia the plans are in the droid",
    "/private leia hush",
    "/stopprivate leia",
    "/p2pvideo luke my film.mp4",
    "/p2pvideo luke my film.mp4 --when-back",
  );
  const laptop = await scene.device("luke", "laptop");
  await scene.say("yoda", "/p2pvideo luke@laptop my film.mp4");
  await scene.leave(laptop);
  // Offers have number 1 for who has had none yet.
  const yoda = await scene.user("yoda");
  await Deno.mkdir(join(yoda.folder, "pictures"));
  for (const line of ["/offer 1", "/accept 1", "/reject 1", "/cancel 1"]) {
    await scene.leave("ahsoka");
    const ahsoka = await scene.user("ahsoka", { args: ["--accept", "ask"] });
    if (line === "/cancel 1") {
      await ahsoka.send("/startprivate yoda");
      await ahsoka.event("session", { state: "open" });
    } else {
      const what = line === "/offer 1" ? "pictures" : '"my film.mp4"';
      await yoda.send(`/p2pvideo ahsoka ${what}`);
      await ahsoka.event("transfer", { state: "offered" });
    }
    await scene.say("ahsoka", line);
  }
  await scene.leave("ahsoka");
  const ahsoka = await scene.user("ahsoka");
  const long = join(yoda.folder, "long.mp4");
  await Deno.writeFile(long, new Uint8Array(4_000_000));
  await scene.say("yoda", "/limit 200K");
  await yoda.send("/p2pvideo ahsoka long.mp4");
  await ahsoka.event("progress", { transfer: 1 });
  await scene.say("ahsoka", "/pause 1", "/resume 1");
  const from = yoda.process.out.length;
  await ahsoka.succeed("/cancel 1");
  const ended = { command: "p2pvideo", code: "cancelled" };
  await yoda.event("result", ended, { from });
  await scene.say("yoda", "/limit off");
  const luke = await scene.user("luke");
  await Promise.all([
    scene.say("yoda", "/receive luke"),
    luke.succeed("/p2pvideo yoda my film.mp4"),
  ]);
  const phone = await scene.device("luke", "phone", { identity: "new" });
  await scene.say(phone, "/link");
  await luke.event("link", { state: "asked" });
  await scene.say("luke", "/link approve");
  await scene.leave(phone);
  // On another machine luke has another key, which is the only one left.
  await scene.leave("luke");
  await scene.user("luke", { identity: "new" });
  await scene.say("luke", "/link new");
  await yoda.event("key-changed", { user: "luke" });
  await scene.say("yoda", "/verify luke accept", "/devices");
  for (
    const line of ["/renamedevice laptop-2 desk", "/logoutdevice laptop-2"]
  ) {
    await scene.device("yoda", "laptop");
    await scene.device("yoda", "laptop");
    await scene.say("yoda", line);
  }
  await scene.say("yoda", "/renamedevice sofa", "/rename master");
  await yoda.send("/changepassword");
  for (const line of [passwordOf("yoda"), "a new one"]) await yoda.answer(line);
  await yoda.event("result", { command: "changepassword", ok: true });
  await yoda.send("/logout");
  await yoda.event("goodbye");
  await yoda.event("result", { command: "logout", ok: true });
  scene.done.add("/changepassword").add("/logout");
}
