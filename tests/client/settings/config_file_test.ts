import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parse, TomlError } from "smol-toml";
import { settingRows } from "../../../lib/client/settings/settings.ts";
import {
  checkConfig,
  ConfigError,
  newConfigText,
  syntaxProblem,
} from "../../../lib/client/settings/config_file.ts";

const read = (text: string) => checkConfig(parse(text), text, "/c.toml");

Deno.test("checkConfig() keeps values with their lines", () => {
  const config = read([
    'user = "yoda"',
    "color=false",
    "",
    "[servers.home] # mine",
    'host = "chat.example.org"',
    "  port = 7000",
    '[servers."a.b"]',
    "plain = true",
  ].join("\n"));
  assertEquals([...config.settings], [
    ["user", { text: "yoda", line: 1 }],
    ["color", { text: "false", line: 2 }],
  ]);
  assertEquals([...config.servers.keys()], ["home", "a.b"]);
  assertEquals([...config.servers.get("home") ?? []], [
    ["host", { text: "chat.example.org", line: 5 }],
    ["port", { text: "7000", line: 6 }],
  ]);
  assertEquals(config.servers.get("a.b")?.get("plain")?.line, 8);
  assertEquals(read("").servers.size, 0);
});

Deno.test("checkConfig() knows the lines of dotted and inline tables", () => {
  const config = read(
    '\nservers.home.host = "h"\n',
  );
  assertEquals(config.servers.get("home")?.get("host")?.line, 2);
  const inline = read('\nservers = { home = { host = "h" } }');
  assertEquals(inline.servers.get("home")?.get("host")?.line, 2);
});

Deno.test("syntaxProblem() says what the usual slips are", () => {
  const cases: [string, string | undefined][] = [
    [
      "# mine\nuser = yoda # me\n",
      '"user" must be text in quotes: user = "yoda"',
    ],
    ["user =\n", '"user" must be text in quotes'],
    ["limit = 2M", '"limit" must be text in quotes: limit = "2M"'],
    ["quiet = True\n", '"quiet" must be true or false'],
    ["udp-port = x\n", '"udp-port" must be a whole number'],
    ["usr = x\n", '"usr" must be text in quotes: usr = "x"'],
    ['user = "yoda\n', 'the text of "user" has no " at its end'],
    ['user = "yoda', 'the text of "user" has no " at its end'],
    ["user = 'yoda\"\n", 'the text of "user" has no \' at its end'],
    ['user "yoda"\n', '"user "yoda"" must be KEY = VALUE'],
    ['[servers.home\nhost = "h"\n', '"[servers.home" has no ] at its end'],
    ['user = "a"\nuser = "b"\n', '"user" is there twice'],
    [
      'user = "a"\n[servers.h]\nhost = "h"\nhost = "i"\n',
      '"host" is there twice',
    ],
    ["quiet = true\nquiet = true\n", '"quiet" is there twice'],
    ["udp-port = 1\nudp-port = 2\n", '"udp-port" is there twice'],
    ["[servers.h]\n[servers.h]\n", "[servers.h] is there twice"],
    // What else there may be is left to who reads TOML.
    ['user = "a" "b"\n', undefined],
    [`user = "${"a".repeat(100)}" "b"\n`, undefined],
    ["servers = [,]\n", undefined],
    ["= x\n", undefined],
  ];
  for (const [text, expected] of cases) {
    const error = assertThrows(() => parse(text), TomlError, undefined, text);
    assertEquals(syntaxProblem(text, error.line), expected, text);
  }
});

Deno.test("checkConfig() names file, line and remedy", () => {
  const cases: [string, string][] = [
    [
      '\n\nusr = "yoda"',
      '/c.toml, line 3: unknown key "usr"; did you mean "user"?',
    ],
    [
      '[server.home]\nhost = "h"',
      '/c.toml, line 1: "server" must be text in quotes',
    ],
    [
      '[servrs.home]\nhost = "h"',
      '/c.toml, line 1: unknown key "servrs"; did you mean "servers"?',
    ],
    [
      "[servers.home]\n\nprot = 1",
      '/c.toml, line 3: unknown key "prot"; did you mean "port"?',
    ],
    // Only where it has a meaning.
    [
      "[servers.home]\ncolor = true",
      '/c.toml, line 2: "color" is for all servers: put it above the first [servers.NAME]',
    ],
    [
      'host = "h"',
      '/c.toml, line 1: "host" is of one server: put it below [servers.NAME]',
    ],
    ['udp-port = "1"', '/c.toml, line 1: "udp-port" must be a whole number'],
    ["udp-port = 1.5", '/c.toml, line 1: "udp-port" must be a whole number'],
    ['color = "no"', '/c.toml, line 1: "color" must be true or false'],
    ["user = true", '/c.toml, line 1: "user" must be text in quotes'],
    ["user = []", '/c.toml, line 1: "user" must be text in quotes'],
    [
      '[servers.home]\nhosts = ["a", 1]',
      '/c.toml, line 2: "hosts" must be texts in brackets, such as ["a", "b"]',
    ],
    ["servers = 1", '/c.toml, line 1: "servers" must be tables'],
    [
      "[servers]\nhome = 1",
      '/c.toml, line 2: server "home" must be a table: [servers.home]',
    ],
    [
      '[servers."a b"]',
      '/c.toml, line 1: "a b" is no name for a server: 1 to 64 of A-Z a-z 0-9 . _ -',
    ],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => read(text), ConfigError, message);
  }
});

Deno.test("newConfigText() sets nothing; without its marks it is valid and whole", () => {
  const text = newConfigText();
  const nothing = read(text);
  assertEquals([nothing.settings.size, nothing.servers.size], [0, 0]);
  const config = read(text.replace(/^#(?! )/gm, ""));
  const home = config.servers.get("home");
  assert(home !== undefined);
  for (const { key, scope } of settingRows) {
    const values = scope === "server" ? home : config.settings;
    assert(values.has(key), key);
  }
  assert(home.has("user"));
  assert(text.split("\n").every((line) => line.length <= 120));
});

Deno.test("checkConfig() takes any document, or says in one line what is wrong", () => {
  const keys = fc.oneof(
    fc.constantFrom("user", "color", "servers", "__proto__", "host", "port"),
    fc.string(),
  );
  const values = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(new Date(0)),
    fc.array(fc.string()),
  );
  const table = fc.dictionary(keys, values);
  const document = fc.dictionary(
    keys,
    fc.oneof(values, table, fc.dictionary(keys, table)),
  );
  fc.assert(fc.property(document, fc.string(), (document, text) => {
    try {
      checkConfig(document, text, "/c.toml");
    } catch (error) {
      assert(error instanceof ConfigError);
      assert(/^\/c\.toml, line \d+: /.test(error.message), error.message);
    }
  }));
});
