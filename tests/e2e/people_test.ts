/** Blocking, profiles, passwords and names, through real programs. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { restart } from "../support/restart.ts";
import {
  jedi,
  jediAccounts,
  logIn,
  passwordOf,
  startServer,
} from "../support/jedi.ts";
import { notAlone } from "../support/node_companions.ts";
import { type JsonEvent, TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { testUnless } from "../support/test_unless.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("/block, /unblock and /blocked: messages, presence, groups, logs, a restart", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  await yoda.succeed("/setprofile email yoda@dagobah.example");
  await luke.event("presence", { user: "leia", online: true });
  assertEquals((await yoda.succeed("/block luke")).user, "luke");
  const refusals = [
    ["/msgto yoda hello", "Your message to yoda"],
    ["/creategroup sith yoda", "The invitation of yoda"],
    ["/p2pvideo yoda film.mp4", "Your request to yoda"],
    ["/startprivate yoda", "Your request to yoda"],
    ["/verify yoda", "Your request to yoda"],
    ["/profile yoda", "The profile of yoda"],
  ] as const;
  await Deno.writeTextFile(`${luke.folder}/film.mp4`, "x");
  await Deno.writeTextFile(`${yoda.folder}/film.mp4`, "x");
  for (const [line, what] of refusals) {
    const start = `not_delivered: ${what} could not be delivered`;
    assertStringIncludes(await luke.refused(line), start);
    if (line.startsWith("/profile")) continue;
    assertStringIncludes(
      await yoda.refused(line.replace("yoda", "luke")),
      "you_blocked: You have blocked luke; /unblock luke first",
    );
  }
  // No word of it: neither event nor refusal speaks of a block or a departure.
  const heard = luke.process.out.join("\n");
  assert(!/block|off ?line/i.test(heard), heard);
  assertEquals(namesOf(await luke.succeed("/activeuser")), ["leia"]);
  assertEquals(namesOf(await yoda.succeed("/activeuser")), ["leia"]);

  await leia.succeed("/creategroup jedi yoda luke");
  await yoda.succeed("/joingroup jedi");
  await luke.succeed("/joingroup jedi");
  await luke.succeed("/groupmsg jedi unseen by yoda");
  await leia.succeed("/groupmsg jedi seen by yoda");
  await yoda.event("message", { text: "seen by yoda" });
  await leia.event("message", { text: "unseen by yoda" });

  const lukeFrom = luke.process.out.length;
  await restart(server, "SIGKILL", yoda, luke);
  const { users } = await yoda.succeed("/blocked");
  assertEquals((users as JsonEvent[]).map(({ user }) => user), ["luke"]);
  assertMatch(await luke.refused("/msgto yoda hello"), /^not_delivered/);
  await yoda.succeed("/unblock luke");
  await luke.event("presence", { user: "yoda", online: true }, {
    from: lukeFrom,
  });
  await luke.succeed("/msgto yoda peace");
  await yoda.event("message", { text: "peace" });
  assertEquals((await yoda.succeed("/blocked")).users, []);
  assert(!yoda.process.out.some((line) => line.includes("unseen by yoda")));
  const log = await server.dataWhen(
    "messagelog.txt",
    (log) => log.includes("peace"),
  );
  assert(!log.includes("hello"));
  await server.dataWhen(
    "jedi_messagelog.txt",
    (log) => log.includes("unseen by yoda"),
  );
});

Deno.test("the commands about people refuse wrong arguments, each with its usage", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const wrong: [string, string][] = [
    ["/block", "usage: usage: /block USER"],
    ["/block luke leia", "usage: usage: /block USER"],
    ["/unblock", "usage: usage: /unblock USER"],
    ["/unblock luke leia", "usage: usage: /unblock USER"],
    ["/blocked luke", "usage: usage: /blocked"],
    ["/profile luke leia", "usage: usage: /profile [USER]"],
    ["/setprofile", "usage: usage: /setprofile FIELD [VALUE]"],
    ["/changepassword now", "usage: usage: /changepassword"],
    ["/rename", "usage: usage: /rename NEWNAME"],
    ["/rename two words", "usage: usage: /rename NEWNAME"],
    ["/block vader", "unknown_user: There is no user vader"],
    ["/block yoda", "is_self: You cannot block yourself"],
    ["/unblock vader", "unknown_user: There is no user vader"],
    ["/unblock luke", "not_blocked: You have not blocked luke"],
    ["/profile vader", "unknown_user: There is no user vader"],
    ["/rename luke", "name_taken: The name luke is taken"],
    ["/rename Leia", "name_taken: The name Leia is taken"],
    [
      "/rename b@d",
      "bad_user_name: A user name is 1 to 32 of A-Z a-z 0-9 . _ -",
    ],
    [
      `/setprofile status ${"x".repeat(257)}`,
      "text_too_long: The status is longer than 256 characters",
    ],
  ];
  for (const [line, expected] of wrong) {
    assertEquals(await yoda.refused(line), expected);
  }
  assertMatch(
    await yoda.refused("/setprofile stauts x"),
    /did you mean status\?/,
  );
  assertMatch(await yoda.refused("/setprofile stauts"), /did you mean status/);
  await yoda.succeed("/block luke");
  assertEquals(
    await yoda.refused("/block luke"),
    "already_blocked: You have already blocked luke",
  );
});

Deno.test("/profile and /setprofile: others see it, as text too, and after a restart", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await yoda.succeed("/setprofile name Master Yoda");
  await yoda.succeed("/setprofile HOMETOWN Dagobah");
  await yoda.succeed("/setprofile email gone@example.org");
  const shown = await yoda.succeed("/setprofile Email");
  assertEquals([shown.value, shown.unchanged], ["gone@example.org", true]);
  assertEquals((await yoda.succeed("/setprofile email -")).value, "");
  assertEquals((await yoda.succeed("/setprofile email")).value, "");
  await yoda.succeed('/setprofile status ""');
  await restart(server, "SIGTERM", yoda);
  const fields = { name: "Master Yoda", hometown: "Dagobah" };
  assertEquals((await yoda.succeed("/profile")).fields, fields);
  assertEquals(await yoda.finish(), 0);
  await using luke = await textClient(server, "luke", [
    "/profile yoda",
    "/profile leia",
  ]);
  await luke.process.end();
  const lines = luke.process.out;
  const at = lines.findIndex((line) => line.startsWith("yoda, last seen "));
  assert(at >= 0, lines.join("\n"));
  assertEquals(lines.slice(at + 1, at + 4), [
    "  name:     Master Yoda",
    "  hometown: Dagobah",
    "leia, offline, has filled in nothing",
  ]);
});

Deno.test("/changepassword: in a script, with the file rewritten and the session going on", async () => {
  await using server = await startServer();
  const before = await server.accounts();
  await using yoda = await logIn(server, "yoda");
  await yoda.send("/changepassword");
  await yoda.answer(passwordOf("yoda"));
  await yoda.answer("a better password");
  await yoda.event("result", { command: "changepassword", ok: true });
  const after = await server.accounts();
  assertEquals(after.split("\n").slice(1), before.split("\n").slice(1));
  assertMatch(after, /^yoda SCRAM-SHA-256\$600000:/);
  assert(!after.includes("better"));
  // The session and its new token go on, over a restart.
  await restart(server, "SIGKILL", yoda);
  await yoda.succeed("/activeuser");
  assertEquals(await yoda.finish(), 0);
  await using old = await TestClient.start(server, {
    user: "yoda",
    password: passwordOf("yoda"),
  });
  await old.event("login-failed", { code: "login_failed" });
  await using again = await TestClient.login(
    server,
    "yoda",
    "a better password",
  );
  await again.succeed("/blocked");
});

Deno.test("/changepassword: bound to the channel over TLS", async () => {
  await using server = await TestServer.start({
    accounts: jediAccounts,
    plain: false,
  });
  await using yoda = await logIn(server, "yoda");
  await yoda.send("/changepassword");
  for (const line of ["adoy", "a better password"]) await yoda.answer(line);
  await yoda.event("result", { command: "changepassword", ok: true });
});

Deno.test("/changepassword: refusals; the wrong password that locks the account ends the session", async () => {
  await using server = await startServer();
  const before = await server.accounts();
  await using yoda = await logIn(server, "yoda");
  const change = async (old: string, password: string) => {
    const from = yoda.process.out.length;
    await yoda.send("/changepassword");
    for (const line of [old, password]) await yoda.answer(line);
    const result = await yoda.event("result", {}, { from });
    return `${result.code}: ${result.message}`;
  };
  assertEquals(
    await change("adoy", "1234567"),
    "password_too_short: The new password is too short: at least 8 characters",
  );
  assertEquals(
    await change("adoy", "adoy"),
    "same_password: The new password is the old one; nothing was changed",
  );
  for (let count = 0; count < 3; count++) {
    assertEquals(
      await change("wrong", "long enough"),
      "wrong_password: The old password is wrong",
    );
  }
  const end = await yoda.event("disconnected", { retrying: false });
  assertEquals(end.code, "login_failed_blocked");
  assertEquals((await yoda.process.end()).code, 1);
  assertEquals(await server.accounts(), before);
});

testUnless(
  notAlone,
  "/changepassword without an answer changes nothing; plain lines become verifiers",
  async () => {
    await using server = await startServer();
    await Deno.writeTextFile(
      server.path("credentials.txt"),
      "# us\nyoda in plain sight\nluke x\n",
    );
    await server.restart();
    await using yoda = await TestClient.login(server, "yoda", "in plain sight");
    await yoda.send("/changepassword");
    assertEquals(await yoda.finish(), 0);
    await yoda.event("result", { ok: false, code: "not_changed" });
    await using again = await TestClient.login(
      server,
      "yoda",
      "in plain sight",
    );
    await again.send("/changepassword");
    for (const line of ["in plain sight", "not in sight"]) {
      await again.answer(line);
    }
    await again.event("result", { command: "changepassword", ok: true });
    assertMatch(
      await Deno.readTextFile(server.path("credentials.txt")),
      /^# us\nyoda SCRAM-SHA-256\$600000:[^\n]+\nluke x\n$/,
    );
  },
);

testUnless(
  notAlone,
  "/changepassword does not undo what an administrator did at the same time",
  async () => {
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    const path = server.path("credentials.txt");
    const before = await Deno.readTextFile(path);
    // The edit is younger than what the server has read.
    await yoda.send("/changepassword");
    await yoda.answer("adoy");
    await Deno.writeTextFile(path, before.replace("leia ", "padme "));
    await yoda.answer("a better password");
    await yoda.event("result", { command: "changepassword", ok: true });
    const after = await Deno.readTextFile(path);
    assertMatch(after, /^yoda SCRAM-SHA-256\$600000:/);
    assertMatch(after, /\npadme SCRAM/);
    await using padme = await TestClient.login(
      server,
      "padme",
      passwordOf("leia"),
    );
    await padme.succeed("/activeuser");
  },
);

Deno.test("/rename: credentials, presence, logs, groups, mailbox and session follow the person", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await yoda.succeed("/creategroup jedi luke");
  await luke.succeed("/joingroup jedi");
  await yoda.succeed("/msgto luke before");
  const renamed = await yoda.succeed("/rename master");
  assertEquals([renamed.from, renamed.to], ["yoda", "master"]);
  await luke.event("renamed", { from: "yoda", to: "master" });
  await yoda.succeed("/msgto luke after");
  await luke.event("message", { from: "master", text: "after" });
  await yoda.succeed("/groupmsg jedi hello");
  await luke.event("message", { from: "master", group: "jedi" });
  const accounts = await server.accounts();
  assertEquals(
    accounts.trimEnd().split("\n").map((line) => line.split(" ")[0]),
    ["master", ...jedi.slice(1)],
  );
  const log = await server.dataWhen(
    "messagelog.txt",
    (log) => log.includes("after"),
  );
  assertMatch(log, /; yoda; luke; before\n.*; master; luke; after\n$/);
  await server.dataWhen("userlog.txt", (log) => /; master; /.test(log));
  // The token is as good as before, over a crash.
  await restart(server, "SIGKILL", yoda);
  assertEquals(await yoda.finish(), 0);
  await yoda.event("goodbye", { user: "master" });
  await luke.succeed("/msgto master kept for you");
  assertMatch(await luke.refused("/msgto yoda x"), /^unknown_user/);
  await using old = await TestClient.start(server, {
    user: "yoda",
    password: "adoy",
  });
  await old.event("login-failed");
  await using master = await TestClient.login(server, "MASTER", "adoy", {
    identity: "yoda",
  });
  await master.event("welcome", { user: "master" });
  await master.event("message", { text: "kept for you", kept: true });
  // In whatever case a name is typed, it is shown as it is stored.
  assertEquals((await luke.succeed("/chat @Master")).name, "master");
  const past = await luke.succeed("/history @MASTER");
  assert((past.messages as JsonEvent[]).length > 0);
  assertEquals((await luke.succeed("/verify MaStEr")).user, "master");
  assertEquals((await luke.succeed("/startprivate MASTER")).user, "master");
  assertEquals((await luke.succeed("/private Master hush")).user, "master");
  await master.event("private-message", { from: "luke", text: "hush" });
  await master.succeed("/rename Master");
  await luke.event("renamed", { from: "master", to: "Master" });
  assertEquals((await luke.succeed("/stopprivate master")).user, "Master");
  const { groups } = await master.succeed("/groups");
  assertEquals((groups as JsonEvent[])[0]?.leader, "Master");
});

Deno.test("/rename as text: both sides are told in words", async () => {
  await using server = await startServer();
  await using luke = await textClient(server, "luke", []);
  await luke.process.waitFor("welcome", (line) => line.includes("Welcome"));
  await using yoda = await textClient(server, "yoda", [
    "/rename master",
    "/block luke",
    "/blocked",
    "/unblock luke",
    "/blocked",
    "/setprofile status here",
  ]);
  await yoda.process.end();
  const lines = yoda.process.out.filter((line) => line !== "luke is online");
  assertEquals(lines.slice(2, 4), [
    "you are now known as master",
    "luke is blocked: neither of you can reach or see the other",
  ]);
  assertMatch(
    lines[4] ?? "",
    /^luke, blocked since \d\d \w{3} \d{4} [\d:]{8}$/,
  );
  assertEquals(lines.slice(5), [
    "luke is no longer blocked",
    "you have blocked nobody",
    "your status is now: here",
    "Bye, master!",
  ]);
  await luke.process.waitFor(
    "the new name",
    (line) => line === "yoda is now known as master",
  );
});

testUnless(
  notAlone,
  "/rename: a crash between file and database is repaired at the start",
  async () => {
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    await yoda.succeed("/creategroup jedi luke");
    assertEquals(await yoda.finish(), 0);
    await server.stop("SIGKILL");
    // As the server leaves it when it dies after the rewrite of the file.
    await server.rows(
      "UPDATE users SET renaming = 'master' WHERE name = 'yoda'",
    );
    const path = server.path("credentials.txt");
    const accounts = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, accounts.replace(/^yoda/, "master"));
    await server.restart();
    await using master = await TestClient.login(server, "master", "adoy");
    const { groups } = await master.succeed("/groups");
    assertEquals((groups as JsonEvent[])[0]?.leader, "master");
    assertEquals(await master.finish(), 0);
    await waitUntil(
      "the repair to be reported",
      () =>
        Promise.resolve(
          server.process.out.some((line) =>
            line.includes("the renaming of yoda to master is completed")
          ),
        ),
    );
  },
);

function namesOf(result: JsonEvent): unknown[] {
  return (result.users as JsonEvent[]).map(({ user }) => user);
}

/** A client with text output that runs `commands`; without any it stays. */
function textClient(
  server: TestServer,
  user: string,
  commands: readonly string[],
): Promise<TestClient> {
  return TestClient.start(server, {
    user,
    password: passwordOf(user),
    json: false,
    args: commands.flatMap((command) => ["--exec", command]),
  });
}
