import { assertEquals } from "@std/assert";
import {
  complete,
  type CompletionSource,
} from "../../../../lib/client/ui/terminal/completer.ts";
import { parseCommand } from "../../../../lib/client/commands/parse.ts";

const paths = ["/full/my film.mp4", "/full/my films/", "/full/it's.mp4"];
const source: CompletionSource = {
  blocked: () => [],
  users: () => ["luke", "leia"],
  groups: () => ["jedi"],
  sessions: () => ["leia"],
  devices: () => ["laptop", "Luke's phone"],
  files: (path) => paths.filter((each) => each.startsWith(path)),
};

Deno.test("complete: a path with blanks, however it is written so far", () => {
  const film = '"/full/my film.mp4" ';
  const starts = ["/full/my", "/full/my ", "/full/my fi", "/full/my\\ fi"];
  const quoted = ['"/full/my fi', "'/full/my fi"];
  for (
    const command of ["/p2pvideo luke ", "/send luke ", "/groupvideo jedi "]
  ) {
    for (const path of [...starts, ...quoted]) {
      const line = command + path;
      const { start, candidates } = complete(line, source);
      assertEquals(start, command.length, line);
      // A quotation mark stays open in a folder, but none is opened for one.
      const films = quoted.includes(path)
        ? '"/full/my films/'
        : "/full/my\\ films/";
      assertEquals(candidates, [film, films], line);
    }
  }
});

Deno.test("complete: a folder is whole, whatever its name holds, and other paths may follow", () => {
  const folders = [
    ...[
      "my films/",
      'my "best" films/',
      "it's mine/",
      "films/",
      'a"b/',
      "a'b/",
    ],
    ...['"best" films/', '"best"/', "'best'/", "my a\\b/", "a\\b/", "/a\\b/"],
    ...["a\\ b/", "/a\\/", "/a\\'b/", "~a\\b c/"],
  ];
  const parts = ["a.mp4", "b c.mp4"];
  for (const folder of folders) {
    const files = (path: string) =>
      [folder, ...parts.map((part) => folder + part), "b.txt"]
        .filter((each) => each.startsWith(path) && each !== path);
    const tab = (line: string, index = 0) => {
      const { start, candidates } = complete(line, { ...source, files });
      return line.slice(0, start) + (candidates[index] ?? "?");
    };
    const inside = tab("/send luke ");
    const line = tab(`${inside} b.t`);
    assertEquals(pathsOf(inside), [folder]);
    assertEquals(pathsOf(tab(line)), [folder, "b.txt", folder]);
    assertEquals(pathsOf(tab(inside, 1)), [folder + "b c.mp4"]);
    assertEquals(pathsOf(tab(`${inside}b`)), [folder + "b c.mp4"]);
  }
});

Deno.test("complete: the folder that something is taken into", () => {
  const cases = [
    ["/accept 1 --", ["--to "]],
    ["/accept 1 --to /full/my", ["/full/my\\ films/"]],
    ['/receive luke --to "/full/my', ['"/full/my films/']],
    ["/accept 1 only /full/my", []],
  ] as const;
  for (const [line, candidates] of cases) {
    assertEquals(complete(line, source).candidates, candidates, line);
  }
});

Deno.test("complete: options before paths, and the one that goes behind them", () => {
  const cases = [
    ["/send luke -", ["--links ", "--when-back "]],
    ["/groupvideo jedi --w", ["--when-back "]],
    ["/send luke --links -", ["--when-back "]],
    ["/send luke --links --when-back -", []],
    ["/send luke a.txt --", ["--when-back "]],
    ["/send luke a.txt --l", []],
    ['/send luke "/full/my film.mp4" --w', ["--when-back "]],
  ] as const;
  for (const [line, candidates] of cases) {
    const found = complete(line, source);
    assertEquals(found.candidates, candidates, line);
    if (candidates.length > 0) {
      assertEquals(found.start, line.lastIndexOf(" ") + 1, line);
    }
  }
  // So is a path behind one in quotation marks.
  const second = complete('/send luke "/full/my film.mp4" /full/it', source);
  assertEquals(second.candidates, ["/full/it's.mp4 "]);
  // A file that is called like one is found all the same.
  const files = (path: string) => path === "--w" ? ["--well.txt"] : [];
  const { candidates } = complete("/send luke --w", { ...source, files });
  assertEquals(candidates, ["--well.txt "]);
});

Deno.test("complete: a device, also one with blanks in its name", () => {
  const cases = [
    ["/logoutdevice L", ["laptop ", '"Luke\'s phone" ']],
    ['/renamedevice "luke', ['"Luke\'s phone" ']],
    ["/renamedevice laptop ", []],
  ] as const;
  for (const [line, candidates] of cases) {
    assertEquals(complete(line, source).candidates, candidates, line);
  }
});

Deno.test("complete: what it writes is read back, and nothing follows a path", () => {
  for (const path of paths) {
    const { candidates: [written = ""] } = complete(
      `/p2pvideo luke ${path.slice(0, 9)}`,
      { ...source, files: () => [path] },
    );
    const line = `/p2pvideo luke ${written}`;
    assertEquals(parseCommand(line), {
      command: { command: "p2pvideo", to: "luke", file: path },
    });
    if (!path.endsWith("/") && written.startsWith('"')) {
      assertEquals(complete(line, source).candidates, [], line);
    }
  }
});

Deno.test("complete: names of users and groups wherever one writes to people", () => {
  const cases: [line: string, start: number, candidates: string[]][] = [
    ["l", 0, ["luke ", "leia "]],
    ["@l", 0, ["@luke ", "@leia "]],
    ["hello LU", 6, ["luke "]],
    ["hello @", 6, ["@luke ", "@leia "]],
    ["come to #j", 8, ["#jedi "]],
    ["(@le", 1, ["@leia "]],
    ["//shrug @lu", 8, ["@luke "]],
    ["/msgto leia ask @lu", 16, ["@luke "]],
    ["/msgto leia he said: don't tell lu", 32, ["luke "]],
    ["/msgto 2 luke le", 14, ["leia "]],
    ["/groupmsg jedi @le", 15, ["@leia "]],
    ["/broadcast lu", 11, ["luke "]],
    ["/msgto @lu", 8, ["luke "]],
    ["/msgto luke,le", 12, ["leia "]],
    ["/chat l", 6, ["luke ", "leia "]],
    ["/profile @le", 10, ["leia "]],
    ["/send @lu", 7, ["luke "]],
    ["/joingroup #", 12, ["jedi "]],
    ["/chat @l", 6, ["@luke ", "@leia "]],
    ["/chat #", 6, ["#jedi "]],
    ["/chat #l", 6, []],
    ["/history @le", 9, ["@leia "]],
    ["/verify luke ", 13, ["ok ", "accept "]],
    ["/verify luke o", 13, ["ok "]],
    ["/presence k", 10, ["known "]],
    // No name begins there.
    ["hello", 0, []],
    ["a@lu", 0, []],
    ["x.lu", 0, []],
    ["hello ", 0, []],
    ["/msgto leia ", 0, []],
    ["/verify luke ok ", 0, []],
  ];
  for (const [line, start, candidates] of cases) {
    const found = complete(line, source);
    assertEquals(found.candidates, candidates, line);
    if (candidates.length > 0) assertEquals(found.start, start, line);
  }
});

/** What a line sends. */
function pathsOf(line: string): readonly string[] {
  const parsed = parseCommand(line);
  if (!("command" in parsed)) throw new Error(`${line}: ${parsed.message}`);
  const { command } = parsed;
  if (command.command !== "p2pvideo") throw new Error(line);
  return command.files ?? [command.file];
}
