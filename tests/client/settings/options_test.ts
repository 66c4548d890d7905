import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseClientOptions } from "../../../lib/client/settings/options.ts";

const defaults = {
  host: "127.0.0.1",
  port: 6000,
  udpPort: 0,
  limit: 0,
  downloadDir: ".",
  exec: [],
  receive: false,
  takeOver: false,
  json: false,
  plain: false,
  color: true,
  notify: true,
  timestamps: true,
  quiet: false,
  plainUi: false,
};

Deno.test("parseClientOptions() starts with no argument at all", () => {
  assertEquals(parse([]), { kind: "run", options: defaults });
});

Deno.test("parseClientOptions() takes arguments, and options over them", () => {
  assertEquals(run(["example.org", "7000", "7001"]), {
    ...defaults,
    host: "example.org",
    port: 7000,
    udpPort: 7001,
  });
  const args = ["a", "1", "2", "--host=::1", "--port", "3", "--udp-port", "4"];
  assertEquals(run(args), { ...defaults, host: "::1", port: 3, udpPort: 4 });
  assertEquals(
    run([
      ...["--user", "yoda", "--password-file", "f", "--download-dir", "d"],
      ...["--accept", "never", "--json", "--plain", "--no-color"],
      ...["--exec", "/msgto luke hi", "--exec", "/logout", "--receive"],
      ...["--device", "Luke's phone", "--take-over"],
    ]),
    {
      ...defaults,
      user: "yoda",
      passwordFile: "f",
      downloadDir: "d",
      accept: "never",
      exec: ["/msgto luke hi", "/logout"],
      receive: true,
      takeOver: true,
      device: "Luke's phone",
      json: true,
      plain: true,
      color: false,
    },
  );
  assertEquals(run(["--forget", "[::1]:6000"]).forget, "[::1]:6000");
});

Deno.test("parseClientOptions() knows a server on several machines by the first", () => {
  assertEquals(run(["--hosts", "a, b:7, [::1]:8", "--port", "5"]), {
    ...defaults,
    ...{ host: "a", port: 5 },
    others: [{ host: "b", port: 7 }, { host: "::1", port: 8 }],
  });
  assertEquals(run(["--hosts=a:9,b"]).port, 9);
  const known = run(["--host", "b", "--hosts", "a,b"]);
  assertEquals([known.host, known.others], ["b", [{ host: "a", port: 6000 }]]);
  assertEquals(run(["c", "--hosts", "a"]).host, "c");
  for (const wrong of ["a,", "a,b c", Array(17).fill("a").join()]) {
    const request = parse(["--hosts", wrong]);
    assert(request.kind === "error");
    assertStringIncludes(request.message, "--hosts");
  }
});

Deno.test("parseClientOptions() reads the environment, options win", () => {
  const env = { PARLEY_PASSWORD: "secret", NO_COLOR: "1" };
  assertEquals(run([], env), {
    ...defaults,
    password: "secret",
    color: false,
  });
  assertEquals(run(["--password-file", "f"], env).password, undefined);
  assertEquals(run([], { NO_COLOR: "" }).color, true);
});

Deno.test("parseClientOptions() says what is wrong", () => {
  const cases: [string[], string][] = [
    [["h", "0"], 'invalid SERVER_PORT "0": must be an integer from 1 to 65535'],
    [
      ["h", "1", "x"],
      'invalid UDP_PORT "x": must be an integer from 0 to 65535',
    ],
    [
      ["--udp-port", "70000"],
      'invalid --udp-port "70000": must be an integer from 0 to 65535',
    ],
    [
      ["a b"],
      'invalid SERVER_HOST "a b": must be a host name or an IP address, with :PORT behind it or not',
    ],
    [
      ["yoda@chat.example.org:7000"],
      'invalid SERVER_HOST "yoda@chat.example.org:7000": write chat.example.org:7000 --user yoda',
    ],
    [
      ["https://chat.example.org/"],
      'invalid SERVER_HOST "https://chat.example.org/": write chat.example.org',
    ],
    [
      ["x://yoda:word@[::1]:7000"],
      'invalid SERVER_HOST "x://yoda:word@[::1]:7000": write [::1]:7000 --user yoda',
    ],
    [
      ["a b@h"],
      'invalid SERVER_HOST "a b@h": write h',
    ],
    [
      ["--user", "a b"],
      'invalid --user "a b": must be 1 to 32 of A-Z a-z 0-9 . _ -',
    ],
    [
      ["--accept", "maybe"],
      'invalid --accept "maybe": must be always, ask or never',
    ],
    [["--download-dir="], 'invalid --download-dir "": must be a folder'],
    [
      ["--forget", "h:x"],
      'invalid --forget "h:x": must be a host name or an IP address, with :PORT behind it or not',
    ],
    [
      ["h:1", "2"],
      'SERVER_HOST "h:1" names another port than SERVER_PORT, which is 2',
    ],
    [
      ["--host", "h:1", "--port", "2"],
      '--host "h:1" names another port than --port, which is 2',
    ],
    [
      ["--device", "luke@home"],
      'invalid --device "luke@home": must be 1 to 32 characters, without @ and without blanks at its ends',
    ],
    [["--receive"], "--receive is for --exec; without it all is received"],
    [["--exec", " "], 'invalid --exec " ": must be a command'],
    [
      ["a", "1", "2", "3"],
      'unexpected argument "3": the arguments are SERVER_HOST SERVER_PORT UDP_PORT',
    ],
    [["--jsn"], "unknown option --jsn: did you mean --json? --help lists all"],
  ];
  for (const [args, message] of cases) {
    assertEquals(parse(args), { kind: "error", message });
  }
});

Deno.test("parseClientOptions() answers --help and --version before all else", () => {
  const help = parse(["--accept", "maybe", "-h"]);
  assert(help.kind === "help");
  for (
    const name of [
      "--user",
      "--udp-port",
      "--download-dir",
      "--accept",
      "--exec",
      "--json",
      "--plain",
      "--forget",
      "--no-color",
      "PARLEY_PASSWORD",
      "NO_COLOR",
      "Exit codes",
    ]
  ) {
    assertStringIncludes(help.text, name);
  }
  assertEquals(parse(["--version"]), {
    kind: "version",
    text: "parley 0.1.0 (protocol 1)",
  });
});

Deno.test("parseClientOptions() takes HOST:PORT wherever a host is", () => {
  const place = (args: string[], env: Record<string, string> = {}) => {
    const { host, port } = run(args, env);
    return [host, port];
  };
  assertEquals(place(["127.0.0.1:7000"]), ["127.0.0.1", 7000]);
  assertEquals(place(["[::1]"]), ["::1", 6000]);
  assertEquals(place(["[::1]:7000"]), ["::1", 7000]);
  assertEquals(place(["[::1]:7000", "7000"]), ["::1", 7000]);
  assertEquals(place(["--server=h:1"]), ["h", 1]);
  assertEquals(place(["--host", "h:1"]), ["h", 1]);
  const env = { PARLEY_SERVER: "h:1" };
  assertEquals(place([], env), ["h", 1]);
  // What is said on the command line counts more.
  assertEquals(place(["--port", "2"], env), ["h", 2]);
  assertEquals(run(["--forget", "[::1]:7000"]).forget, "[::1]:7000");
  assertEquals(run(["--forget", "Chat.Example"]).forget, "chat.example:6000");
});

Deno.test("parseClientOptions() takes ~/ for the home folder in every path", () => {
  const env = { HOME: "/home/y", PARLEY_DOWNLOAD_DIR: "~/v" };
  assertEquals(run([], env).downloadDir, "/home/y/v");
  const options = run(
    ["--download-dir=~/x", "--password-file=~/p", "--identity=~/i"],
    env,
  );
  assertEquals(
    [options.downloadDir, options.passwordFile, options.identity],
    ["/home/y/x", "/home/y/p", "/home/y/i"],
  );
});

Deno.test("parseClientOptions(): a word near a command is told, should it be no host", () => {
  assertEquals(
    run(["doctr"]).hostHint,
    'there is neither a command nor a host "doctr"; did you mean "parley doctor"?',
  );
  assertEquals(
    run(["help"]).hostHint,
    'there is neither a command nor a host "help"; did you mean "parley --help"?',
  );
  assertEquals(run(["chat"]).hostHint, undefined);
});

Deno.test("parseClientOptions(): what stands in the port's place behind a mistyped command is not blamed", () => {
  assertEquals(parse(["docter", "chat.example.org"]), {
    kind: "error",
    message: 'there is no command "docter"; did you mean "parley doctor"?',
  });
  assertEquals(parse(["chat", "x"]), {
    kind: "error",
    message: 'invalid SERVER_PORT "x": must be an integer from 1 to 65535',
  });
});

function parse(args: string[], env: Record<string, string> = {}) {
  return parseClientOptions(args, (name) => env[name]);
}

function run(args: string[], env: Record<string, string> = {}) {
  const request = parse(args, env);
  assert(request.kind === "run", JSON.stringify(request));
  return request.options;
}
