/** The client's configuration, as a user meets it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { jediAccounts, logIn, passwordOf } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { runProgram } from "../support/run_program.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestServer } from "../support/test_server.ts";

/** Runs the client in `folder`, where its configuration is, too. */
async function parley(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  return await runProgram([...clientCommand, ...args], { cwd: folder, env });
}

async function writeConfig(folder: string, text: string): Promise<string> {
  const path = join(folder, ".config", "parley", "config.toml");
  await Deno.mkdir(join(folder, ".config", "parley"), { recursive: true });
  await Deno.writeTextFile(path, text);
  return path;
}

Deno.test("config --init writes a file that can be used, and never overwrites one", async () => {
  await withTempFolder(async (folder) => {
    const made = await parley(folder, ["config", "--init"]);
    assertEquals([made.code, made.err], [0, []]);
    const path = join(folder, ".config", "parley", "config.toml");
    assert(made.out[0]?.includes(path), made.out[0]);
    if (Deno.build.os !== "windows") {
      assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    }
    const text = await Deno.readTextFile(path);
    assertMatch(text, /^# .*\n#download-dir = /m);
    await Deno.writeTextFile(path, `${text}\nuser = "mine"\n`);
    const again = await parley(folder, ["config", "--init"]);
    assertEquals([again.code, again.out, again.err.length], [1, [], 1]);
    assertMatch(again.err[0] ?? "", /exists already/);
    // A key below a comment of a server would be of none: it is on top yet.
    const shown = await parley(folder, ["config"]);
    assertEquals(shown.code, 0, shown.err.join());
    assertMatch(
      shown.out.join("\n"),
      /^user += "mine" +# .*config\.toml, line \d+$/m,
    );
    assertMatch(shown.out.join("\n"), /^port += 6000 +# default$/m);
  });
});

Deno.test("config.toml: what is wrong is told with file, line and remedy", async () => {
  await withTempFolder(async (folder) => {
    const cases: [string, RegExp][] = [
      [
        '\nusr = "x"',
        /config\.toml, line 2: unknown key "usr"; did you mean "user"\?$/,
      ],
      ["limit = 5", /config\.toml, line 1: "limit" must be text in quotes$/],
      [
        'accept = "maybe"',
        /config\.toml, line 1: invalid accept "maybe": must be always, ask or never$/,
      ],
      ["user = \n", /config\.toml, line 1: "user" must be text in quotes$/],
      [
        "[servers.home]\nuser = 'a b'\n",
        /config\.toml, line 2: invalid user "a b"/,
      ],
    ];
    for (const [text, pattern] of cases) {
      await writeConfig(folder, text);
      const result = await parley(folder, ["home", "--exec", "/groups"]);
      assertEquals([result.code, result.out, result.err.length], [2, [], 1]);
      assertMatch(result.err[0] ?? "", pattern);
    }
    assertEquals((await parley(folder, ["--help"])).code, 0);
  });
});

Deno.test("parley NAME connects to a saved server; flags and environment win", async () => {
  await using server = await TestServer.start({ accounts: jediAccounts });
  await withTempFolder(async (folder) => {
    // As editors of Windows write text.
    const [mark, ending] = ["\ufeff", "\r\n"];
    await Deno.writeTextFile(
      join(folder, "password"),
      `${mark}${passwordOf("yoda")}${ending}`,
    );
    await writeConfig(
      folder,
      mark + [
        "[servers.home]",
        'host = "127.0.0.1"',
        `port = ${server.port}`,
        "plain = true",
        'user = "yoda"',
        'password-file = "password"',
      ].join(ending),
    );
    const args = ["home", "--json", "--exec", "/groups"];
    const userOf = async (more: string[], other: Record<string, string>) => {
      const { out, err, code } = await parley(
        folder,
        [...args, ...more],
        other,
      );
      assertEquals(code, 0, err.join() + out.join());
      return JSON.parse(out[0] ?? "{}").user;
    };
    await Deno.writeTextFile(join(folder, "luke"), passwordOf("luke"));
    await Deno.writeTextFile(join(folder, "leia"), passwordOf("leia"));
    assertEquals(await userOf([], {}), "yoda");
    const ofLuke = { PARLEY_USER: "luke" };
    assertEquals(await userOf(["--password-file", "luke"], ofLuke), "luke");
    const ofLeia = ["--user", "leia", "--password-file", "leia"];
    assertEquals(await userOf(ofLeia, ofLuke), "leia");

    const typo = await parley(folder, ["hme", "--exec", "/groups"]);
    assertEquals([typo.code, typo.err], [4, [
      'there is neither a saved server nor a host "hme"; did you mean "home"?',
    ]]);
  });
});

Deno.test("config.toml: a server with another key than its pin gets nothing", async () => {
  await using server = await TestServer.start({
    accounts: jediAccounts,
    plain: false,
  });
  const key = server.process.out.join().match(/SHA256:\S{43}/)?.[0] ?? "";
  await withTempFolder(async (folder) => {
    const connect = async (pin: string) => {
      await writeConfig(
        folder,
        `[servers.home]\nhost = "127.0.0.1"\nport = ${server.port}\npin = "${pin}"`,
      );
      return await parley(
        folder,
        ["home", "--user", "yoda", "--exec", "/groups"],
        { PARLEY_PASSWORD: passwordOf("yoda") },
      );
    };
    const other = `SHA256:${"A".repeat(43)}`;
    const wrong = await connect(other);
    assertEquals([wrong.code, wrong.out, wrong.err.length], [1, [], 1]);
    for (const part of [other, key, "config.toml"]) {
      assert(wrong.err[0]?.includes(part), wrong.err[0]);
    }
    const right = await connect(key);
    assertEquals(right.code, 0, right.err.join());
    // It is what was told: nothing to compare.
    assertEquals(right.err, []);
    // The pin of the configuration counts more than what is remembered.
    assertEquals((await connect(other)).code, 1);
  });
});

Deno.test("--limit and --download-dir come from the configuration, too", async () => {
  await using server = await TestServer.start({ accounts: jediAccounts });
  await withTempFolder(async (folder) => {
    await Deno.mkdir(join(folder, "films"));
    const films = JSON.stringify(join(folder, "films"));
    await writeConfig(folder, `download-dir = ${films}\nlimit = "3M"\n`);
    await using luke = await logIn(server, "luke", {
      config: join(folder, ".config"),
    });
    assertEquals((await luke.succeed("/limit")).limit, 3_000_000);
    await using yoda = await logIn(server, "yoda");
    await Deno.writeTextFile(join(yoda.folder, "a.mp4"), "film");
    await yoda.succeed("/p2pvideo luke a.mp4");
    const got = await luke.event("transfer", { state: "verified" });
    assertEquals(got.path, join(folder, "films", "yoda_a.mp4"));
  });
});
