import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  loginText,
  parseServerOptions,
  type ServerOptions,
} from "../../../lib/server/admin/options.ts";

const defaults: ServerOptions = {
  host: "0.0.0.0",
  port: 6000,
  attempts: 3,
  blockDuration: 10,
  idleTimeout: 0,
  sessions: 8,
  keepDays: 365,
  credentials: "credentials.txt",
  dataDir: "data",
  relayQuota: 1024,
  limits: {
    messageRate: 100,
    historyQuota: 1_000_000,
    mailboxQuota: 10_000,
    addressFailures: 30,
    addressConnections: 16,
  },
  plain: false,
  allowDemo: false,
  log: {
    level: "info",
    maxBytes: 10_000_000,
    maxAgeMs: 2_592_000_000,
    keep: 5,
  },
};

Deno.test("parseServerOptions() starts with no argument at all", () => {
  assertEquals(parseServerOptions([]), { kind: "run", options: defaults });
});

Deno.test("parseServerOptions() takes a database by its URL or a file with that", () => {
  const url = "postgres://parley:secret@h/chat";
  assertEquals(run("--database", url), { ...defaults, database: url });
  assertEquals(run("--database=db.txt").database, "db.txt");
  for (const wrong of ["mysql://a:secret@h/b", "postgres://a:secret@h", ""]) {
    const request = parseServerOptions(["--database", wrong]);
    assert(request.kind === "error");
    assertStringIncludes(request.message, "--database");
    assert(!request.message.includes("secret"), request.message);
  }
});

Deno.test("parseServerOptions() makes a node of a cluster of it, which needs a database", () => {
  const database = "db.txt";
  const base = ["--database", database, "--cluster"];
  assertEquals(run(...base), { ...defaults, database, cluster: {} });
  assertEquals(run(...base, "--node", "a.b-1").cluster, { node: "a.b-1" });
  const nats = "nats://a,tls://u:p@b:1";
  assertEquals(run(...base, "--nats", nats).cluster, { nats });
  const advertise = "a.example.org";
  const meets = ["--nats", nats, "--advertise", advertise];
  assertEquals(run(...base, ...meets).cluster, { nats, advertise });
  assertEquals(run(...base, "--node", "a", "--nats", "n.txt").cluster, {
    node: "a",
    nats: "n.txt",
  });
  for (
    const wrong of [
      ["--cluster"],
      ["--node", "a", "--database", "d"],
      [
        ...base,
        "--node=a b",
      ],
      ["--nats", "nats://a"],
      ["--advertise", "a"],
      [...base, "--advertise", "a"],
      [...base, "--nats", "http://u:secret@a"],
    ]
  ) {
    const request = parseServerOptions(wrong);
    assert(request.kind === "error");
    assert(
      /--(cluster|node|nats|advertise)/.test(request.message),
      request.message,
    );
    assert(!request.message.includes("secret"));
  }
});

Deno.test("parseServerOptions() takes arguments, and options over them", () => {
  assertEquals(run("7000", "5"), { ...defaults, port: 7000, attempts: 5 });
  assertEquals(run("7000", "5", "--port=0", "--attempts", "1"), {
    ...defaults,
    port: 0,
    attempts: 1,
  });
  assertEquals(
    run(
      ..."--message-rate 0 --history-quota 9 --mailbox-quota 1 --address-failures 2 --address-connections=3"
        .split(" "),
    ).limits,
    {
      messageRate: 0,
      historyQuota: 9,
      mailboxQuota: 1,
      addressFailures: 2,
      addressConnections: 3,
    },
  );
  const all = "--host ::1 --port 1 --attempts 2 --block-duration 3 " +
    "--idle-timeout 4 --sessions 1 --keep-days 0 --credentials c --data-dir d --plain --allow-demo";
  assertEquals(run(...all.split(" ")), {
    host: "::1",
    port: 1,
    attempts: 2,
    blockDuration: 3,
    idleTimeout: 4,
    sessions: 1,
    keepDays: 0,
    credentials: "c",
    dataDir: "d",
    relayQuota: 1024,
    limits: defaults.limits,
    plain: true,
    allowDemo: true,
    log: defaults.log,
  });
  const log = "--log-level warn --log-file l --log-max-size 1 " +
    "--log-max-age 2 --log-keep 0 --metrics-port 9100";
  assertEquals(run(...log.split(" ")), {
    ...defaults,
    log: {
      level: "warning",
      file: "l",
      maxBytes: 1_000_000,
      maxAgeMs: 172_800_000,
      keep: 0,
    },
    metrics: { host: "127.0.0.1", port: 9100 },
  });
  assertEquals(run("--tls-cert", "c.pem", "--tls-key=k.pem"), {
    ...defaults,
    tls: { cert: "c.pem", key: "k.pem" },
  });
});

Deno.test("loginText() is what can be typed beside the server, and elsewhere", () => {
  const text = (port: number, elsewhere?: string, ...args: string[]) =>
    loginText(run(...args), port, "leia", elsewhere);
  assertEquals(
    text(6000, "192.0.2.7"),
    "Log in with: parley 127.0.0.1 --user leia " +
      "(in a browser: parley gui 127.0.0.1)\n" +
      "On other machines write 192.0.2.7 in place of 127.0.0.1\n",
  );
  assertEquals(
    text(7000, undefined, "--host", "::", "--plain"),
    "Log in with: parley [::1]:7000 --user leia --plain " +
      "(in a browser: parley gui [::1]:7000 --plain)\n" +
      "On other machines write this machine's name or address in place of " +
      "[::1]\n",
  );
  assertEquals(
    text(6000, "192.0.2.7", "--host", "192.0.2.1"),
    "Log in with: parley 192.0.2.1 --user leia " +
      "(in a browser: parley gui 192.0.2.1)\n",
  );
});

Deno.test("parseServerOptions() takes a port behind the host, and ~/ in every path", () => {
  const place = (...args: string[]) => {
    const { host, port } = run(...args);
    return [host, port];
  };
  assertEquals(place("--host", "[::1]:7000"), ["::1", 7000]);
  assertEquals(place("--host", "127.0.0.1:0", "0"), ["127.0.0.1", 0]);
  assertEquals(run("--metrics-host", "[::1]:9").metrics, {
    host: "::1",
    port: 9,
  });
  const request = parseServerOptions([
    ...["--credentials=~/c", "--data-dir=~/d", "--log-file=~/l"],
    ...["--tls-cert=~/t", "--tls-key=~/k"],
  ], "/home/y");
  assert(request.kind === "run");
  const { credentials, dataDir, log, tls } = request.options;
  assertEquals(
    [credentials, dataDir, log.file, tls?.cert, tls?.key],
    ["c", "d", "l", "t", "k"].map((name) => `/home/y/${name}`),
  );
  assertEquals(run("--tls-cert", "both").tls, { cert: "both", key: "both" });
});

Deno.test("parseServerOptions() says what is wrong", () => {
  const cases: [string[], string][] = [
    [
      ["--log-level", "loud"],
      'invalid --log-level "loud": must be debug, info, warning, error',
    ],
    [
      ["--metrics-port", "x"],
      'invalid --metrics-port "x": must be an integer from 0 to 65535',
    ],
    [
      ["--attempts", "6"],
      'invalid --attempts "6": must be an integer from 1 to 5',
    ],
    [
      ["--attempts", "0"],
      'invalid --attempts "0": must be an integer from 1 to 5',
    ],
    [
      ["--attempts=2.5"],
      'invalid --attempts "2.5": must be an integer from 1 to 5',
    ],
    [["6000", "6"], 'invalid ATTEMPTS "6": must be an integer from 1 to 5'],
    [
      ["usr", "list"],
      'there is no command "usr": did you mean user? --help lists all',
    ],
    [
      ["usre", "add", "hans", "--restore"],
      'there is no command "usre": did you mean user? --help lists all',
    ],
    [
      ["chek"],
      'there is no command "chek": did you mean check? --help lists all',
    ],
    [
      ["--data-dir", "x", "user", "add", "yoda", "--restore"],
      '"user" must come first: parley-server user',
    ],
    [["--plain", "user"], '"user" must come first: parley-server user'],
    [
      ["--host", "h:1", "2"],
      '--host "h:1" names another port than 2, which is given too',
    ],
    [
      ["start"],
      'there is no command "start": without one the server runs; --help lists all',
    ],
    [["x"], 'invalid PORT "x": must be an integer from 0 to 65535'],
    [["-1"], 'invalid PORT "-1": must be an integer from 0 to 65535'],
    [
      ["x", "--port", "1"],
      'invalid PORT "x": must be an integer from 0 to 65535',
    ],
    [
      ["--port", "65536"],
      'invalid --port "65536": must be an integer from 0 to 65535',
    ],
    [
      ["--block-duration", "0"],
      'invalid --block-duration "0": must be an integer from 1 to 31536000',
    ],
    [
      ["--keep-days", "36501"],
      'invalid --keep-days "36501": must be an integer from 0 to 36500',
    ],
    [
      ["--idle-timeout", "-1"],
      'invalid --idle-timeout "-1": must be an integer from 0 to 31536000',
    ],
    [
      ["--host", ""],
      'invalid --host "": must be a host name or an IP address, with :PORT behind it or not',
    ],
    [
      ["--credentials", ""],
      'invalid --credentials "": must be the path of a file',
    ],
    [["--tls-key", "k"], "--tls-key needs --tls-cert"],
    [
      ["--tls-cert", "", "--tls-key", "k"],
      'invalid --tls-cert "": must be the path of a PEM file',
    ],
    [
      ["--plain", "--tls-cert", "c", "--tls-key", "k"],
      "--plain and --tls-cert cannot be used together",
    ],
    [
      ["1", "2", "3"],
      'unexpected argument "3": the arguments are PORT ATTEMPTS',
    ],
    [
      ["--blok-duration", "1"],
      "unknown option --blok-duration: did you mean --block-duration? --help lists all",
    ],
  ];
  for (const [args, message] of cases) {
    assertEquals(parseServerOptions(args), { kind: "error", message });
  }
});

Deno.test("parseServerOptions() answers --help and --version before all else", () => {
  const help = parseServerOptions(["--attempts", "6", "--help"]);
  assert(help.kind === "help");
  for (
    const name of [
      "--host",
      "--port",
      "--attempts",
      "--block-duration",
      "--idle-timeout",
      "--credentials",
      "--data-dir",
      "--plain",
      "--tls-cert",
      "--tls-key",
      "--allow-demo",
      "Exit codes",
    ]
  ) {
    assertStringIncludes(help.text, name);
  }
  for (const line of help.text.split("\n")) assert(line.length <= 110, line);
  assertEquals(parseServerOptions(["--version"]), {
    kind: "version",
    text: "parley-server 0.1.0 (protocol 1)",
  });
});

function run(...args: string[]) {
  const request = parseServerOptions(args);
  assert(request.kind === "run", JSON.stringify(request));
  return request.options;
}
