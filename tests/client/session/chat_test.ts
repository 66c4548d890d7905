import { assertEquals } from "@std/assert";
import { Chat } from "../../../lib/client/session/command_runner.ts";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import { ClientView } from "../../../lib/client/events/client_view.ts";
import { promptText } from "../../../lib/client/ui/terminal/status_rows.ts";
import { readChatName } from "../../../lib/client/commands/command.ts";

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
  assertEquals(promptText(view), "yoda (no connection) [#jedi] > ");
  view.handleEvent({ event: "chat", kind: "none" });
  assertEquals(promptText(view), "yoda (no connection)> ");
});

Deno.test("readChatName takes signs for users and groups", () => {
  assertEquals(readChatName("luke"), { name: "luke" });
  assertEquals(readChatName("@luke"), { name: "luke", kind: "user" });
  assertEquals(readChatName("#jedi"), { name: "jedi", kind: "group" });
});
