import { assertEquals } from "@std/assert";
import { Chat } from "../../../lib/client/session/command_runner.ts";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
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
  const luke = { kind: "user", name: "luke" } as const;
  const jedi = { kind: "group", name: "jedi" } as const;
  assertEquals(promptText("yoda", undefined, false), "yoda> ");
  assertEquals(promptText("yoda", undefined, true), "yoda (no connection)> ");
  assertEquals(promptText("yoda", luke, false), "yoda [luke] > ");
  assertEquals(
    promptText("yoda", jedi, true),
    "yoda (no connection) [#jedi] > ",
  );
});

Deno.test("readChatName takes signs for users and groups", () => {
  assertEquals(readChatName("luke"), { name: "luke" });
  assertEquals(readChatName("@luke"), { name: "luke", kind: "user" });
  assertEquals(readChatName("#jedi"), { name: "jedi", kind: "group" });
});
