import { assertEquals } from "@std/assert";
import { Chat } from "../../../lib/client/session/command_runner.ts";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import { ClientView } from "../../../lib/client/events/client_view.ts";
import { promptText } from "../../../lib/client/ui/terminal/status_rows.ts";
import { readChatName } from "../../../lib/client/commands/command.ts";
import { loggedIn, logIn, openedSession } from "../logged_in.ts";
import { SessionHarness } from "../session_harness.ts";

Deno.test("Chat tells each change and ends with its group", () => {
  const events: ClientEvent[] = [];
  const chat = new Chat((event) => events.push(event));
  chat.set({ kind: "group", name: "jedi" });
  chat.handleGroupGone("sith");
  assertEquals(chat.target, { kind: "group", name: "jedi" });
  chat.handleGroupGone("jedi");
  assertEquals(chat.target, undefined);
  chat.set({ kind: "user", name: "jedi" });
  chat.handleGroupGone("jedi");
  assertEquals(chat.target, { kind: "user", name: "jedi" });
  assertEquals(events, [
    { event: "chat", kind: "group", name: "jedi" },
    { event: "chat", kind: "none" },
    { event: "chat", kind: "user", name: "jedi" },
  ]);
});

Deno.test("promptText shows where lines go and whether there is a connection", () => {
  const view = new ClientView("localhost:6000");
  const user = "yoda";
  view.handleEvent({ event: "welcome", user, waiting: 0, resumed: false });
  assertEquals(promptText(view), "yoda> ");
  view.handleEvent({ event: "chat", kind: "user", name: "luke" });
  assertEquals(promptText(view), "yoda [luke] > ");
  view.handleEvent({ event: "chat", kind: "group", name: "jedi" });
  const lost = { code: "connection_lost", message: "gone", retrying: true };
  view.handleEvent({ event: "disconnected", ...lost });
  assertEquals(promptText(view), "yoda (offline) [#jedi] > ");
  view.handleEvent({ event: "chat", kind: "none" });
  assertEquals(promptText(view), "yoda (offline)> ");
});

Deno.test("/chat: a person sees what was said last there, and waits for nothing", () => {
  const harness = new SessionHarness("always", { learnNames: true });
  logIn(harness);
  harness.sent = [];
  const luke = { kind: "user", name: "luke", ambiguous: false };
  harness.line("/chat LUKE");
  harness.answer("find", luke);
  assertEquals(harness.results().length, 1);
  assertEquals(harness.view.chat, { kind: "user", name: "luke" });
  // What is typed right after goes to the server before that is known.
  harness.line("/msgto luke on its way");
  const text = harness.take("message").text;
  assertEquals(text, "on its way");
  const { with: user, limit } = harness.sent.find((each) =>
    each.do === "history"
  )!;
  assertEquals([user, limit], ["luke", 10]);
  const place = { kind: "private", from: "yoda", to: "luke" };
  const messages = [
    { id: 3, number: 3, at: 3, ...place, text: "mine" },
    { id: 4, number: 4, at: 4, ...place, text: "", deleted: true },
    {
      ...{ id: 5, number: 5, at: 5, kind: "private" },
      from: "luke",
      text: "!",
    },
    { id: 6, number: 6, at: 6, ...place, text },
  ];
  harness.answer("history", { messages });
  const own = true;
  assertEquals(harness.quiet.at(-1), {
    event: "recalled",
    conversation: "@luke",
    messages: [
      { id: 3, number: 3, at: 3, from: "yoda", text: "mine", own },
      ...[{ id: 4, number: 4, at: 4, from: "yoda", text: "", own }]
        .map((each) => ({ ...each, deleted: true })),
      { id: 5, number: 5, at: 5, from: "luke", text: "!" },
    ],
  } as unknown);
  assertEquals(harness.view.conversation("@luke")?.unread, 0);
  // Taken back, it is named by its words.
  const deleted = { kind: "private", number: 5, at: 9, from: "luke" };
  harness.server({ ev: "deleted", id: 9, ...deleted });
  const gone = harness.events.at(-1);
  assertEquals(gone?.event === "deleted" && gone.text, "!");
  // Of a group, by its name.
  harness.line("/chat jedi");
  harness.answer("find", { kind: "group", name: "Jedi", ambiguous: false });
  assertEquals(harness.take("history").group, "Jedi");
  // Without an answer there is nothing; the connection that comes does not ask.
  const known = harness.quiet.filter(({ event }) => event === "recalled");
  harness.lose();
  assertEquals(harness.results().at(-1)?.outcome.ok, true);
  assertEquals(
    harness.quiet.filter(({ event }) => event === "recalled"),
    known,
  );
});

Deno.test("/chat: a script is told where its lines go, and nothing else", () => {
  const harness = loggedIn();
  harness.line("/chat luke");
  harness.answer("find", { kind: "user", name: "luke", ambiguous: false });
  assertEquals(harness.sent.map((each) => each.do), []);
});

Deno.test("readChatName takes signs for users and groups", () => {
  assertEquals(readChatName("luke"), { name: "luke" });
  assertEquals(readChatName("@luke"), { name: "luke", kind: "user" });
  assertEquals(readChatName("#jedi"), { name: "jedi", kind: "group" });
});

Deno.test("/topic alone tells the topic of the group chat that is open", () => {
  const harness = loggedIn();
  const outcome = (n: number) =>
    harness.events.find((each) => each.event === "result" && each.n === n);
  const n = harness.line("/topic");
  const message = "No group chat is open; /topic GROUP tells the topic of one";
  const refusal = { command: "topic", ok: false, code: "no_chat", message };
  assertEquals(outcome(n), { event: "result", n, outcome: refusal } as unknown);
  harness.line("/chat luke");
  harness.answer("find", { kind: "user", name: "luke", ambiguous: false });
  assertEquals(outcome(harness.line("/topic")) !== undefined, true);
  harness.line("/chat jedi");
  harness.answer("find", { kind: "group", name: "Jedi", ambiguous: false });
  const asked = harness.line("/topic");
  harness.answer("group-members", members);
  const told = {
    command: "topic",
    ok: true,
    answer: { group: "Jedi", topic: "the plans" },
  };
  const result = { event: "result", n: asked, outcome: told };
  assertEquals(outcome(asked), result as unknown);
});

const members = {
  group: "Jedi",
  leader: "yoda",
  leaderOnly: false,
  joined: ["yoda"],
  invited: [],
  topic: "the plans",
};

Deno.test("Chat: whoever got another name while there was no connection is the one still written to", () => {
  const harness = loggedIn();
  const account = "0123456789abcdef";
  const came = { ev: "presence", user: "luke", online: true, at: 1, account };
  harness.server(came);
  harness.line("/chat luke");
  harness.answer("find", { kind: "user", name: "luke", ambiguous: false });
  const comeBack = (user: string, as: string) => {
    harness.lose();
    harness.toTimeout();
    harness.connect();
    harness.answer("resume", openedSession("t2"));
    const { user: asked, account: whose } = harness.answer("identity", {
      user,
      account: as,
    });
    assertEquals(whose, account);
    return [asked, harness.view.chat?.name];
  };
  assertEquals(comeBack("luke", account), ["luke", "luke"]);
  assertEquals(harness.count("renamed"), 0);
  // The name is another person's, of whom nothing is known.
  assertEquals(comeBack("luke", "f".repeat(16)), ["luke", "luke"]);
  assertEquals(comeBack("farmer", account), ["luke", "farmer"]);
  assertEquals(harness.count("renamed"), 1);
  // What is known of him has gone with him.
  assertEquals(comeBack("farmer", account), ["farmer", "farmer"]);
});
