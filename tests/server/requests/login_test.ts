import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { CoreHarness } from "../../support/core_harness.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { accountsOf } from "../../support/core_accounts.ts";

Deno.test("hello: restarts are a feature of a server with several nodes, which learns who knows them", () => {
  for (const restarts of [false, true]) {
    const harness = new CoreHarness({ options: { restarts } });
    const { features } = harness.connect().ask("hello", {
      version: 1,
      features: ["restart", "resume"],
    });
    assertEquals(features.includes("restart"), restarts);
  }
});

Deno.test("limit toldHosts: a login and a resumption tell where the server is, too", () => {
  let hosts: string[] = [];
  const harness = new CoreHarness({ options: { hosts: () => hosts } });
  const one = harness.connect();
  assertEquals(one.login("yoda").hosts, undefined);
  hosts = Array.from({ length: 20 }, (_, at) => `node${at}:6000`);
  const other = harness.connect().login("luke");
  assertEquals(other.hosts, hosts.slice(0, limits.toldHosts));

  // Who was there before hears of one that comes.
  hosts = ["a:6000"];
  harness.core.handleHosts(harness.now);
  harness.drive();
  assertEquals(one.eventsOf("hosts"), [{ hosts }]);
  hosts = [];
  harness.core.handleHosts(harness.now);
  harness.drive();
  assertEquals(one.eventsOf("hosts").length, 1);
});

Deno.test("hello agrees on version and features, once", () => {
  const client = new CoreHarness().connect();
  const features = ["resume", "telepathy"];
  const ok = client.ask("hello", { version: 9, features });
  assertEquals(ok.version, 1);
  assertEquals(ok.features, ["resume"]);
  assertEquals(ok.udpPort, 6000);
  assertEquals(
    client.refused("hello", { version: 1, features: [] }),
    "bad_request: hello was sent already",
  );
});

Deno.test("requests before hello and before login are refused", () => {
  const client = new CoreHarness().connect();
  assert(client.refused("who", {}).startsWith("hello_first"));
  assert(
    client.refused("login", { scram: "x", udpPort: 0 }).startsWith("hello"),
  );
  client.hello();
  assert(client.refused("who", {}).startsWith("login_first"));
  assertEquals(client.ask("ping", {}), {});
});

Deno.test("login lets a user in and shows it to others and in userlog.txt", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const obiwan = harness.login("obiwan", "192.0.2.7");
  const account = harness.accountOf("obiwan");
  assertEquals(yoda.eventsOf("presence"), [
    { user: "obiwan", online: true, at: harness.now.wall, account },
  ]);
  assertEquals(obiwan.eventsOf("presence"), []);
  assertEquals(
    harness.userLog.map(({ user, ip, udpPort }) => [user, ip, udpPort]),
    [["yoda", "192.0.2.1", 7001], ["obiwan", "192.0.2.7", 7002]],
  );
  obiwan.ask("logout", {});
  assert(obiwan.closed);
  assertEquals(yoda.eventsOf("presence").at(-1)?.online, false);
  assertEquals(harness.userLog.map(({ user }) => user), ["yoda"]);
});

Deno.test("login refuses a wrong password, and locks the name across connections", () => {
  const harness = new CoreHarness();
  const first = harness.connect();
  for (let i = 0; i < 2; i++) {
    const reply = first.replyTo(first.sendLogin("yoda", "wrong"));
    assertEquals(reply && "code" in reply && reply.code, "login_failed");
  }
  const second = harness.connect("192.0.2.2");
  const reply = second.replyTo(second.sendLogin("yoda", "wrong"));
  assertEquals(reply && "code" in reply && reply.code, "login_failed_blocked");
  assert(second.closed);
  const third = harness.connect();
  third.hello();
  assert(
    third.refused("login", {
      scram: "n,,n=yoda,r=0123456789abcdef",
      udpPort: 0,
    })
      .startsWith("account_blocked"),
  );
  const unlock = { number: 1, what: "unlock", subject: "yoda" } as const;
  harness.core.handleRequests([unlock], harness.now);
  third.login("yoda");
});

Deno.test("login refuses a name that is online, and a second login", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const other = harness.connect();
  const reply = other.replyTo(other.sendLogin("yoda"));
  assertEquals(reply && "code" in reply && reply.code, "already_online");
  assert(
    yoda.refused("login", { scram: "n,,n=a,r=b", udpPort: 0 })
      .startsWith("already_logged_in"),
  );
  yoda.disconnect();
  other.login("yoda");
});

Deno.test("login of two at once: one wins", () => {
  const harness = new CoreHarness();
  harness.commits = "held";
  const clients = [harness.connect(), harness.connect()];
  const ids = clients.map((client) => client.sendLogin("yoda"));
  harness.release();
  const results = clients.map((client, index) => {
    const reply = client.replyTo(ids[index] ?? 0);
    return reply === undefined || "ok" in reply ? "ok" : reply.code;
  });
  assertEquals(results, ["ok", "already_online"]);
});

Deno.test("login that cannot be stored leaves nothing behind", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.commits = "failing";
  const luke = harness.connect();
  const reply = luke.replyTo(luke.sendLogin("luke"));
  assertEquals(reply && "code" in reply && reply.code, "storage_failed");
  assertEquals(yoda.eventsOf("presence"), []);
  harness.commits = "done";
  luke.login("luke");
  assertEquals(yoda.eventsOf("presence").length, 1);
});

Deno.test("proof without login is refused", () => {
  const client = new CoreHarness().connect();
  client.hello();
  assert(client.refused("proof", { scram: "x" }).startsWith("bad_request"));
});

Deno.test("login has to be over 10 s after the connection was made", () => {
  const harness = new CoreHarness();
  const slow = harness.connect();
  slow.hello();
  harness.advance(9_000);
  slow.ask("ping", {});
  assert(!slow.closed);
  harness.advance(1_100);
  assertEquals(slow.bye, "login_timeout");
  assert(slow.closed);
});

Deno.test("connections that are not logged in are few per address", () => {
  const harness = new CoreHarness({
    users: ["yoda", ...Array.from({ length: 20 }, (_, i) => `user${i}`)],
  });
  const waiting = Array.from({ length: 16 }, () => harness.connect());
  const refused = harness.connect();
  assertEquals(refused.bye, "too_many_connections");
  assert(refused.closed);
  assert(!harness.connect("192.0.2.9").closed);
  waiting[0]?.disconnect();
  const next = harness.connect();
  assert(!next.closed);
  next.login("yoda");
  assert(!harness.connect().closed, "who is logged in does not count");
});

Deno.test("resume continues a lost session, with a new token each time", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const first = harness.login("yoda");
  first.disconnect();
  assertEquals(luke.eventsOf("presence").map((each) => each.online), [
    true,
    false,
  ]);
  const second = harness.connect();
  const ok = second.resume(first.token);
  assertEquals(ok.user, "yoda");
  assertNotEquals(ok.token, first.token);
  assertEquals(luke.eventsOf("presence").at(-1)?.online, true);
  second.ask("who", {});
  second.disconnect();
  const third = harness.connect();
  third.hello();
  assert(
    third.refused("resume", { token: first.token, udpPort: 0 })
      .startsWith("token_invalid"),
  );
  assertEquals(
    third.ask("resume", { token: ok.token, udpPort: 0 }).user,
    "yoda",
  );
});

Deno.test("resume again when the reply was lost", () => {
  const harness = new CoreHarness();
  const first = harness.login("yoda");
  first.disconnect();
  const second = harness.connect();
  second.reads = false;
  second.sendText('{"id":1,"do":"hello","version":1,"features":[]}\n');
  second.sendText(
    `{"id":2,"do":"resume","token":"${first.token}","udpPort":0}\n`,
  );
  const third = harness.connect();
  third.resume(first.token);
  assert(second.closed, "the session moved");
  const after = harness.restarted();
  after.connect().resume(first.token);
  assertEquals(after.userLog.map(({ user }) => user), ["yoda"]);
});

Deno.test("resume takes a session over that still looks alive, unseen by others", () => {
  const harness = new CoreHarness();
  const luke = harness.login("luke");
  const old = harness.login("yoda");
  luke.events.length = 0;
  const now = harness.connect("192.0.2.99");
  now.resume(old.token);
  assertEquals(old.bye, "session_moved");
  assert(old.closed);
  assertEquals(luke.eventsOf("presence"), []);
  assertEquals(harness.userLog.at(-1)?.ip, "192.0.2.99");
  luke.ask("message", { to: ["yoda"], text: "there?", mid: "m" });
  assertEquals(now.texts, ["luke: there?"]);
});

Deno.test("resume is over 10 minutes after the loss, after logout and with another password", () => {
  const harness = new CoreHarness();
  const refused = (token: string) => {
    const client = harness.connect();
    client.hello();
    const reply = client.replyTo(client.send("resume", { token, udpPort: 0 }));
    client.disconnect();
    return reply !== undefined && "code" in reply ? reply.code : "ok";
  };
  const yoda = harness.login("yoda");
  harness.advance(3_600_000);
  yoda.disconnect();
  harness.advance(599_000);
  const later = harness.connect();
  later.resume(yoda.token);
  later.ask("who", {});
  later.disconnect();
  harness.advance(601_000);
  assertEquals(refused(later.token), "token_invalid");

  const luke = harness.login("luke");
  luke.ask("logout", {});
  assertEquals(refused(luke.token), "token_invalid");

  const leia = harness.login("leia");
  leia.disconnect();
  const names = ["yoda", "luke"];
  harness.core.handleAccounts(
    new Map([...accountsOf(names), ...accountsOf(["leia"], "!")]),
    harness.now,
  );
  harness.drive();
  assertEquals(refused(leia.token), "token_invalid");
});

Deno.test("resume works after a crash, also of a session that lived for hours", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.advance(7_200_000);
  assert(!yoda.closed);
  const after = harness.restarted();
  after.advance(590_000);
  after.connect().resume(yoda.token);
});

Deno.test("an account that is removed is logged out and unknown", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  harness.core.handleAccounts(accountsOf(["luke", "new"]), harness.now);
  harness.drive();
  assertEquals(yoda.bye, "account_removed");
  assert(yoda.closed);
  assertEquals(
    luke.refused("message", { to: ["yoda"], text: "x", mid: "1" }),
    "unknown_user: There is no user yoda",
  );
  harness.login("new");
});

Deno.test("login: failures and locks outlive a server that dies right after its answer", () => {
  const harness = new CoreHarness();
  const fail = (server: CoreHarness, name: string) => {
    const client = server.connect();
    const reply = client.replyTo(client.sendLogin(name, "wrong"));
    return reply && "code" in reply && `${reply.code}: ${reply.message}`;
  };
  for (const name of ["yoda", "nobody"]) {
    assertStringIncludes(fail(harness, name) || "", "(2 attempts left)");
    assertStringIncludes(
      fail(harness.restarted(), name) || "",
      "(1 attempt left)",
    );
    const locked = harness.restarted();
    assertStringIncludes(fail(locked, name) || "", "login_failed_blocked");
    const after = locked.restarted();
    const scram = `n,,n=${name},r=0123456789abcdef`;
    const client = after.connect();
    client.hello();
    assertStringIncludes(
      client.refused("login", { scram, udpPort: 0 }),
      "account_blocked: Your account is blocked due to multiple login " +
        "failures. Please try again later (in 10 s)",
    );
  }
  // A success, and an unlock, are remembered too.
  const store = harness.store.failures;
  assertEquals([...store.keys()], ["yoda", "nobody"]);
  const last = harness.restarted();
  last.core.handleRequests([
    { number: 1, what: "unlock", subject: "yoda" },
    { number: 2, what: "unlock", subject: "nobody" },
  ], last.now);
  last.login("yoda");
  assertEquals([...store.keys()], []);
});

Deno.test("login: no answer tells of a failure that is not stored", () => {
  const harness = new CoreHarness();
  harness.commits = "held";
  const client = harness.connect();
  const id = client.sendLogin("yoda", "wrong");
  assertEquals(client.replyTo(id), undefined);
  // Nor is another try taken before.
  assertStringIncludes(
    client.refused("login", {
      scram: "n,,n=yoda,r=0123456789abcdef",
      udpPort: 0,
    }),
    "already_logged_in",
  );
  harness.release();
  const reply = client.replyTo(id);
  assertEquals(reply && "code" in reply && reply.code, "login_failed");
  client.login("yoda");
});
