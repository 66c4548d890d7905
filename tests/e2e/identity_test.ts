/** Who users are to each other, whatever the server says. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  logIn,
  loseKey,
  passwordOf,
  type ServerPlace,
  startServer,
} from "../support/jedi.ts";
import { LyingServer } from "../support/lying_server.ts";
import { type Frame, ProtocolClient } from "../support/protocol_client.ts";
import { ProtocolIdentity } from "../support/protocol_identity.ts";
import { TestClient, type TestClientOptions } from "../support/test_client.ts";
import { waitUntil } from "../support/wait_until.ts";

/** A client that is logged in through whoever passes for the server. */
function logInThrough(
  server: LyingServer,
  user: string,
  options: TestClientOptions = {},
): Promise<TestClient> {
  return TestClient.login(server, user, passwordOf(user), options);
}

/** The server at the address that it has now: who is known is known there. */
function onePlace({ port, plain }: ServerPlace): ServerPlace {
  return { port, plain };
}

/** A small file in the client's folder. */
async function makeFile(client: TestClient): Promise<void> {
  await Deno.writeTextFile(join(client.folder, "a.txt"), "the plans");
}

/** Names of what a client received, complete or not. */
async function received(client: TestClient): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(client.folder)) {
    if (!name.startsWith(".") && name !== "a.txt") names.push(name);
  }
  return names.sort();
}

Deno.test("identity: first contact is told, both see one safety number, and it can be verified", async () => {
  await using server = await startServer();
  const yodas = onePlace(server);
  await using yoda = await logIn(yodas, "yoda");
  await using luke = await logIn(server, "luke");
  await makeFile(yoda);
  await yoda.succeed("/p2pvideo luke a.txt");
  const first = await yoda.event("peer-key", { user: "luke" });
  await luke.event("peer-key", { user: "yoda" });
  assertMatch(
    String(first.message),
    /^First contact with luke: .*\/verify luke/,
  );
  const [one, other] = [
    await yoda.succeed("/verify luke"),
    await luke.succeed("/verify yoda"),
  ];
  assertEquals(one.safetyNumber, other.safetyNumber);
  assertMatch(String(one.safetyNumber), /^\d{5}( \d{5}){7}$/);
  assertEquals([one.trust, other.trust], ["unverified", "unverified"]);
  assertEquals((await yoda.succeed("/verify luke ok")).trust, "verified");
  assertEquals((await yoda.succeed("/verify luke")).trust, "verified");
  const refusals: [string, RegExp][] = [
    ["/verify", /^usage: .*\/verify USER \[ok\|accept\]/],
    ["/verify luke maybe", /^usage: /],
    ["/verify yoda", /^is_self: /],
    ["/verify vader", /^unknown_user: .*vader/],
    ["/verify leia", /^user_offline: .*leia/],
    ["/verify luke accept", /^key_unchanged: .*luke/],
  ];
  for (const [line, pattern] of refusals) {
    assertMatch(await yoda.refused(line), pattern, line);
  }
  // What was verified is known to the next run; the key of who is away, too.
  await luke.finish();
  const config = join(yoda.folder, ".config");
  await yoda.finish();
  await using again = await logIn(yodas, "yoda", { config });
  const later = await again.succeed("/verify luke");
  assertEquals([later.trust, later.safetyNumber], [
    "verified",
    one.safetyNumber,
  ]);
  const files = ["identity.pem", "known_peers"].map(async (name) => {
    const { mode } = await Deno.stat(join(config, "parley", name));
    return (mode ?? 0o600) & 0o777;
  });
  assertEquals(await Promise.all(files), [0o600, 0o600]);
});

Deno.test("identity: another machine is a loud warning and is refused both ways until accepted", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const luke = await logIn(server, "luke");
  const lukeConfig = join(luke.folder, ".config");
  await using _luke = luke;
  await makeFile(yoda);
  await yoda.succeed("/p2pvideo luke a.txt");
  await luke.finish();

  // Without the user's key it can chat, and no more.
  await using other = await logIn(server, "luke", { identity: "new" });
  const lacking = await other.event("warning");
  assertMatch(String(lacking.message), /^This device does not have your key/);
  await makeFile(other);
  for (const line of ["/p2pvideo yoda a.txt", "/startprivate yoda"]) {
    assertMatch(await other.refused(line), /^no_key: This device .*\/link new/);
  }
  assertMatch(await yoda.refused("/p2pvideo luke a.txt"), /^no_key: /);
  await other.succeed("/msgto yoda hello");
  await other.succeed("/link new");
  const warning = await yoda.event("key-changed", { user: "luke" });
  assertMatch(String(warning.message), /^WARNING: the key of luke has changed/);
  assertMatch(await yoda.refused("/p2pvideo luke a.txt"), /^key_changed: /);
  assertMatch(await yoda.refused("/startprivate luke"), /^key_changed: /);
  assertMatch(
    await other.refused("/p2pvideo yoda a.txt"),
    /^rejected: .*does not trust your key/,
  );
  assertMatch(
    await other.refused("/startprivate yoda"),
    /^rejected: .*does not trust your key/,
  );
  for (const kind of ["file", "session"]) {
    const code = "key_changed";
    await yoda.event("offer-refused", { user: "luke", kind, code });
  }
  assertEquals(await received(yoda), []);
  // A plain message goes, with another warning.
  const from = yoda.process.out.length;
  await yoda.succeed("/msgto luke is it you?");
  await other.event("message", { text: "is it you?" });
  await yoda.event("key-changed", { user: "luke" }, { from });

  const shown = await yoda.succeed("/verify luke");
  assertEquals(shown.trust, "changed");
  assertEquals(
    shown.safetyNumber,
    (await other.succeed("/verify yoda")).safetyNumber,
  );
  assertMatch(await yoda.refused("/verify luke ok"), /^key_changed: /);
  assertEquals((await yoda.succeed("/verify luke accept")).trust, "unverified");
  await yoda.succeed("/p2pvideo luke a.txt");
  assertEquals(await received(other), ["yoda_a.txt"]);
  await yoda.succeed("/startprivate luke");

  // The key can be carried along instead.
  await other.finish();
  await loseKey(server, "luke");
  const identity = join(lukeConfig, "parley", "identity.pem");
  const last = yoda.process.out.length;
  await using copied = await logIn(server, "luke", {
    identity: "new",
    args: ["--identity", identity],
  });
  await yoda.event("key-changed", { user: "luke" }, { from: last });
  await yoda.succeed("/verify luke accept");
  assertEquals(
    (await copied.succeed("/verify yoda")).safetyNumber,
    (await yoda.event("peer-key", { user: "luke" })).safetyNumber,
  );
});

Deno.test("identity: a new name is the same person, also when nobody was there to see it", async () => {
  await using server = await startServer();
  const yodas = onePlace(server);
  await using yoda = await logIn(yodas, "yoda");
  await using luke = await logIn(server, "luke");
  const config = join(yoda.folder, ".config");
  await makeFile(yoda);
  await yoda.succeed("/p2pvideo luke a.txt");
  await yoda.succeed("/verify luke ok");
  await yoda.finish();
  await luke.succeed("/rename ben");
  await using again = await logIn(yodas, "yoda", { config });
  const found = await again.succeed("/verify ben");
  assertEquals([found.trust, found.formerly], ["verified", "luke"]);
  // While everybody is there.
  await luke.succeed("/rename kenobi");
  await again.event("renamed", { to: "kenobi" });
  await makeFile(again);
  await again.succeed("/p2pvideo kenobi a.txt");
  const first = again.events().filter((each) => each.event === "peer-key");
  assertEquals(first, []);
});

Deno.test("identity: a server that swaps keys gets neither file nor session", async () => {
  await using server = await startServer();
  await using liar = new LyingServer(server);
  await using yoda = await logInThrough(liar, "yoda");
  await using luke = await logInThrough(liar, "luke");
  await makeFile(yoda);
  await makeFile(luke);
  const key = `${"B".repeat(42)}A`;

  // The key of the exchange, in the offer or in the answer.
  for (const ev of ["offer", "answer"]) {
    liar.edit = (frame) => frame.ev === ev ? { ...frame, key } : frame;
    const code = ev === "offer" ? "rejected" : "bad_signature";
    for (const line of ["/p2pvideo luke a.txt", "/startprivate luke"]) {
      assert((await yoda.refused(line)).startsWith(`${code}: `), line);
    }
  }
  for (const kind of ["file", "session"]) {
    await luke.event("offer-refused", { kind, code: "bad_signature" });
  }
  await luke.event("session", { state: "failed" });
  await luke.event("transfer", { state: "failed" });

  // An old answer again.
  let old: Frame = {};
  liar.edit = (frame) => {
    if (frame.ev === "answer") old = frame;
    return frame;
  };
  await yoda.succeed("/p2pvideo luke a.txt");
  liar.edit = (frame) =>
    frame.ev === "answer" ? { ...old, offer: frame.offer } : frame;
  assertMatch(await yoda.refused("/p2pvideo luke a.txt"), /^bad_signature: /);

  // Its own identity in place of theirs, with good signatures.
  const mallory = new ProtocolIdentity();
  liar.edit = (frame) => forge(frame, mallory, key);
  assertMatch(await yoda.refused("/p2pvideo luke a.txt"), /^key_changed: /);
  assertMatch(await luke.refused("/startprivate yoda"), /^key_changed: /);
  assertEquals((await yoda.succeed("/verify luke")).trust, "changed");
  // The one who asks does not know the other: only the other can tell.
  await using leia = await logInThrough(liar, "leia");
  await makeFile(leia);
  liar.edit = (frame) => frame;
  await leia.succeed("/p2pvideo yoda a.txt");
  liar.edit = (frame) => frame.ev ? forge(frame, mallory, key) : frame;
  assertMatch(await leia.refused("/p2pvideo yoda a.txt"), /^rejected: /);
  const code = "key_changed";
  await yoda.event("offer-refused", { user: "leia", code });
  // What was begun to be received is taken away again.
  for (const [client, from] of [[yoda, "leia"], [luke, "yoda"]] as const) {
    const expected = `${from}_a.txt`;
    await waitUntil(
      `nothing but ${expected}`,
      async () => (await received(client)).join() === expected,
    );
  }
});

/** The frame with the liar's keys and signatures in place of the others'. */
function forge(frame: Frame, mallory: ProtocolIdentity, key: string): Frame {
  if (frame.ok?.identity !== undefined) {
    return { ...frame, ok: { ...frame.ok, identity: mallory.publicKey } };
  }
  if (frame.ev !== "offer") return frame;
  const to = frame.from === "leia" ? "yoda" : "luke";
  const terms = {
    offer: frame.offer,
    kind: frame.kind,
    from: frame.from,
    to,
    fromIdentity: mallory.publicKey,
    toIdentity: mallory.publicKey,
    key,
    file: frame.file,
  };
  const signature = mallory.signOffer(terms);
  return { ...frame, key, identity: mallory.publicKey, signature };
}

Deno.test("identity: nothing is exchanged with a client that has no key", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const password = passwordOf("luke");
  using luke = await ProtocolClient.login(server.port, {
    user: "luke",
    password,
  });
  await makeFile(yoda);
  assertMatch(await yoda.refused("/p2pvideo luke a.txt"), /^no_identity: /);
  assertMatch(await yoda.refused("/startprivate luke"), /^no_identity: /);
  assertMatch(await yoda.refused("/verify luke"), /^no_identity: /);
  await luke.request("offer", {
    offer: "00ff00ff00ff00ff",
    to: "yoda",
    kind: "file",
    key: "A".repeat(43),
    addresses: [],
    file: { name: "a.txt", size: 1 },
  });
  const answer = await luke.event("answer");
  assertEquals([answer.accept, answer.reason], [false, "untrusted"]);
  await yoda.event("offer-refused", { user: "luke", code: "no_identity" });
  await yoda.succeed("/msgto luke hello");
  await luke.event("message", { text: "hello" });
});

Deno.test("identity: a damaged key file stops the client and stays as it is", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const config = join(yoda.folder, ".config");
  const path = join(config, "parley", "identity.pem");
  await yoda.finish();
  await Deno.writeTextFile(path, "-----BEGIN PRIVATE KEY-----\nMC4\n");
  const start = async (args: string[]) => {
    await using client = await TestClient.start(server, {
      user: "yoda",
      password: passwordOf("yoda"),
      config,
      args,
    });
    const { code } = await client.process.end();
    await waitUntil("the reason", () => client.process.err.length > 0);
    return [code, client.process.err.join("\n")] as const;
  };
  const [code, reason] = await start([]);
  assertEquals(code, 1);
  assertMatch(reason, /^"[^\n]*identity\.pem" holds no Ed25519 key; [^\n]*$/);
  assertMatch(await Deno.readTextFile(path), /MC4/);
  const [missing, why] = await start(["--identity", "nowhere.pem"]);
  assertEquals(missing, 1);
  assertMatch(why, /^cannot read --identity "nowhere\.pem": [^\n]*$/);
});
