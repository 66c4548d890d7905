import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "smol-toml";
import { parseClientCommand } from "../../../lib/client/settings/client_command.ts";
import type { ConfigSource } from "../../../lib/client/settings/options.ts";
import { clientPage } from "../../../lib/client/settings/page.ts";
import { checkConfig } from "../../../lib/client/settings/config_file.ts";

const text = '[servers.home]\nhost = "::1"\nport = 7000\nuser = "a b"\n' +
  '[servers.work]\nhost = "work.example.org"\n';
const source: ConfigSource = {
  config: checkConfig(parse(text), text, "/c.toml"),
};
const command = (args: string[], config: ConfigSource = source) =>
  parseClientCommand(args, () => undefined, config);

Deno.test("parseClientCommand(): a saved server stands for its host and port", () => {
  const request = command(["work"]);
  assert(request.kind === "run");
  const { host, port, server, hostHint } = request.options;
  assertEquals(
    [host, port, server, hostHint],
    ["work.example.org", 6000, "work", undefined],
  );
});

Deno.test("parseClientCommand(): what is wrong in the file is told with its line", () => {
  assertEquals(command(["home"]), {
    kind: "error",
    message:
      '/c.toml, line 4: invalid user "a b": must be 1 to 32 of A-Z a-z 0-9 . _ -',
  });
  assertEquals(command(["home", "--user", "yoda"]).kind, "run");
});

Deno.test("parseClientCommand(): a word that is no saved server comes with a hint", () => {
  const hintOf = (args: string[], config?: ConfigSource) => {
    const request = command(args, config);
    assert(request.kind === "run");
    return request.options.hostHint;
  };
  assertEquals(
    hintOf(["wrok"]),
    'there is neither a saved server nor a host "wrok"; did you mean "work"?',
  );
  assertEquals(hintOf(["wrok.example.org"]), undefined);
  assertEquals(hintOf(["::1"]), undefined);
  assertEquals(hintOf(["wrok"], {}), undefined);
});

Deno.test("parseClientCommand(): a broken configuration stops all but the help", () => {
  const broken = { problem: "/c.toml, line 1: no" };
  assertEquals(command(["work"], broken), {
    kind: "error",
    message: broken.problem,
  });
  assertEquals(command(["config"], broken).kind, "error");
  assertEquals(command(["--help"], broken).kind, "help");
  assertEquals(command(["--version"], broken).kind, "version");
  assertEquals(command(["completions", "zsh"], broken).kind, "print");
  assertEquals(command(["config", "--init"], broken).kind, "config-init");
});

Deno.test("parseClientCommand(): every command of the page has its help", () => {
  for (const { arguments: words } of clientPage.usage) {
    const [word = ""] = words.split(" ");
    if (!/^[a-z]+$/.test(word)) continue;
    assertEquals(command([word, "--help"]).kind, "help", word);
    assert(command([word]).kind !== "run", word);
  }
});

Deno.test("parseClientCommand(): doctor takes HOST:PORT, HOST PORT and saved names", () => {
  const place = (...args: string[]) => {
    const request = command(["doctor", ...args]);
    assert(request.kind === "doctor", JSON.stringify(request));
    return [request.options.host, request.options.port];
  };
  assertEquals(place("h:1"), ["h", 1]);
  assertEquals(place("[::2]:1", "--json"), ["::2", 1]);
  assertEquals(place("--plain", "h:1"), ["h", 1]);
  assertEquals(place("h", "2"), ["h", 2]);
  assertEquals(place("work"), ["work.example.org", 6000]);
  assertEquals(place("home", "--user", "x"), ["::1", 7000]);
  const refused = command(["doctor", "h", "--exec", "/who"]);
  assertEquals(refused.kind, "error");
});

Deno.test("parseClientCommand(): config shows what is in force and where from", () => {
  const request = command(["config", "work", "--limit", "2M"]);
  assert(request.kind === "print");
  for (
    const line of [
      "# configuration: /c.toml\n",
      /\nserver +=\s"work" +# flag SERVER_HOST\n/,
      /\nhost +=\s"work.example.org" +# \/c.toml, line 6\n/,
      /\nport += 6000 +# default\n/,
      /\nlimit +=\s"2M" +# flag --limit\n/,
    ]
  ) {
    if (typeof line === "string") assertStringIncludes(request.text, line);
    else assert(line.test(request.text), `${line} in ${request.text}`);
  }
  const json = command(["config", "work", "--json"]);
  assert(json.kind === "print");
  const { settings, path } = JSON.parse(json.text);
  assertEquals(path, "/c.toml");
  assertEquals(settings[1], {
    key: "host",
    value: "work.example.org",
    origin: "file",
    from: "/c.toml, line 6",
  });
});
