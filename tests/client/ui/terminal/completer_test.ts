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
  files: (path) => paths.filter((each) => each.startsWith(path)),
};

Deno.test("complete: a path with blanks, however it is written so far", () => {
  const film = '"/full/my film.mp4" ';
  const films = '"/full/my films/';
  const starts = ["/full/my", "/full/my ", "/full/my fi", "/full/my\\ fi"];
  const quoted = ['"/full/my fi', "'/full/my fi"];
  for (
    const command of ["/p2pvideo luke ", "/send luke ", "/groupvideo jedi "]
  ) {
    for (const path of [...starts, ...quoted]) {
      const line = command + path;
      const { start, candidates } = complete(line, source);
      assertEquals(start, command.length, line);
      assertEquals(candidates, [film, films], line);
    }
  }
});

Deno.test("complete: what it writes is read back, and nothing follows a path", () => {
  for (const path of paths) {
    const { candidates: [written = ""] } = complete(
      `/p2pvideo luke ${path.slice(0, 9)}`,
      { ...source, files: () => [path] },
    );
    const line = `/p2pvideo luke ${written}`;
    const isFolder = path.endsWith("/");
    const parsed = parseCommand(isFolder ? `${line}"` : line);
    assertEquals(parsed, {
      command: { command: "p2pvideo", to: "luke", file: path },
    });
    if (!isFolder && written.startsWith('"')) {
      assertEquals(complete(line, source).candidates, [], line);
    }
  }
});
