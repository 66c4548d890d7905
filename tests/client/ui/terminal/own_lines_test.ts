import { assert, assertEquals } from "@std/assert";
import { formatClock, formatDay } from "../../../../lib/base/time.ts";
import type {
  ClientEvent,
  CommandOutcome,
} from "../../../../lib/client/events/client_event.ts";
import type { Command } from "../../../../lib/client/commands/table.ts";
import { withoutStyle } from "../../../../lib/client/text/styled_text.ts";
import { ShownScreen } from "../../../support/shown_screen.ts";

const at = Date.UTC(2026, 5, 1, 12, 0, 0);
const clock = formatClock(at);
const day = `--- ${formatDay(at)} ---`;
const welcome: ClientEvent = {
  event: "welcome",
  user: "yoda",
  waiting: 0,
  resumed: true,
};
const lost: ClientEvent = {
  event: "disconnected",
  code: "connection_lost",
  message: "gone",
  retrying: true,
};

/** A client whose session is open. */
function screenOf(columns: number, rows = 24): ShownScreen {
  const screen = new ShownScreen({ columns, rows }, at);
  screen.tell(welcome);
  return screen;
}

/** Enters a line as line number `n`, which begins at once. */
function enter(screen: ShownScreen, n: number, command: Command): void {
  hold(screen, n, "text" in command ? command.text : command.command);
  begin(screen, n, command);
}

/** Enters a line, which does not begin yet. */
function hold(screen: ShownScreen, n: number, text: string): void {
  screen.own.enter(text, [{ text: `yoda> ${text}`, indent: 2 }], at);
  screen.own.handleSubmitted(n);
}

function begin(screen: ShownScreen, n: number, command: Command): void {
  screen.tell({ event: "begun", n, at, command });
}

function settle(screen: ShownScreen, n: number, outcome: CommandOutcome): void {
  screen.tell({ event: "result", n, outcome });
}

function toLuke(text: string): Command {
  return { command: "msgto", to: ["luke"], text };
}

function sent(to: string, number: number, kept = false): CommandOutcome {
  const answer = { at, sent: [{ to, number, kept }] };
  return { command: "msgto", ok: true, answer };
}

/** The rows between the news of the login and the line being typed. */
async function shown(screen: ShownScreen): Promise<string[]> {
  const rows = await screen.rows();
  const start = rows.findIndex((row) => row.includes("waited"));
  return rows.slice(start + 1, -2);
}

const long =
  "the council meets at noon, and whoever comes late misses the film";

Deno.test("OwnLines: a message waits with a mark and is printed with another one once the server has it", async () => {
  const pages: Record<number, (mark: string) => string[]> = {
    40: (mark) => [
      `${clock} @${mark}yoda to luke: the council`,
      "           meets at noon, and whoever",
      "           comes late misses the film",
    ],
    80: (mark) => [
      `${clock} @${mark}yoda to luke: the council meets at noon, and whoever comes late`,
      "           misses the film",
    ],
    100: (mark) => [`${clock} @${mark}yoda to luke: ${long}`],
  };
  for (const [columns, rowsWith] of Object.entries(pages)) {
    using screen = screenOf(Number(columns));
    enter(screen, 1, toLuke(long));
    assertEquals(await shown(screen), rowsWith("…"));
    settle(screen, 1, sent("luke", 1));
    assertEquals(await shown(screen), rowsWith("✓"));
    const rows = await screen.rows();
    assertEquals(rows[0], day);
    assert(rows.at(-1)?.startsWith("-- yoda"), rows.join("\n"));
  }
});

Deno.test("OwnLines: more is said only of what does not go as expected", async () => {
  const pages: Record<number, string[]> = {
    40: [
      `${clock} @✓yoda to hans: hello`,
      `${clock} - kept for hans, who is offline`,
      `${clock} #✓jedi, yoda: hello`,
      `${clock} - nobody got it: nobody else`,
      "           has joined jedi; invited:",
      "           luke",
      `${clock} *✓yoda to all: hello`,
      `${clock} - some could not get it`,
      `${clock} @!yoda to nobody: hello`,
      `${clock} ! There is no user nobody`,
      `${clock} = yoda to leia (private): hello`,
    ],
    80: [
      `${clock} @✓yoda to hans: hello`,
      `${clock} - kept for hans, who is offline`,
      `${clock} #✓jedi, yoda: hello`,
      `${clock} - nobody got it: nobody else has joined jedi; invited: luke`,
      `${clock} *✓yoda to all: hello`,
      `${clock} - some could not get it`,
      `${clock} @!yoda to nobody: hello`,
      `${clock} ! There is no user nobody`,
      `${clock} = yoda to leia (private): hello`,
    ],
  };
  pages[100] = pages[80]!;
  const text = "hello";
  for (const [columns, lines] of Object.entries(pages)) {
    using screen = screenOf(Number(columns));
    enter(screen, 1, { command: "msgto", to: ["hans"], text });
    settle(screen, 1, sent("hans", 1, true));
    enter(screen, 2, { command: "groupmsg", group: "jedi", text });
    const alone = { at, number: 1, alone: true, invited: ["luke"] };
    settle(screen, 2, {
      command: "groupmsg",
      ok: true,
      answer: { ...alone, group: "jedi" },
    });
    enter(screen, 3, { command: "broadcast", text });
    settle(screen, 3, {
      command: "broadcast",
      ok: true,
      answer: { at, number: 2, partial: true },
    });
    enter(screen, 4, { command: "msgto", to: ["nobody"], text });
    settle(screen, 4, {
      command: "msgto",
      ok: false,
      code: "unknown_user",
      message: "There is no user nobody",
    });
    enter(screen, 5, { command: "private", user: "leia", text });
    settle(screen, 5, {
      command: "private",
      ok: true,
      answer: { user: "leia" },
    });
    assertEquals(await shown(screen), lines);
  }
});

Deno.test("OwnLines: a message of several lines is one, whose lines look like no others", async () => {
  const text = `one\n${clock} @ luke: forged\n\ttwo`;
  for (const columns of [40, 80, 100]) {
    using screen = screenOf(columns);
    enter(screen, 1, toLuke(text));
    settle(screen, 1, sent("luke", 1));
    const place = { id: 2, number: 2, at, from: "luke" };
    const kind = "private";
    screen.tell({ event: "message", kind, ...place, text, kept: false });
    const others = [
      `               ${clock} @ luke: forged`,
      "                   two",
    ];
    assertEquals(await shown(screen), [
      `${clock} @✓yoda to luke: one`,
      ...others,
      `${clock} @ luke: one`,
      ...others,
    ]);
  }
});

Deno.test("OwnLines: other lines are printed at once, those typed offline when the connection is back", async () => {
  using screen = screenOf(80);
  enter(screen, 1, { command: "groups" });
  assertEquals(await shown(screen), ["yoda> groups"]);
  settle(screen, 1, { command: "groups", ok: true, answer: { groups: [] } });
  screen.tell(lost);
  enter(screen, 2, { command: "members", group: "jedi" });
  enter(screen, 3, toLuke("hello"));
  // It waits for the answer to another line, and is told to begin later.
  hold(screen, 4, "for whom?");
  const before = [
    "yoda> groups",
    `${clock} - you are in no group chat`,
    `${clock} ! gone; trying again until it works, what you send waits`,
  ];
  assertEquals(screen.own.waiting, 3);
  assertEquals(await shown(screen), [
    ...before,
    `${clock} -…members`,
    `${clock} @…yoda to luke: hello`,
    `${clock} -…for whom?`,
  ]);
  screen.tell(welcome);
  const { waiting } = screen.own;
  assertEquals(waiting, 2);
  begin(screen, 4, { command: "groupmsg", group: "jedi", text: "for whom?" });
  const back = `${clock} - connected again; no messages waited for you`;
  const rows = await screen.rows();
  assertEquals(rows.slice(rows.lastIndexOf(back), -2), [
    back,
    "yoda> members",
    `${clock} @…yoda to luke: hello`,
    `${clock} #…jedi, yoda: for whom?`,
  ]);
});

Deno.test("OwnLines: what could not be sent in the end is told with its text", async () => {
  using screen = screenOf(80);
  screen.tell(lost);
  enter(screen, 1, toLuke("hello"));
  hold(screen, 2, "and this");
  const message = "The session ended before this was done";
  const failed = { ok: false, code: "not_confirmed", message } as const;
  settle(screen, 1, { command: "msgto", ...failed });
  settle(screen, 2, { command: "", ...failed });
  assertEquals((await shown(screen)).slice(1), [
    `${clock} @!yoda to luke: hello`,
    `${clock} ! ${message}`,
    "yoda> and this",
    `${clock} ! ${message}`,
  ]);
  assertEquals(screen.own.waiting, 0);
});

Deno.test("OwnLines: takes no more rows than there are", () => {
  using screen = screenOf(40);
  assertEquals(screen.own.rows(39, 3), []);
  const rows = (most: number) => screen.own.rows(39, most);
  const head = `${clock} @…yoda to luke: `;
  const text = (row = "") => withoutStyle(row);
  enter(screen, 1, toLuke(`${"word ".repeat(40)}`));
  assertEquals(rows(3).length, 3);
  assert(text(rows(3).at(-1)).endsWith("word…"), rows(3).join("\n"));
  for (let n = 2; n <= 5; n++) enter(screen, n, toLuke(`number ${n}`));
  assertEquals(rows(1).map(text), ["… 5 lines"]);
  assertEquals(text(rows(2)[1]), "… 4 more");
  settle(screen, 1, sent("luke", 1));
  const four = [2, 3, 4, 5].map((n) => `${head}number ${n}`);
  assertEquals(rows(4).map(text), four);
  assertEquals(rows(3).map(text), [...four.slice(0, 2), "… 2 more"]);
});

Deno.test("OwnLines: what others entered is not this user's", async () => {
  using screen = screenOf(80);
  begin(screen, 7, toLuke("from a window"));
  assertEquals(await shown(screen), []);
  assertEquals(screen.own.waiting, 0);
});
