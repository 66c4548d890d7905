import { assertEquals } from "@std/assert";
import type {
  ClientEvent,
  TransferInfo,
} from "../../../../lib/client/events/client_event.ts";
import { ClientView } from "../../../../lib/client/events/client_view.ts";
import type { ConversationKey } from "../../../../lib/client/events/conversations.ts";
import {
  lastLine,
  listChats,
  rowsOf,
  unreadIn,
} from "../../../../lib/client/ui/page/model/chat_list.ts";

Deno.test("the list has chats by their last news, then people, then groups", () => {
  const view = viewOf();
  say(view, "leia", "hello");
  say(view, "luke", "are you there?");
  const list = listChats(view, "");
  assertEquals(keysOf(list.chats), ["@luke", "@leia"]);
  // Own company comes before those who are only online.
  assertEquals(keysOf(list.people), ["@leia", "@luke", "@ahsoka"]);
  // Whom somebody invites is to answer.
  assertEquals(keysOf(list.groups), ["#rebels", "#jedi"]);
  assertEquals(list.groups[0]?.invited, true);
  assertEquals(rowsOf(list).length, 7);
  assertEquals(list.chats[0]?.unread, 1);
  assertEquals(unreadIn(view), 2);
});

Deno.test("who offers something is listed and counted, whatever was said, until it is answered", () => {
  const view = viewOf();
  say(view, "luke", "hello");
  const offer = (
    transfer: number,
    user: string,
    state: TransferInfo["state"],
  ) => {
    const file = { name: `${user}.png`, size: 9, bytes: 0, rate: 0 };
    const info = { ...file, transfer, user, state, direction: "incoming" };
    view.handleEvent({
      event: "transfer",
      info: { ...info, kind: "file" } as TransferInfo,
    });
  };
  offer(1, "hans", "offered");
  offer(2, "luke", "offered");
  const { chats } = listChats(view, "");
  assertEquals(chats.map(({ key, line, unread }) => [key, line, unread]), [
    ["@hans", "hans offers hans.png", 1],
    ["@luke", "luke offers luke.png", 2],
  ]);
  const session = { session: 3, kind: "session", user: "leia" } as const;
  const asked = { ...session, direction: "incoming" } as const;
  view.handleEvent({ event: "session", info: { ...asked, state: "offered" } });
  const leia = listChats(view, "").chats.find(({ key }) => key === "@leia");
  assertEquals(leia?.line, "leia asks for a private session");
  view.handleEvent({ event: "session", info: { ...asked, state: "rejected" } });
  offer(1, "hans", "rejected");
  offer(2, "luke", "running");
  const after = listChats(view, "").chats;
  assertEquals(after.map(({ key, line, unread }) => [key, line, unread]), [
    ["@luke", "hello", 1],
  ]);
});

Deno.test("a filter finds by name, also who is away", () => {
  const view = viewOf();
  view.handleEvent({
    event: "presence",
    user: "leia",
    online: false,
    at: 1,
  });
  const found = listChats(view, " LE ");
  assertEquals(keysOf(rowsOf(found)), ["@leia"]);
  assertEquals(found.people[0]?.online, false);
});

Deno.test("what is open is listed before anything was said there", () => {
  const list = listChats(viewOf(), "", "@ahsoka");
  assertEquals(keysOf(list.chats), ["@ahsoka"]);
});

Deno.test("of many people the rest is counted", () => {
  const view = new ClientView("h:1");
  const users = Array.from({ length: 205 }, (_, index) => ({
    user: `u${index}`,
    since: 1,
    ip: "192.0.2.1",
    udpPort: 1,
  }));
  view.handleEvent({ event: "directory", users });
  const { people, more } = listChats(view, "");
  assertEquals([people.length, more], [200, 5]);
});

Deno.test("the last message is one line that says whose it is", () => {
  const said = { at: 1, from: "luke", text: "one\n two" };
  assertEquals(lastLine(said, "@luke"), "one two");
  assertEquals(lastLine(said, "#jedi"), "luke: one two");
  assertEquals(lastLine({ ...said, own: true }, "@luke"), "You: one two");
  const gone = { ...said, text: "", deleted: true as const };
  assertEquals(lastLine(gone, "#jedi"), "luke took back a message");
  assertEquals(
    lastLine({ ...gone, own: true }, "*"),
    "You took back a message",
  );
  assertEquals(lastLine({ ...said, text: "a\u202eb" }, "@luke"), "a<U+202E>b");
});

/** Three online, of whom two are company; in one group, invited to another. */
function viewOf(): ClientView {
  const view = new ClientView("h:1");
  view.handleEvent({
    event: "welcome",
    user: "yoda",
    waiting: 0,
    resumed: false,
  });
  const group = { leader: "luke", leaderOnly: false, size: 3 };
  view.handleEvent({
    event: "directory",
    users: ["ahsoka", "leia", "luke"].map((user) => ({
      user,
      since: 1,
      ip: "192.0.2.1",
      udpPort: 1,
    })),
    recent: ["leia", "luke"].map((name) => ({
      conversation: `@${name}` as const,
      messages: [],
    })),
    groups: [
      { ...group, group: "jedi", joined: true },
      { ...group, group: "rebels", joined: false },
    ],
  });
  return view;
}

let lastNumber = 0;
function say(view: ClientView, from: string, text: string): void {
  const number = ++lastNumber;
  const message: ClientEvent = {
    event: "message",
    id: number,
    number,
    kind: "private",
    at: number,
    from,
    text,
    kept: false,
  };
  view.handleEvent(message);
}

function keysOf(
  rows: readonly { readonly key: ConversationKey }[],
): ConversationKey[] {
  return rows.map(({ key }) => key);
}
