/** Private sessions through real clients. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { walkSync } from "@std/fs";
import { X25519KeyPair } from "../../lib/security/x25519.ts";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { noTmux, TmuxTerminal } from "../support/tmux_terminal.ts";
import { testUnless } from "../support/test_unless.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { ProtocolIdentity } from "../support/protocol_identity.ts";
import { sayPrivately } from "../support/say_privately.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { TestClient } from "../support/test_client.ts";
import type { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Everything the server wrote, as one text of bytes. */
async function serverFiles(folder: string): Promise<string> {
  let all = "";
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile) continue;
    const bytes = await Deno.readFile(join(folder, name));
    all += new TextDecoder("latin1").decode(bytes);
  }
  return all;
}

/** How often a client told that a session reached this state. */
function count(client: TestClient, state: string): number {
  return client.events().filter((each) =>
    each.event === "session" && each.state === state
  ).length;
}

/** A client as people use it in a pipe. */
async function logInAsText(
  server: TestServer,
  user: string,
  ...args: string[]
): Promise<TestClient> {
  const password = passwordOf(user);
  const client = await TestClient.start(server, {
    user,
    password,
    args,
    json: false,
  });
  await client.process.waitFor("welcome", (line) => /^Welcome/.test(line));
  return client;
}

Deno.test("private session: opened, used both ways, ended; nothing of it at the server", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  const opened = await yoda.succeed("/startprivate luke");
  assertEquals([opened.user, opened.state, opened.session], [
    "luke",
    "open",
    1,
  ]);
  await luke.event("session", { user: "yoda", state: "open" });
  await sayPrivately(yoda, "luke", luke, 'the  quantum secret "ü👍" ; /end');
  await sayPrivately(luke, "yoda", yoda, "quantum answer");
  const { transfers, sessions } = await luke.succeed("/transfers");
  assertEquals([transfers, sessions], [[], [{
    session: 1,
    direction: "incoming",
    kind: "session",
    user: "yoda",
    state: "open",
  }]]);
  // Order is kept, whatever the speed.
  for (let i = 0; i < 200; i++) await yoda.send(`/private luke quantum ${i}`);
  await luke.event("private-message", { text: "quantum 199" });
  const texts = luke.events().filter((each) => each.event === "private-message")
    .map((each) => each.text).slice(1);
  assertEquals(texts, Array.from({ length: 200 }, (_, i) => `quantum ${i}`));
  await luke.succeed("/stopprivate yoda");
  const ended = await yoda.event("session", { state: "closed" });
  assertMatch(String(ended.message), /luke ended/);
  assertEquals(ended.unconfirmed, undefined);
  assertMatch(await yoda.refused("/private luke x"), /^no_session: .*luke/);
  assertMatch(await luke.refused("/private yoda x"), /^no_session: .*yoda/);

  // It can be opened again, and leia saw nothing of all that.
  await luke.succeed("/startprivate yoda");
  await sayPrivately(luke, "yoda", yoda, "quantum again");
  await yoda.succeed("/stopprivate luke");
  await luke.event("session", { state: "closed" });
  assert(!leia.process.out.some((line) => /quantum|session/.test(line)));
  await server.stop();
  for (const folder of [server.folder, server.path("data")]) {
    const written = await serverFiles(folder);
    assert(!written.includes("quantum"), "a private text is at the server");
  }
  for (const line of server.process.out.concat(server.process.err)) {
    assert(!line.includes("quantum"), line);
  }
});

Deno.test("private session: each refusal has its own message", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke", {
    args: ["--accept", "never"],
  });
  await using obiwan = await logIn(server, "obiwan");
  const cases: [string, RegExp][] = [
    ["/startprivate", /^usage: .*\/startprivate USER/],
    ["/startprivate luke leia", /^usage: /],
    ["/private", /^usage: .*\/private USER TEXT/],
    ["/private luke", /^usage: /],
    ["/stopprivate", /^usage: .*\/stopprivate USER/],
    ["/stopprivate luke x", /^usage: /],
    ["/startprivate vader", /^unknown_user: .*vader/],
    ["/startprivate leia", /^user_offline: .*leia/],
    ["/startprivate yoda", /^is_self: .*yourself/],
    ["/startprivate luke", /^rejected: .*does not want/],
    ["/private luke x", /^no_session: .*luke/],
    ["/private vader x", /^no_session: .*vader/],
    ["/stopprivate luke", /^no_session: .*luke/],
    ["/accept 9", /^unknown_transfer: /],
  ];
  for (const [line, pattern] of cases) {
    assertMatch(await yoda.refused(line), pattern, line);
  }
  await yoda.succeed("/startprivate obiwan");
  const open: [string, RegExp][] = [
    ["/startprivate obiwan", /^session_exists: .*obiwan is open already/],
    [`/private obiwan ${"x".repeat(4097)}`, /^text_too_long: .*4096/],
    ["/private obiwan \u0007", /^bad_text: /],
    ["/private obiwan  ", /^blank_text: /],
  ];
  for (const [line, pattern] of open) {
    assertMatch(await yoda.refused(line), pattern, line);
  }
  assertMatch(
    await obiwan.refused("/startprivate yoda"),
    /^session_exists: .*yoda is open already/,
  );
  await sayPrivately(yoda, "obiwan", obiwan, `${"👍".repeat(4096)}`);
  // Nobody but them was told anything.
  assertEquals(count(luke, "open"), 0);
});

Deno.test("private session: refused to somebody who is blocked, until that ends", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await luke.succeed("/block yoda");
  assertMatch(
    await yoda.refused("/startprivate luke"),
    /^not_delivered: .*luke could not be delivered$/,
  );
  assertMatch(await yoda.refused("/private luke x"), /^no_session: .*luke/);
  assertEquals((await yoda.succeed("/transfers")).sessions, []);
  await luke.succeed("/unblock yoda");
  await yoda.succeed("/startprivate luke");
  await sayPrivately(yoda, "luke", luke, "peace");
  assertEquals(count(luke, "open"), 1);
  // A new name is the same person.
  await yoda.succeed("/rename master");
  await luke.event("renamed", { from: "yoda", to: "master" });
  await sayPrivately(luke, "master", yoda, "hello master");
  await sayPrivately(yoda, "luke", luke, "hello luke");
  await luke.event("private-message", { from: "master", text: "hello luke" });
  await luke.succeed("/stopprivate master");
  await yoda.event("session", { state: "closed" });
});

Deno.test("private session: ends for both when one blocks the other", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/startprivate luke");
  await luke.succeed("/private yoda hello");
  await yoda.event("private-message", { text: "hello" });
  await luke.succeed("/block yoda");
  await yoda.event("session", { state: "closed" });
  await luke.event("session", { state: "closed" });
  assertMatch(await luke.refused("/private yoda more"), /^no_session: /);
});

Deno.test("private session: /accept, /reject and taking it back, under shared numbers", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke", { args: ["--accept", "ask"] });
  await yoda.send("/startprivate luke");
  await luke.event("session", { state: "offered", session: 1 });
  assertMatch(await luke.refused("/private yoda x"), /^session_not_open: /);
  assertMatch(
    await yoda.refused("/startprivate luke"),
    /^session_exists: .*being set up/,
  );
  assertEquals((await luke.succeed("/reject 1")).transfer, 1);
  const rejected = await yoda.event("result", { n: 1 });
  assertEquals([rejected.ok, rejected.code], [false, "rejected"]);

  await yoda.send("/startprivate luke");
  await luke.event("session", { state: "offered", session: 2 });
  await yoda.send("/stopprivate luke");
  const stopped = { command: "stopprivate", ok: true };
  await yoda.event("result", stopped);
  const withdrawn = await yoda.event("result", { n: 3 });
  assertEquals([withdrawn.ok, withdrawn.code], [false, "cancelled"]);
  await luke.event("session", { state: "cancelled", session: 2 });
  assertMatch(await luke.refused("/accept 2"), /^unknown_transfer: /);

  await Deno.writeTextFile(join(yoda.folder, "a.txt"), "a");
  await yoda.send("/p2pvideo luke a.txt");
  await luke.event("transfer", { state: "offered", transfer: 3 });
  await yoda.send("/startprivate luke");
  await luke.event("session", { state: "offered", session: 4 });
  await luke.succeed("/accept 4");
  await luke.succeed("/accept 3");
  assertMatch(await luke.refused("/accept 4"), /^not_waiting: /);
  await yoda.event("transfer", { state: "verified" });
  await sayPrivately(yoda, "luke", luke, "hello");
  await luke.succeed("/cancel 4");
  await yoda.event("session", { state: "closed", user: "luke" });

  // Asking somebody who asks is an answer.
  await yoda.send("/startprivate luke");
  await luke.event("session", { state: "offered", session: 5 });
  await luke.succeed("/startprivate yoda");
  await sayPrivately(luke, "yoda", yoda, "both");
  assertEquals([count(yoda, "open"), count(luke, "open")], [2, 2]);
});

Deno.test("private session: both ask at once, again and again; exactly one opens", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke", { args: ["--accept", "ask"] });
  const rounds = 15;
  for (let round = 1; round <= rounds; round++) {
    const [atYoda, atLuke] = await Promise.all([
      yoda.run("/startprivate luke"),
      luke.run("/startprivate yoda"),
    ]);
    // Where one was quicker, the other's is a second one.
    for (const result of [atYoda, atLuke]) {
      assert(result.ok || result.code === "session_exists", `${result.code}`);
    }
    assert(atYoda.ok || atLuke.ok);
    await yoda.event("session", { state: "open" });
    await sayPrivately(yoda, "luke", luke, `to luke ${round}`);
    await sayPrivately(luke, "yoda", yoda, `to yoda ${round}`);
    for (const client of [yoda, luke]) {
      const { sessions } = await client.succeed("/transfers");
      assertEquals((sessions as unknown[]).length, 1);
      assertEquals(count(client, "open"), round);
    }
    await yoda.succeed("/stopprivate luke");
    await waitUntil("the end", () => count(luke, "closed") === round);
  }
  assertEquals(count(yoda, "failed") + count(luke, "failed"), 0);
});

Deno.test("private session: logout, end of input, Ctrl-C and kill -9 are told at once", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const ways: [
    string,
    (client: TestClient) => Promise<unknown> | void,
    RegExp,
  ][] = [
    ["closed", (client) => client.send("/logout"), /luke left/],
    ["closed", (client) => client.finish(), /luke left/],
    ["closed", (client) => client.process.signal("SIGINT"), /luke left/],
    ["failed", (client) => client.process.signal("SIGKILL"), /luke was lost/],
  ];
  for (const [state, end, why] of ways) {
    await using luke = await logIn(server, "luke");
    await yoda.succeed("/startprivate luke");
    await sayPrivately(luke, "yoda", yoda, "here");
    const from = yoda.process.out.length;
    const start = performance.now();
    // The last text before the end still comes.
    const isKilled = state === "failed";
    if (!isKilled) await luke.succeed("/private yoda last words");
    await end(luke);
    const told = await yoda.event("session", { state }, { from });
    // What falls silent is lost after 30 s.
    assert(performance.now() - start < 20_000);
    assertMatch(String(told.message), why);
    if (!isKilled) {
      await yoda.event("private-message", { text: "last words" }, { from });
      const { code } = await luke.process.end();
      assert(code === 0 || code === 130, `${code}`);
    }
    assertMatch(await yoda.refused("/private luke x"), /^no_session: /);
  }
});

Deno.test("private session: several at a time, each with its own texts", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const names = ["luke", "leia", "obiwan"];
  const others = [];
  try {
    for (const name of names) others.push(await logIn(server, name));
    for (const name of names) await yoda.send(`/startprivate ${name}`);
    await waitUntil("three sessions", () => count(yoda, "open") === 3);
    const [luke, leia] = others as [TestClient, TestClient];
    await leia.succeed("/startprivate luke");
    for (const [i, name] of names.entries()) {
      await sayPrivately(yoda, name, others[i] as TestClient, `for ${name}`);
      await sayPrivately(others[i] as TestClient, "yoda", yoda, `from ${name}`);
    }
    await sayPrivately(leia, "luke", luke, "brother");
    await leia.succeed("/stopprivate yoda");
    await yoda.event("session", { state: "closed", user: "leia" });
    await sayPrivately(yoda, "luke", luke, "still there");
    await sayPrivately(luke, "leia", leia, "us too");
    const got = yoda.events().filter((each) => each.event === "private-message")
      .map(({ from, text }) => `${from}: ${text}`);
    assertEquals(got, names.map((name) => `${name}: from ${name}`));
  } finally {
    for (const client of others) await client[Symbol.asyncDispose]();
  }
});

Deno.test("private session: goes on without the server and after its return", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/startprivate luke");
  await server.stop("SIGKILL");
  await yoda.event("disconnected");
  await luke.event("disconnected");
  await sayPrivately(yoda, "luke", luke, "without a server");
  await sayPrivately(luke, "yoda", yoda, "me too");
  await server.restart();
  await yoda.event("welcome", { resumed: true });
  await luke.event("welcome", { resumed: true });
  await sayPrivately(yoda, "luke", luke, "with it again");
  await luke.succeed("/stopprivate yoda");
  await yoda.event("session", { state: "closed" });
  await yoda.succeed("/startprivate luke");
});

/** Its traffic keeps both logged in, silence does not. */
async function trafficKeepsLoggedIn(): Promise<void> {
  // Longer than a text takes where many use the machine.
  await using server = await startServer("--idle-timeout", "8");
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/startprivate luke");
  const end = performance.now() + 16_000;
  for (let i = 0; performance.now() < end; i++) {
    await sayPrivately(yoda, "luke", luke, `still here ${i}`);
    // Its rhythm, not a wait for something.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  for (const client of [yoda, luke]) {
    assert(!client.events().some((each) => each.event === "disconnected"));
  }
  await yoda.event("disconnected", { code: "idle" });
  await luke.event("disconnected", { code: "idle" });
}

Deno.test("private session: as people see it", async () => {
  await using server = await startServer();
  await using luke = await logInAsText(server, "luke", "--accept", "ask");
  await using yoda = await logInAsText(server, "yoda");
  const shows = async (client: TestClient, line: RegExp) => {
    await client.process.waitFor(`${line}`, (each) => line.test(each));
  };
  await yoda.send("/startprivate luke");
  await shows(yoda, /^1: asked luke for a private session$/);
  await shows(
    luke,
    /^yoda asks for a private session; \/accept 1 or \/reject 1$/,
  );
  await luke.send("/transfers");
  await shows(
    luke,
    /^1: private session with yoda, \/accept 1 or \/reject 1$/,
  );
  await luke.send("/accept 1");
  await shows(luke, /^1: private session with yoda is open; /);
  // A script's line waits for the session that the one before asked for.
  await yoda.send("/private luke do or do not");
  await shows(yoda, /^sent to luke only$/);
  await shows(
    luke,
    /^\d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2}, yoda \(private\): do or do not$/,
  );
  await luke.send("/stopprivate yoda");
  await shows(luke, /^1: private session with yoda has ended: you ended it$/);
  await shows(
    yoda,
    /^1: private session with luke has ended: luke ended it$/,
  );
});

testUnless(
  noTmux,
  "private session: a chat of its own, in the status row, kept nowhere",
  () =>
    withTempFolder(async (folder) => {
      await using server = await startServer();
      await using luke = await logIn(server, "luke");
      await using leia = await logIn(server, "leia");
      await using terminal = await TmuxTerminal.open({
        command: [
          ...clientCommand,
          ...["127.0.0.1", String(server.port), "--plain", "--user", "yoda"],
        ],
        cwd: folder,
        env: {
          PARLEY_PASSWORD: passwordOf("yoda"),
          XDG_CONFIG_HOME: folder,
          XDG_STATE_HOME: folder,
        },
      });
      const shows = (...parts: string[]) =>
        terminal.screen((text) => parts.every((part) => text.includes(part)));
      await shows("yoda>");
      await terminal.type("/chat =luke", "Enter");
      await shows("No private session with luke is open; /startprivate luke");
      await terminal.type("/startprivate luke", "Enter");
      await shows("-- private luke");
      await terminal.type(
        "/chat =LUKE",
        "Enter",
        "words for luke alone",
        "Enter",
      );
      await luke.event("private-message", { text: "words for luke alone" });
      await shows("yoda [=luke private] >", "-- chat =luke -- private luke");
      await terminal.type("/chat luke", "Enter");
      await shows("by way of the server;");
      await terminal.type("/chat =luke", "Enter");
      await shows("yoda [=luke private] >");
      await leia.send("/startprivate yoda");
      await shows("2 < private session with leia, /accept 2", "1 offered");
      await luke.succeed("/stopprivate yoda");
      await terminal.screen((text) => !text.includes("-- private luke"));
      // It goes no other way, though it begins like a command of old.
      await terminal.type("broadcast the rest", "Enter");
      await shows("There is no private session with luke");
      await terminal.type("unsent words", "C-c", "/logout", "Enter");
      // What has not ended may still write.
      await terminal.screen((text) => /Bye, yoda![^]*\$$/.test(text));
      const log = await Deno.readTextFile(server.path("data/messagelog.txt"))
        .catch(() => "");
      assert(!/alone|rest/.test(log), log);
      let kept = "";
      for (const { path } of walkSync(folder, { includeDirs: false })) {
        kept += await Deno.readTextFile(path);
      }
      assert(kept.includes("/startprivate luke"), kept);
      assert(!/alone|the rest|unsent/.test(kept), kept);
    }),
);

Deno.test("private session: a script of two lines", async () => {
  await using server = await startServer();
  await using luke = await logIn(server, "luke");
  await using yoda = await logIn(server, "yoda");
  await yoda.send("/startprivate luke");
  await yoda.send("/private luke from a script");
  assertEquals(await yoda.finish(), 0);
  await luke.event("private-message", { text: "from a script" });
  await luke.event("session", { state: "closed" });
});

/** No direct path is said, and nothing goes through the server instead. */
async function noDirectPath(): Promise<void> {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  // Somebody whose client accepts, but cannot be reached and does not call.
  const identity = new ProtocolIdentity();
  using luke = await ProtocolClient.login(server.port, {
    user: "luke",
    password: passwordOf("luke"),
    identity: identity.publicKey,
  });
  await yoda.send("/startprivate luke");
  const offer = await luke.event("offer");
  assertEquals(offer.kind, "session");
  const keyPair = new X25519KeyPair(new SeededRandom(1));
  const terms = {
    offer: offer.offer,
    kind: "session",
    from: "yoda",
    to: "luke",
    fromIdentity: offer.identity,
    toIdentity: identity.publicKey,
    key: offer.key,
  } as const;
  await luke.request("answer", {
    offer: offer.offer,
    accept: true,
    key: keyPair.publicKey,
    addresses: [{ ip: "127.0.0.1", port: 1 }],
    signature: identity.signAnswer(terms, keyPair.publicKey),
  });
  await yoda.event("session", { state: "connecting" });
  const failed = await yoda.event("session", { state: "failed" });
  assertMatch(
    String(failed.message),
    /No direct connection to luke .* nothing was sent/,
  );
  assertEquals((await yoda.event("result", { n: 1 })).ok, false);
  assertEquals((await luke.event("offer-end")).result, "failed");
  assertMatch(await yoda.refused("/private luke x"), /^no_session: /);
}

/** A side that falls silent is lost within 30 s, with what did not arrive. */
async function silentSide(): Promise<void> {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/startprivate luke");
  await sayPrivately(yoda, "luke", luke, "heard");
  luke.process.signal("SIGSTOP");
  await yoda.succeed("/private luke not heard");
  const lost = await yoda.event("session", { state: "failed" });
  assertMatch(String(lost.message), /Nothing was heard from luke/);
  assertEquals(lost.unconfirmed, 1);
  luke.process.signal("SIGCONT");
}

Deno.test("private session: idle time-out, no direct path and a silent side, which take long", async () => {
  await Promise.all([trafficKeepsLoggedIn(), noDirectPath(), silentSide()]);
});
