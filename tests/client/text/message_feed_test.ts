// deno-lint-ignore-file no-control-regex
import { assert, assertEquals } from "@std/assert";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import { MessageFeed } from "../../../lib/client/text/message_feed.ts";
import { colourPalette, plainPalette } from "../../../lib/cli/palette.ts";
import { formatClock, formatDay } from "../../../lib/base/time.ts";

const at = Date.UTC(2026, 5, 1, 12, 0, 0);
const clock = formatClock(at);
const welcome: ClientEvent = {
  event: "welcome",
  user: "yoda",
  waiting: 0,
  resumed: false,
};

function feedOf(timestamps = true): MessageFeed {
  const feed = new MessageFeed({ palette: plainPalette, timestamps });
  feed.user = "yoda";
  return feed;
}

function message(
  kind: "private" | "group" | "broadcast",
  text: string,
  time = at,
): ClientEvent {
  const group = kind === "group" ? { group: "jedi" } : {};
  const about = { id: 1, number: 1, at: time };
  const common = { ...about, from: "luke", text, kept: false };
  return { event: "message", kind, ...common, ...group };
}

function textsOf(feed: MessageFeed, event: ClientEvent): string[] {
  return feed.lines(event, at).map(({ text }) => text);
}

Deno.test("MessageFeed: kinds of lines differ in their signs, not in colour alone", () => {
  const feed = feedOf();
  assertEquals(textsOf(feed, message("private", "hi")), [
    `${clock} @ luke: hi`,
  ]);
  assertEquals(textsOf(feed, message("group", "hi")), [
    `${clock} # jedi, luke: hi`,
  ]);
  assertEquals(textsOf(feed, message("broadcast", "hi")), [
    `${clock} * luke to all: hi`,
  ]);
  const private_ = { session: 1, at, from: "luke", text: "hi" } as const;
  assertEquals(textsOf(feed, { event: "private-message", ...private_ }), [
    `${clock} = luke (private): hi`,
  ]);
  const presence = { user: "luke", online: true, at } as const;
  assertEquals(textsOf(feed, { event: "presence", ...presence }), [
    `${clock} - luke is online`,
  ]);
  assertEquals(textsOf(feed, { event: "warning", message: "no" }), [
    `${clock} ! Warning: no`,
  ]);
});

Deno.test("MessageFeed: what this user said elsewhere is marked and says to whom, and neither rings nor mentions", () => {
  const feed = feedOf();
  const own = (event: ClientEvent, to?: string) =>
    ({ ...event, from: "yoda", mine: true, ...to && { to } }) as ClientEvent;
  const cases: [ClientEvent, string][] = [
    [
      own(message("private", "yoda is me"), "luke"),
      "@✓yoda to luke: yoda is me",
    ],
    [own(message("group", "hi yoda")), "#✓jedi, yoda: hi yoda"],
    [own(message("broadcast", "hi")), "*✓yoda to all: hi"],
  ];
  for (const [event, line] of cases) {
    assertEquals(textsOf(feed, event), [`${clock} ${line}`]);
    assert(!feed.rings(event), line);
  }
});

Deno.test("MessageFeed: a line stands between two days, not before the login", () => {
  const feed = feedOf();
  const day = 24 * 3600 * 1000;
  assertEquals(textsOf(feed, { event: "warning", message: "x" }).length, 1);
  assertEquals(textsOf(feed, welcome)[0], `--- ${formatDay(at)} ---`);
  assertEquals(textsOf(feed, message("private", "hi")).length, 1);
  assertEquals(textsOf(feed, message("private", "hi", at + day)), [
    `--- ${formatDay(at + day)} ---`,
    `${clock} @ luke: hi`,
  ]);
  const plain = feedOf(false);
  textsOf(plain, welcome);
  assertEquals(textsOf(plain, message("private", "hi", at + day)), [
    "@ luke: hi",
  ]);
});

Deno.test("MessageFeed: mentions are marked and ring, as whole words only", () => {
  const feed = feedOf();
  assertEquals(textsOf(feed, message("group", "Yoda, come")), [
    `${clock} #>jedi, luke: Yoda, come`,
  ]);
  for (const text of ["yodas", "xyoda", "ayodab"]) {
    assert(!feed.rings(message("group", text)), text);
  }
  for (const text of ["yoda", "@yoda!", "(YODA)"]) {
    assert(feed.rings(message("group", text)), text);
  }
  assert(feed.rings(message("private", "hi")));
  assert(!feed.rings(message("broadcast", "hi")));
  const coloured = new MessageFeed({
    palette: colourPalette,
    timestamps: false,
  });
  coloured.user = "yoda";
  const [line] = coloured.lines(message("group", "hi yoda"), at);
  assert(line?.text.endsWith("hi \x1b[7myoda\x1b[0m"), line?.text);
});

Deno.test("MessageFeed: a name with signs in it is no pattern", () => {
  const feed = feedOf();
  feed.user = "a.b-c";
  assert(feed.rings(message("group", "a.b-c!")));
  assert(!feed.rings(message("group", "axb-c")));
});

Deno.test("MessageFeed: nobody can draw on another's terminal", () => {
  const hostile = "\x1b[2J\u202e\x07\r\nyoda";
  const feed = feedOf();
  const event = {
    event: "message",
    id: 1,
    kind: "group",
    number: 1,
    at,
    from: hostile,
    group: hostile,
    text: hostile,
    kept: false,
  } as const;
  const all: ClientEvent[] = [
    event,
    { ...event, kind: "private" },
    { event: "private-message", session: 1, at, from: hostile, text: hostile },
  ];
  for (const each of all) {
    for (const text of textsOf(feed, each)) {
      assert(!/[\x00-\x1f\u202e]/.test(text), text);
    }
  }
});

Deno.test("MessageFeed: a message of one's own has a mark, also without colour and time", () => {
  const own = {
    kind: "private",
    to: ["luke", "\x1b[2J"],
    text: "hi\nyoda",
  } as const;
  const texts = (lines: readonly { text: string }[]) =>
    lines.map(({ text }) => text);
  const feed = feedOf(false);
  assertEquals(texts(feed.own(own, "sent", at, "kept")), [
    "@✓yoda to luke, ␛[2J: hi",
    "      yoda",
    "- kept",
  ]);
  assertEquals(texts(feed.waiting({ ...own, text: "hi" }, at)), [
    "@…yoda to luke, ␛[2J: hi",
  ]);
  // A day begins with what is printed, not with what waits.
  const timed = feedOf();
  assertEquals(timed.waiting("/who\n", at).length, 2);
  assertEquals(texts(timed.own({ ...own, text: "hi" }, "failed", at)), [
    `--- ${formatDay(at)} ---`,
    `${clock} @!yoda to luke, ␛[2J: hi`,
  ]);
});

Deno.test("MessageFeed: what this user ended is told as what happened, not as a failure", () => {
  const file = {
    transfer: 1,
    kind: "file",
    user: "luke",
    name: "a.mp4",
  } as const;
  const rest = { size: 9, bytes: 0, rate: 0, paused: false } as const;
  const session = { session: 2, kind: "session", user: "luke" } as const;
  const colours = new MessageFeed({ palette: colourPalette, timestamps: true });
  for (const direction of ["incoming", "outgoing"] as const) {
    for (const state of ["rejected", "cancelled"] as const) {
      const events = [
        {
          event: "transfer",
          info: { ...file, ...rest, direction, state },
          message: "why",
        },
        {
          event: "session",
          info: { ...session, direction, state },
          message: "why",
        },
      ] as const;
      for (const event of events) {
        const [bad = ""] = textsOf(feedOf(), event);
        assert(bad.startsWith(`${clock} ! `), bad);
        const [plain = ""] = textsOf(feedOf(), { ...event, own: true });
        assertEquals(plain, bad.replace(" ! ", " - "));
        const [red = ""] = textsOf(colours, event);
        const [other = ""] = textsOf(colours, { ...event, own: true });
        const error = colourPalette.error("").slice(0, 5);
        assert(red.includes(error) && !other.includes(error), other);
      }
    }
  }
});

Deno.test("MessageFeed: a text of several lines is indented under its sender", () => {
  const text = `one yoda\n\ttwo\n${clock} @ leia: forged`;
  assertEquals(textsOf(feedOf(), message("private", text)), [
    `${clock} @>luke: one yoda`,
    "                   two",
    `               ${clock} @ leia: forged`,
  ]);
  const many = textsOf(feedOf(), message("private", "\n".repeat(4095)));
  assertEquals(many.length, 201);
  assertEquals(many.at(-1)?.trim(), "… 3896 more lines");
});

Deno.test("MessageFeed: what was said before looks as it did then, with its numbers", () => {
  const feed = feedOf();
  feed.lines(welcome, at);
  const day = 24 * 3600 * 1000;
  const said = (number: number, from: string, more: object, days = 0) => {
    const time = at - days * day;
    return { id: number, kind: "private", number, at: time, from, ...more };
  };
  const messages = [
    said(9, "luke", { to: "yoda", text: "one" }, 1),
    said(10, "yoda", { to: "luke", text: "two\n\tyoda" }),
    said(2, "luke", { kind: "group", group: "jedi", text: "yoda?" }),
    said(11, "luke", { kind: "broadcast", text: "", deleted: true }),
  ];
  const past = (command: string, answer: object) =>
    ({
      event: "result",
      n: 1,
      outcome: { command, ok: true, answer },
    }) as unknown as ClientEvent;
  const answer = { messages, earlier: "/history luke before 4" };
  const lines = [
    "earlier messages: /history more",
    `--- ${formatDay(at - day)} ---`,
    ` 9  ${clock} @ luke: one`,
    `--- ${formatDay(at)} ---`,
    `10  ${clock} @ yoda to luke: two`,
    "                       yoda",
    ` 2  ${clock} # jedi, luke: yoda?`,
    `11  ${clock} * luke to all: (deleted)`,
  ];
  assertEquals(textsOf(feed, past("history", answer)), lines);
  // The day of the next line is that of the last one shown.
  assertEquals(textsOf(feed, message("private", "hi")), [
    `${clock} @ luke: hi`,
  ]);
  assertEquals(textsOf(feed, past("rdm", answer)), lines);
  assertEquals(textsOf(feed, past("history", { messages: [] })), [
    "- no messages",
  ]);
  assertEquals(textsOf(feed, past("search", { messages: [] })), [
    "- no messages with these words",
  ]);
  // It goes on with the search.
  const more = { messages: [], earlier: "/search yoda before 7" };
  assertEquals(textsOf(feed, past("search", more)), [
    "earlier messages were not looked at: /search more",
  ]);
});

Deno.test("MessageFeed: the second column of a table stays one when it is wrapped", () => {
  const feed = feedOf();
  const entry = (usage: string) => ({
    ...{ group: "Messages", usage, summary: "say something" },
    ...{ example: usage, aliases: [], words: [] },
  });
  const answer = { entries: [entry("/msgto USER TEXT"), entry("/chat")] };
  const outcome = { command: "help", ok: true, answer } as const;
  const lines = feed.lines({ event: "result", n: 1, outcome }, at);
  assertEquals(lines.map(({ text, indent }) => [text.indexOf("say"), indent]), [
    [-1, 4],
    [20, 20],
    [20, 20],
  ]);
});
