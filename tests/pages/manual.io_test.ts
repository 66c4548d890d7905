/** The man pages and completions, in the programs that they are made for. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { renderCompletions } from "../../lib/cli/completions.ts";
import { pages, renderManPage, writeManuals } from "../../.ci/manual.ts";
import { withTempFolder } from "../support/temp_folder.ts";

/** What a program says; `undefined` where it is not installed. */
async function run(
  program: string,
  args: readonly string[],
  input?: string,
): Promise<{ code: number; out: string; err: string } | undefined> {
  let child;
  try {
    child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input ?? "")).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

Deno.test("man pages: groff has nothing to warn about", async () => {
  for (const page of pages) {
    const args = ["-ww", "-man", "-Tutf8", "-P-cbou"];
    const result = await run("groff", args, renderManPage(page));
    if (result === undefined) return;
    assertEquals([result.code, result.err], [0, ""]);
    const text = result.out.replaceAll("‐", "-");
    for (const { name } of page.options) assert(text.includes(name), name);
  }
});

Deno.test("a release has a manual page and completions for each program", async () => {
  await withTempFolder(async (folder) => {
    await writeManuals(`${folder}/`);
    const found = await Array.fromAsync(Deno.readDir(folder));
    const files = pages.flatMap(({ name }) => [
      ...[`_${name}`, `${name}.1`, `${name}.bash`, `${name}.fish`],
    ]);
    assertEquals(found.map(({ name }) => name).sort(), files.sort());
    for (const { name } of found) {
      const text = await Deno.readTextFile(join(folder, name));
      assert(text.includes("parley"), name);
    }
  });
});

Deno.test("completions: each shell that is installed takes its script", async () => {
  await withTempFolder(async (folder) => {
    for (const page of pages) {
      for (const shell of ["bash", "zsh", "fish"] as const) {
        const path = join(folder, `${page.name}.${shell}`);
        await Deno.writeTextFile(path, renderCompletions(page, shell));
        const result = await run(shell, ["-n", path]);
        if (result === undefined) continue;
        assertEquals([result.code, result.err], [0, ""], path);
      }
    }
  });
});

Deno.test("completions: bash completes commands, options, their values and files", async () => {
  await withTempFolder(async (folder) => {
    const scripts = pages.map((page) => renderCompletions(page, "bash"));
    await Deno.writeTextFile(join(folder, "my film.mp4"), "");
    await Deno.mkdir(join(folder, "my films"));
    const complete = async (...words: string[]) => {
      const quoted = words.map((word) => `'${word}'`).join(" ");
      const result = await run("bash", [
        "-c",
        [
          ...scripts,
          `cd '${folder}'`,
          `COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}`,
          `$(complete -p ${words[0]} | sed 's/.*-F \\([^ ]*\\) .*/\\1/')`,
          'printf "%s\\n" "${COMPREPLY[@]}"',
        ].join("\n"),
      ]);
      assertEquals(result?.code, 0, result?.err);
      return result?.out.split("\n").filter((line) => line !== "") ?? [];
    };
    assertEquals((await complete("parley", "")).sort(), [
      "completions",
      "config",
      "doctor",
      "gui",
    ]);
    assertEquals(await complete("parley", "--down"), ["--download-dir"]);
    assertEquals(await complete("parley", "--no-c"), ["--no-color"]);
    assertEquals(await complete("parley", "--accept", ""), [
      "always",
      "ask",
      "never",
    ]);
    assertEquals(await complete("parley", "--accept", "n"), ["never"]);
    assertEquals(await complete("parley", "--user", ""), []);
    assertEquals(await complete("parley", "--password-file", "my"), [
      "my film.mp4",
      "my films",
    ]);
    assertEquals(await complete("parley", "--download-dir", "my"), [
      "my films",
    ]);
    assertEquals(await complete("parley", "completions", "z"), ["zsh"]);
    assertEquals(await complete("parley-server", "user", "pass"), ["passwd"]);
    assertEquals(await complete("parley-server", "--attem"), ["--attempts"]);
  });
});

Deno.test("completions: the servers of config.toml, in each shell that is installed", async () => {
  await withTempFolder(async (folder) => {
    const client = new URL("../../client.ts", import.meta.url);
    await Deno.mkdir(join(folder, "parley"));
    const config = join(folder, "parley", "config.toml");
    const text = ["home", "work"].map((name) =>
      `[servers.${name}]\nhost = "localhost"\n`
    ).join("");
    await Deno.writeTextFile(
      join(folder, "parley-client"),
      `#!/bin/sh\nexec ${Deno.execPath()} run -A --no-check ${client} "$@"\n`,
      { mode: 0o755 },
    );
    const [page] = pages.filter(({ name }) => name === "parley");
    assert(page);
    const script = (shell: "bash" | "zsh" | "fish") =>
      renderCompletions(page, shell);
    const call = `parley() { '${folder}/parley-client' "$@"; }`;
    const inZsh = [
      "compdef() { :; }",
      // What it would do for the value of --server, it does.
      "_arguments() {",
      "  print -rl -- $commands",
      '  local each; for each; do [[ "$each" == *--server\\[* ]] &&',
      '    eval "${${each#*:NAME:\\{}%\\}}"; done',
      "}",
      'compadd() { print -rl -- "$@"; }',
      script("zsh"),
      "_parley_complete",
      "words=(parley doctor '')",
      "_parley_complete_second",
    ].join("\n");
    const inBash = [
      script("bash"),
      "for word in '' doctor --server; do",
      'COMP_WORDS=(parley $word "") COMP_CWORD=1',
      '[ -n "$word" ] && COMP_CWORD=2',
      "_parley_complete",
      'printf "%s\\n" "${COMPREPLY[@]}"',
      "done",
    ].join("\n");
    const inFish = [
      `function parley; '${folder}/parley-client' $argv; end`,
      script("fish"),
      "complete -C 'parley '",
      "complete -C 'parley doctor '",
      "complete -C 'parley --server '",
    ].join("\n");
    const lines: [shell: string, text: string][] = [
      ["bash", `${call}\n${inBash}`],
      ["zsh", `${call}\n${inZsh}`],
      ["fish", inFish],
    ];
    for (const saved of [text, ""]) {
      await Deno.writeTextFile(config, saved);
      for (const [shell, text] of lines) {
        const env = `XDG_CONFIG_HOME='${folder}'; export XDG_CONFIG_HOME\n`;
        const set = shell === "fish"
          ? `set -x XDG_CONFIG_HOME '${folder}'\n`
          : env;
        const result = await run(shell, ["-c", set + text]);
        if (result === undefined) continue;
        assertEquals(result.err, "", shell);
        const found = result.out.split("\n").map((line) =>
          line.split(/[:\t]/)[0]
        ).filter((word) => word !== "");
        const servers = found.filter((word) =>
          word === "home" || word === "work"
        );
        const expected = saved === "" ? [] : Array(3).fill(["home", "work"])
          .flat();
        assertEquals(servers, expected, shell);
        assertEquals(found.length, 4 + expected.length, `${shell} ${found}`);
      }
    }
  });
});
