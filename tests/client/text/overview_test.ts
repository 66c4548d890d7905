import { assert, assertEquals } from "@std/assert";
import { ClientView } from "../../../lib/client/events/client_view.ts";
import { overviewText } from "../../../lib/client/text/overview.ts";
import { textWidth } from "../../../lib/client/text/styled_text.ts";

const user = "yoda";
const online = (names: readonly string[]) =>
  names.map((user) => ({ user, since: 1, ip: "192.0.2.1", udpPort: 0 }));
const group = (name: string, joined: string[]) => ({
  event: "directory" as const,
  group: { group: name, leader: user, leaderOnly: false, joined, invited: [] },
});
const others = Array.from({ length: 12 }, (_, n) => `a${n}`);

function alone(waiting = 0): ClientView {
  const view = new ClientView("localhost:6000");
  view.handleEvent({ event: "welcome", user, waiting, resumed: false });
  return view;
}

function crowded(waiting = 0): ClientView {
  const view = alone(waiting);
  const users = online([...others, "han", "leia"]);
  view.handleEvent({
    event: "directory",
    users,
    recent: [{ conversation: "@leia", messages: [] }],
  });
  view.handleEvent(group("jedi", [user, "han", "leia", "a1", "vader"]));
  view.handleEvent(group("sith", [user, "vader"]));
  const message = { event: "message", at: 1, text: "x", kept: true } as const;
  for (const number of [1, 2, 3]) {
    const place = { id: number, number, from: "luke" };
    view.handleEvent({ ...message, kind: "private", ...place });
  }
  const post = { ...message, group: "jedi", from: "han" };
  for (const number of [1, 2]) {
    view.handleEvent({ ...post, kind: "group", id: 3 + number, number });
  }
  const last = { id: 9, number: 9, from: "han" };
  view.handleEvent({ ...message, kind: "broadcast", ...last });
  return view;
}

Deno.test("overviewText: who is there, company first, groups with somebody, what came and is unread", () => {
  const nobody = "nobody else is online; no messages waited";
  assertEquals(overviewText(alone(), 80), nobody);
  const text = "online: a1, han, leia and 11 others; " +
    "groups: #jedi 3 online; 5 unread: #jedi 2, luke 3";
  assertEquals(overviewText(crowded(), text.length), text);
});

Deno.test("overviewText: one line tells how many messages waited and what is unread, whichever is more", () => {
  for (const [waited, what] of [[1, "message"], [5, "messages"]] as const) {
    const view = crowded(waited);
    const text = overviewText(view, 200);
    const end = `; ${waited} ${what} waited, 5 unread: #jedi 2, luke 3`;
    assert(text.endsWith(end), text);
    const least = `14 online; 1 group; ${waited} waited, 5 unread`;
    assertEquals(overviewText(view, 0), `${least}: #jedi 2, luke 3`);
  }
  const seen = "nobody else is online; 2 messages waited, 0 unread";
  assertEquals(overviewText(alone(2), 80), seen);
});

Deno.test("overviewText: as many names as there is room for, down to numbers", () => {
  const view = crowded();
  const found = new Set<string>();
  for (let width = 30; width <= 160; width++) {
    const text = overviewText(view, width);
    assert(textWidth(text) <= Math.max(width, 56), `${width}: ${text}`);
    found.add(text);
  }
  const least = "14 online; 1 group; 5 unread";
  assertEquals([...found][0], `${least}: #jedi 2, luke 3`);
  const eighty = "14 online; groups: #jedi 3 online; 5 unread: #jedi 2, luke 3";
  assertEquals(overviewText(view, 80 - "12:34:56 - ".length), eighty);
  // For a long name there is none at all.
  const loud = crowded();
  loud.handleEvent({
    ...{ event: "message", kind: "private", id: 10, number: 10, at: 1 },
    ...{ from: "n".repeat(32), text: "x", kept: true },
  });
  assertEquals(overviewText(loud, 0), "14 online; 1 group; 6 unread");
  const few = "online: luke; no messages waited";
  const view2 = alone();
  view2.handleEvent({ event: "directory", users: online(["luke"]) });
  assertEquals(overviewText(view2, 28), few);
  assert([...found].at(-1)?.includes("a0, a10, a11, a2, a3 and 6 others"));
});
