import { assertEquals } from "@std/assert";
import { loggedIn } from "../logged_in.ts";
import type { SessionHarness } from "../session_harness.ts";

/** What the server answers to what the client asks for its hints. */
const answers = {
  groups: {
    groups: [{
      group: "jedi",
      leader: "yoda",
      joined: true,
      leaderOnly: false,
      size: 1,
    }],
  },
  blocked: { users: [{ user: "lena", since: 1 }] },
  who: { users: [{ user: "leia", since: 1, ip: "192.0.2.1", udpPort: 0 }] },
};

function messageOf(harness: SessionHarness, n: number): string {
  const settled = harness.outcome(n);
  return settled.ok ? "ok" : settled.message;
}

function answerNames(harness: SessionHarness): void {
  for (const [name, ok] of Object.entries(answers)) harness.answer(name, ok);
}

Deno.test("hints: every command that names a user or group who does not exist says who may be meant", () => {
  const harness = loggedIn();
  harness.server({ ev: "message", ...from("luke") });
  const cases: [line: string, request: string, code: string, meant: string][] =
    [
      ["/msgto lei hi", "message", "unknown_user", "leia"],
      ["/profile luk", "profile", "unknown_user", "luke"],
      ["/block luek", "block", "unknown_user", "luke"],
      ["/verify lei ok", "identity", "unknown_user", "leia"],
      ["/creategroup sith obiwan leja", "group-create", "unknown_user", "leia"],
      ["/addmember jedi leja", "group-add", "unknown_user", "leia"],
      ["/groupmsg jed hi", "group-message", "unknown_group", "jedi"],
      ["/joingroup jeid", "group-join", "unknown_group", "jedi"],
      ["/leavegroup jedii", "group-leave", "unknown_group", "jedi"],
      ["/members jed", "group-members", "unknown_group", "jedi"],
      ["/groupvideo jed a.mp4", "group-members", "unknown_group", "jedi"],
      ["/deletegroupmsg jed 1", "delete", "unknown_group", "jedi"],
      ["/history @lei", "history", "unknown_user", "leia"],
      ["/history jed", "history", "unknown_name", "jedi"],
      ["/chat luk", "find", "unknown_name", "luke"],
      ["/chat #jed", "find", "unknown_group", "jedi"],
    ];
  for (const [index, [line, request, code, meant]] of cases.entries()) {
    const n = harness.line(line);
    harness.refuse(request, code, `no such thing (${line})`);
    // The names are asked for once.
    if (index === 0) answerNames(harness);
    assertEquals(
      messageOf(harness, n),
      `no such thing (${line}); did you mean ${meant}?`,
    );
  }
});

Deno.test("hints: a group's name in the place of a user's is told for what it is, and the other way round", () => {
  const harness = loggedIn();
  const cases: [line: string, request: string, code: string, hint: string][] = [
    [
      "/msgto jedi hi",
      "message",
      "unknown_user",
      "jedi is a group chat (/help groups)",
    ],
    [
      "/msgto #JEDI hi",
      "message",
      "unknown_user",
      "jedi is a group chat (/help groups)",
    ],
    [
      "/profile jedi",
      "profile",
      "unknown_user",
      "jedi is a group chat (/help groups)",
    ],
    [
      "/groupmsg leia hi",
      "group-message",
      "unknown_group",
      "leia is a user (/help messages)",
    ],
    [
      "/groupmsg @Leia hi",
      "group-message",
      "unknown_group",
      "leia is a user (/help messages)",
    ],
  ];
  for (const [index, [line, request, code, hint]] of cases.entries()) {
    const n = harness.line(line);
    harness.refuse(request, code, "no");
    if (index === 0) answerNames(harness);
    assertEquals(messageOf(harness, n), `no; ${hint}`, line);
  }
});

Deno.test("hints: nobody blocked, not oneself, nothing far away, and no other refusal", () => {
  const harness = loggedIn();
  const refused = (line: string, request: string, code: string) => {
    const n = harness.line(line);
    harness.refuse(request, code, "no");
    if (harness.sent.some((each) => each.do === "who")) answerNames(harness);
    return messageOf(harness, n);
  };
  assertEquals(refused("/msgto lenna hi", "message", "unknown_user"), "no");
  assertEquals(refused("/msgto yodda hi", "message", "unknown_user"), "no");
  assertEquals(refused("/msgto vader hi", "message", "unknown_user"), "no");
  assertEquals(refused("/msgto jed hi", "message", "unknown_user"), "no");
  assertEquals(
    refused("/groupmsg lei hi", "group-message", "unknown_group"),
    "no",
  );
  assertEquals(refused("/msgto lei hi", "message", "not_delivered"), "no");
  // From then on leia is blocked, and later not any more.
  harness.line("/block leia");
  harness.answer("block", { user: "leia" });
  assertEquals(refused("/msgto lei hi", "message", "unknown_user"), "no");
  harness.line("/unblock leia");
  harness.answer("unblock", { user: "leia" });
  assertEquals(
    refused("/msgto lei hi", "message", "unknown_user"),
    "no; did you mean leia?",
  );
});

Deno.test("a message to several is one for each, and tells of those it did not reach", () => {
  const harness = loggedIn();
  const n = harness.line("/msgto 3 leia luke hans hi");
  const sent = [1, 2, 3].map(() => harness.take("message"));
  assertEquals(sent.map(({ to, text }) => [to, text]), [
    [["leia"], "hi"],
    [["luke"], "hi"],
    [["hans"], "hi"],
  ]);
  assertEquals(new Set(sent.map(({ mid }) => mid)).size, 3);
  const [leia, luke, hans] = sent.map(({ id }) => id);
  const message = "Your message to luke could not be delivered";
  harness.server({ re: luke, error: { code: "not_delivered", message } });
  for (const [re, to, number] of [[hans, "hans", 5], [leia, "leia", 4]]) {
    harness.server({ re, ok: { at: 7, sent: [{ to, number, kept: false }] } });
  }
  assertEquals(harness.outcome(n), {
    command: "msgto",
    ok: false,
    code: "not_delivered",
    message:
      `Sent to leia (number 4), hans (number 5); not to luke (${message})`,
    results: [
      { user: "leia", ok: true, number: 4, kept: false },
      { user: "luke", ok: false, code: "not_delivered", message },
      { user: "hans", ok: true, number: 5, kept: false },
    ],
  });
});

function from(user: string) {
  const fields = { id: 1, kind: "private", number: 1, at: 1, text: "hi" };
  return { ...fields, from: user };
}
