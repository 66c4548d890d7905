import { assert, assertEquals } from "@std/assert";
import { loggedIn, openedSession, scramServer } from "../logged_in.ts";
import { SessionHarness } from "../session_harness.ts";

Deno.test("ClientSession: a wrong password asks again, the right one opens the session", () => {
  const harness = new SessionHarness();
  harness.session.start(harness.now);
  harness.connect();
  harness.session.handleCredentials("yoda", "wrong", harness.now);
  harness.drain();
  scramServer(harness);
  assertEquals(harness.count("login-failed"), 1);
  assertEquals(
    harness.effects.filter((each) => each.effect === "ask-credentials").length,
    2,
  );
  harness.credentials();
  scramServer(harness);
  assertEquals(harness.count("welcome"), 1);
});

Deno.test("ClientSession: a locked account ends the program", () => {
  const harness = new SessionHarness();
  harness.session.start(harness.now);
  harness.connect();
  harness.credentials();
  harness.refuse("login", "account_blocked");
  assertEquals(harness.lastEffect("end").reason, "login-refused");
  assert(harness.session.ended);
});

Deno.test("ClientSession: an unreachable server ends it before the first login only", () => {
  const harness = new SessionHarness();
  harness.session.start(harness.now);
  harness.lose("refused");
  assertEquals(harness.lastEffect("end").reason, "unreachable");
});

Deno.test("ClientSession: warns who is about to be logged out for inactivity", () => {
  const harness = loggedIn();
  harness.server({ ev: "idle", wait: 59_960 });
  assertEquals(harness.events.at(-1), {
    event: "warning",
    message:
      "nothing was sent for long; in 60 s you are logged out, unless you send something",
  });
});

Deno.test("ClientSession: tells when the connection is tried again, and tries it at once when asked", () => {
  const harness = loggedIn();
  const connects = () =>
    harness.effects.filter((each) => each.effect === "connect").length;
  const reconnect = () => {
    harness.session.handleReconnect(harness.now);
    harness.drain();
  };
  reconnect();
  assertEquals(connects(), 1);
  assertEquals(harness.view.me.retryAt, undefined);
  for (let attempt = 1; attempt < 6; attempt++) {
    harness.lose();
    const { retryAt = 0, connection } = harness.view.me;
    assertEquals(connection, "lost");
    const wait = retryAt - harness.now.wall;
    assert(wait > 200 * attempt && wait <= 15_000, `${wait}`);
    reconnect();
    assertEquals(connects(), 1 + attempt);
    assertEquals(harness.view.me.retryAt, undefined);
    // One that is being made is not made again.
    reconnect();
    assertEquals(connects(), 1 + attempt);
  }
  harness.lose();
  const { retryAt = 0 } = harness.view.me;
  const left = retryAt - harness.now.wall;
  assertEquals(harness.toTimeout(), left);
  assertEquals(connects(), 7);
});

Deno.test("ClientSession: a connection lost while the user types the password is made again", () => {
  const harness = new SessionHarness();
  harness.session.start(harness.now);
  harness.connect();
  harness.lose();
  assertEquals(harness.events, []);
  harness.credentials();
  assertEquals(
    harness.effects.filter((each) => each.effect === "connect").length,
    2,
  );
  harness.connect();
  scramServer(harness);
  assertEquals(harness.count("welcome"), 1);
});

Deno.test("ClientSession: when the time for a login runs out just after the user has answered, it is made once more", () => {
  const timeout = "The login took too long";
  const bye = { ev: "bye", code: "login_timeout", message: timeout };
  const harness = new SessionHarness();
  const countOf = (name: string) =>
    harness.effects.filter(({ effect }) => effect === name).length;
  harness.session.start(harness.now);
  harness.connect();
  harness.pass(9900);
  harness.credentials();
  const challenge = () => {
    const login = harness.take("login");
    const nonce = String(login.scram).split("r=")[1] + "serverserverserver";
    const scram = `r=${nonce},s=c2FsdHNhbHRzYWx0c2FsdA==,i=4096`;
    harness.server({ re: login.id, ok: { scram } });
  };
  challenge();
  harness.server(bye);
  harness.lose();
  assertEquals([harness.events, countOf("connect")], [[], 2]);
  harness.connect();
  challenge();
  // The key that was being made serves the second login, and once.
  assertEquals(countOf("derive"), 1);
  harness.session.handleDerived(new Uint8Array(32), harness.now);
  harness.drain();
  assertEquals(harness.sent.filter((each) => each.do === "proof").length, 1);
  harness.server(bye);
  harness.lose();
  assertEquals(harness.count("disconnected"), 1);
  assertEquals(harness.lastEffect("end").reason, "unreachable");
});

Deno.test("ClientSession: unconfirmed messages go again after a resume, with the same ids, in order", () => {
  const harness = loggedIn();
  harness.line("/msgto luke one");
  harness.line("/msgto luke two");
  const mids = harness.sent.map((each) => each.mid);
  assertEquals(new Set(mids).size, 2);
  harness.sent = [];
  harness.lose();
  harness.line("/msgto luke three");
  const delays = [];
  for (let i = 0; i < 8; i++) {
    delays.push(harness.toTimeout());
    harness.lose();
  }
  assert((delays[0] ?? 0) <= 700 && (delays[0] ?? 0) >= 250);
  assert(delays.every((delay) => delay <= 15_000) && (delays[7] ?? 0) > 10_000);
  assertEquals(harness.count("disconnected"), 1);
  harness.toTimeout();
  harness.connect();
  assertEquals(harness.answer("resume", openedSession("t2")).token, "t1");
  assertEquals(harness.sent.map((each) => each.text), ["one", "two", "three"]);
  assertEquals(harness.sent.slice(0, 2).map((each) => each.mid), mids);
  for (let i = 0; i < 3; i++) {
    harness.answer("message", {
      at: 1,
      sent: [{ to: "luke", number: i + 1, kept: false }],
    });
  }
  assertEquals(harness.results().map((each) => each.outcome.ok), [
    true,
    true,
    true,
  ]);
});

Deno.test("ClientSession: at a restart the connection stays, and what had no answer goes again", () => {
  const harness = loggedIn();
  harness.line("/msgto luke one");
  const [one] = harness.sent;
  harness.sent = [];
  harness.effects.length = 0;
  const shown = harness.events.length;
  harness.server({ ev: "restart", number: 7 });
  harness.line("/msgto luke two");
  assertEquals(harness.sent.map((each) => each.do), ["hello"]);
  // Again, before it was answered: this one is answered instead.
  harness.server({ ev: "restart", number: 8 });
  assertEquals(harness.sent.map((each) => each.restart), [7, 8]);
  harness.sent.shift();
  harness.answer("hello", {
    ...{ version: 1, features: [], agent: "t" },
    ...{ udpPort: 0, time: 1, store: "s" },
  });
  assertEquals(harness.answer("resume", openedSession("t2")).token, "t1");
  assertEquals(harness.sent.map((each) => each.text), ["one", "two"]);
  assertEquals(harness.sent[0]?.mid, one?.mid);
  // To the user there was nothing.
  assertEquals(harness.events.slice(shown).map((each) => each.event), []);
  assertEquals(
    harness.effects.filter(({ effect }) =>
      effect === "connect" || effect === "disconnect"
    ),
    [],
  );
  harness.lose();
  assertEquals(harness.count("disconnected"), 1);
});

Deno.test("ClientSession: another place of the server is known from then on", () => {
  const harness = loggedIn();
  const shown = harness.events.length;
  harness.server({ ev: "hosts", hosts: ["a.example.org:6001"] });
  assertEquals(harness.effects.at(-1), {
    effect: "places",
    hosts: ["a.example.org:6001"],
  });
  assertEquals(harness.events.length, shown);
});

Deno.test("ClientSession: a restart where nobody is logged in ends the connection", () => {
  const harness = new SessionHarness();
  harness.session.start(harness.now);
  harness.connect();
  harness.server({ ev: "restart", number: 1 });
  assertEquals(harness.lastEffect("disconnect").effect, "disconnect");
  assertEquals(harness.sent.filter(({ do: name }) => name === "hello"), []);
});

Deno.test("ClientSession: a refused token leads to a login without asking", () => {
  const harness = loggedIn();
  harness.server({
    ev: "bye",
    code: "shutting_down",
    message: "The server is shutting down",
  });
  harness.lose();
  harness.toTimeout();
  harness.connect();
  harness.refuse("resume", "token_invalid");
  scramServer(harness, "t9");
  assertEquals(harness.count("welcome"), 2);
  const asked = harness.effects.filter((each) =>
    each.effect === "ask-credentials"
  );
  assertEquals(asked.length, 1);
});

Deno.test("ClientSession: a message is shown once and acknowledged within 50 ms", () => {
  const harness = loggedIn();
  const message = {
    ev: "message",
    kind: "private",
    number: 1,
    at: 1,
    from: "luke",
    text: "hi",
  };
  for (const id of [1, 2, 2, 1, 3]) harness.server({ ...message, id });
  assertEquals(harness.count("message"), 3);
  // The first at once; the others, and what came twice, together.
  assertEquals(harness.sent, [{ do: "ack", upto: 1 } as never]);
  assert(harness.toTimeout() <= 50);
  assertEquals(harness.sent.slice(1), [{ do: "ack", upto: 3 } as never]);
  harness.lose();
  harness.toTimeout();
  harness.connect();
  assertEquals(harness.answer("resume", openedSession("t2")).seen, 3);
  harness.server({ ...message, id: 3 });
  assertEquals(harness.count("message"), 3);
});

Deno.test("ClientSession: a server that was set back is told of, and what it says again is shown", () => {
  const harness = loggedIn();
  const said = (id: number, text: string) =>
    harness.server({
      ...{ ev: "message", id, kind: "private", number: id, at: 1 },
      ...{ from: "luke", text },
    });
  for (const id of [1, 2, 3]) said(id, "before");
  const account = "0123456789abcdef";
  const epochs = [{ epoch: "1".repeat(16), after: 0 }];
  harness.lose();
  harness.toTimeout();
  harness.connect();
  const opened = { ...openedSession("t2"), account, epochs };
  harness.answer("resume", { ...opened, seen: 3 });
  assertEquals(harness.count("server-set-back"), 0);
  harness.lose();
  harness.toTimeout();
  harness.connect();
  const after = [...epochs, { epoch: "2".repeat(16), after: 1 }];
  const back = { ...opened, epochs: after, seen: 1, setBack: true };
  const { seen, known } = harness.answer("resume", back);
  assertEquals([seen, known], [3, { account, epochs }]);
  assertEquals(harness.count("server-set-back"), 1);
  for (const id of [1, 2, 3]) said(id, "after");
  const texts = harness.events.filter(({ event }) => event === "message")
    .map((event) => "text" in event && event.text);
  assertEquals(texts, ["before", "before", "before", "after", "after"]);
});

Deno.test("ClientSession: who has only sent is told once which confirmed messages are gone", () => {
  const harness = loggedIn();
  const back = (token: string, common?: number) => {
    harness.lose();
    harness.toTimeout();
    harness.connect();
    harness.answer("resume", {
      ...openedSession(token),
      ...common !== undefined && { common },
    });
  };
  const say = (id: number, text: string) => {
    harness.line(`/msgto luke ${text}`);
    const sent = [{ to: "luke", id, number: id, kept: false }];
    harness.answer("message", { at: 1, sent });
  };
  const told = () =>
    harness.events.filter(({ event }) => event === "server-set-back")
      .map((event) => "lost" in event && event.lost.map(({ text }) => text));
  say(1, "one");
  back("t2", 1);
  // An old server says nothing of it.
  back("t3");
  assertEquals(told(), []);
  say(2, "two");
  say(3, "three");
  harness.line("/deletemsg 3");
  harness.lose();
  back("t4", 1);
  assertEquals(told(), [["two", "three"]]);
  // Number 3 may be another message's now.
  assertEquals(harness.sent.filter((each) => each.do === "delete").length, 1);
  back("t5", 1);
  assertEquals(told().length, 1);
});

Deno.test("ClientSession: at most 256 requests are unanswered at once", () => {
  const harness = loggedIn();
  for (let i = 0; i < 300; i++) harness.line("/msgto luke x");
  assertEquals(harness.sent.length, 256);
  harness.answer("message", { at: 1, sent: [] });
  assertEquals(harness.sent.length, 256);
});

Deno.test("ClientSession: pings when it is silent, gives up a silent server", () => {
  const harness = loggedIn();
  assertEquals(harness.toTimeout(), 10_000);
  assertEquals(harness.take("ping").do, "ping");
  harness.toTimeout();
  harness.toTimeout();
  assertEquals(harness.lastEffect("disconnect").effect, "disconnect");
  assertEquals(harness.count("disconnected"), 1);
});

Deno.test("ClientSession: idle, removed and moved sessions end the program", () => {
  for (const code of ["idle", "account_removed", "session_moved"]) {
    const harness = loggedIn();
    harness.server({ ev: "bye", code, message: code });
    assertEquals(harness.lastEffect("end").reason, "ended-by-server");
  }
});

Deno.test("ClientSession: of a command that the server does not know it is said that the server is too old", () => {
  const harness = loggedIn();
  const n = harness.line("/search hi");
  const code = "unknown_request";
  harness.refuse("search", code);
  const message = "This server is too old for /search";
  assertEquals(harness.outcome(n), {
    ...{ command: "search", ok: false, code, message },
  });
});

Deno.test("ClientSession: the end of input waits for results, then logs out", () => {
  const harness = loggedIn();
  harness.line("/activeuser");
  harness.session.handleEndOfInput(harness.now);
  harness.drain();
  assert(!harness.sent.some((each) => each.do === "logout"));
  harness.answer("who", { users: [] });
  harness.answer("logout", {});
  assertEquals(harness.lastEffect("end").reason, "done");
  assertEquals(harness.events.at(-1), { event: "goodbye", user: "yoda" });
});

Deno.test("ClientSession: the end of input waits until what came is shown", () => {
  const harness = loggedIn();
  harness.showsNothing = true;
  harness.server({
    ...{ ev: "message", id: 7, kind: "private", number: 7, at: 1 },
    ...{ from: "luke", to: "yoda", text: "hi" },
  });
  harness.session.handleEndOfInput(harness.now);
  harness.drain();
  const said = () => harness.sent.map((each) => each.do);
  assertEquals(said(), []);
  harness.showsNothing = false;
  harness.drain();
  assertEquals(said(), ["ack", "logout"]);
});

Deno.test("ClientSession: at the end of input a connection that is gone is tried for 30 s, when nothing else is left to do", () => {
  for (const line of [undefined, "/activeuser"]) {
    const harness = loggedIn();
    if (line !== undefined) harness.line(line);
    harness.lose();
    harness.session.handleEndOfInput(harness.now);
    const start = harness.now.mono;
    const end = () => harness.effects.find(({ effect }) => effect === "end");
    while (end() === undefined && harness.now.mono < start + 120_000) {
      harness.toTimeout();
      if (end() === undefined) harness.lose();
    }
    if (line !== undefined) {
      assertEquals(end(), undefined, "a command waits for its answer");
      continue;
    }
    assertEquals(harness.now.mono - start, 30_000);
    assertEquals(end(), { effect: "end", reason: "unreachable" });
  }
});

Deno.test("ClientSession: a server that does not answer a logout is left after a second", () => {
  const harness = loggedIn();
  harness.session.handleInterrupt(harness.now);
  harness.drain();
  assertEquals(harness.toTimeout(), 1000);
  assertEquals(harness.lastEffect("end").reason, "interrupted");
});

Deno.test("ClientSession: a server that talks nonsense is left", () => {
  const harness = loggedIn();
  harness.session.handleData(
    new TextEncoder().encode("HTTP/1.1 400\r\n"),
    harness.now,
  );
  harness.drain();
  assertEquals(harness.count("disconnected"), 1);
});

Deno.test("ClientSession: a key leaves at once when nothing runs, else at the second time", () => {
  const idle = loggedIn();
  idle.session.handleLeave("Ctrl-D", idle.now);
  idle.drain();
  idle.answer("logout", {});
  assertEquals(idle.lastEffect("end").reason, "done");
  assertEquals(idle.count("goodbye"), 1);

  const busy = loggedIn();
  busy.line("/p2pvideo luke film.mp4");
  busy.session.handleLeave("Ctrl-C", busy.now);
  busy.drain();
  assertEquals(busy.events.at(-1), {
    event: "warning",
    message: "under way: film.mp4 to luke; Ctrl-C again ends that and logs out",
  });
  busy.session.handleLeave("Ctrl-C", busy.now);
  busy.drain();
  busy.answer("logout", {});
  assertEquals(busy.lastEffect("end").reason, "interrupted");
});
