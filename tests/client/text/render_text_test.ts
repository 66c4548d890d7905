import { assert, assertEquals } from "@std/assert";
import type {
  ClientEvent,
  CommandAnswers,
  CommandSuccess,
} from "../../../lib/client/events/client_event.ts";
import { colourPalette, plainPalette } from "../../../lib/cli/palette.ts";
import { renderJson } from "../../../lib/client/text/json.ts";
import {
  renderText,
  renderWithoutNumbers,
} from "../../../lib/client/text/render_text.ts";
import { runningTransfer as info } from "../running_transfer.ts";
import { formatTime } from "../../../lib/base/time.ts";

const at = Date.UTC(2026, 5, 1, 12, 0, 0);
const time = formatTime(at);

function text(event: ClientEvent): string[] {
  return renderText(event, plainPalette);
}

Deno.test("renderText: messages and what becomes of commands", () => {
  const message = {
    event: "message",
    id: 1,
    number: 1,
    at,
    from: "yoda",
    text: "hi",
    kept: false,
  } as const;
  assertEquals(text({ ...message, kind: "private" }), [`${time}, yoda: hi`]);
  assertEquals(text({ ...message, kind: "group", group: "jedi" }), [
    `${time}, jedi, yoda: hi`,
  ]);
  assertEquals(text({ ...message, kind: "broadcast" }), [
    `${time}, yoda to all: hi`,
  ]);
  const deleted = { event: "deleted", number: 12, at, from: "yoda" } as const;
  assertEquals(text({ ...deleted, kind: "private" }), [
    "yoda took back message 12",
  ]);
  assertEquals(text({ ...deleted, kind: "private", text: "do or do…" }), [
    'yoda took back "do or do…"',
  ]);
  assertEquals(text({ ...deleted, kind: "group", group: "jedi" }), [
    "yoda took back message 12 in jedi",
  ]);
  assertEquals(text({ event: "presence", user: "luke", online: true, at }), [
    "luke is online",
  ]);
  assertEquals(text({ event: "presence", user: "luke", online: false, at }), [
    "luke is offline",
  ]);
  assertEquals(text({ event: "goodbye", user: "yoda" }), ["Bye, yoda!"]);
  const [first] = text({
    event: "welcome",
    user: "yoda",
    waiting: 2,
    resumed: false,
  });
  assertEquals(first, "Welcome to Parley, yoda!");
  const answer = {
    users: [{ user: "leia", since: at, ip: "::1", udpPort: 7 }],
  };
  const who = { command: "activeuser", ok: true } as const;
  assertEquals(text({ event: "result", n: 1, outcome: { ...who, answer } }), [
    `leia, active since ${time}, [::1]:7`,
  ]);
  assertEquals(
    text({ event: "result", n: 1, outcome: { ...who, answer: { users: [] } } }),
    ["no other active user"],
  );
  const sent = [{ to: "leia", number: 1, kept: true }, {
    to: "luke",
    number: 2,
    kept: false,
  }];
  const kept = { command: "msgto", ok: true, answer: { at, sent } } as const;
  assertEquals(text({ event: "result", n: 1, outcome: kept }), [
    `message sent at ${time}, kept for leia, who is offline (numbers 1, 2)`,
  ]);
  const event = { event: "result", n: 1, outcome: kept } as const;
  assertEquals(renderWithoutNumbers(event, plainPalette), [
    `message sent at ${time}; kept for leia, who is offline`,
  ]);
});

Deno.test("renderText: history, who was there, what was deleted", () => {
  const result = (outcome: CommandSuccess) =>
    text({ event: "result", n: 1, outcome });
  const common = { at, from: "yoda", text: "hi" };
  const messages = [
    { ...common, id: 4, kind: "private", number: 3, to: "luke" },
    { ...common, id: 5, kind: "group", number: 1, group: "jedi" },
    { ...common, id: 6, kind: "broadcast", number: 4, text: "", deleted: true },
  ] as const;
  const history = { command: "history", ok: true } as const;
  const earlier = "/history before 4";
  const answer = { messages: [...messages], before: 4, earlier };
  assertEquals(result({ ...history, answer }), [
    "earlier messages: /history more",
    `3; ${time}, yoda to luke: hi`,
    `1; ${time}, jedi, yoda: hi`,
    `4; ${time}, yoda to all: (deleted)`,
  ]);
  assertEquals(result({ ...history, answer: { messages: [] } }), [
    "no messages",
  ]);
  const search = { command: "search", ok: true } as const;
  assertEquals(result({ ...search, answer: { messages: [] } }), [
    "no messages with these words",
  ]);
  const since = { command: "whoelsesince", ok: true } as const;
  const users = [{ user: "leia", online: true, at }, {
    user: "luke",
    online: false,
    at,
  }];
  assertEquals(result({ ...since, answer: { users, total: 5 } }), [
    "leia, online now",
    `luke, last seen ${time}`,
    "and 3 more",
  ]);
  assertEquals(result({ ...since, answer: { users: [], total: 0 } }), [
    "nobody else was online",
  ]);
  const deletion = { at, number: 13, deleted: 12 };
  assertEquals(
    result({ command: "deletemsg", ok: true, answer: deletion }),
    [`message 12 deleted at ${time}`],
  );
  const sent = { at, number: 9, partial: true };
  assertEquals(
    result({ command: "broadcast", ok: true, answer: sent }),
    [
      `message sent at ${time}, but some could not get it (number 9)`,
    ],
  );
});

Deno.test("renderText: no line of a text looks like a line of its own", () => {
  const text = "one\n01 Jun 2026 21:39:04, yoda: forged\n\tthree";
  const message = { id: 1, number: 1, at, from: "luke", text, kept: false };
  const [first, ...others] = renderText(
    { event: "message", kind: "private", ...message },
    plainPalette,
  );
  assert(first?.endsWith(", luke: one"), first);
  assertEquals(others, [
    "    01 Jun 2026 21:39:04, yoda: forged",
    "        three",
  ]);
  const private_ = { session: 1, at, from: "luke", text } as const;
  const said = renderText(
    { event: "private-message", ...private_ },
    plainPalette,
  );
  assertEquals(said.slice(1), others);
  const answer = { messages: [{ ...message, kind: "private", to: "yoda" }] };
  const outcome = { command: "history", ok: true, answer } as const;
  const history = renderText(
    { event: "result", n: 1, outcome } as unknown as ClientEvent,
    plainPalette,
  );
  assertEquals(history.slice(1), others);
});

Deno.test("renderText: nobody can draw on another's terminal", () => {
  const hostile = "\x1b[2J\u202e\x07";
  const events: ClientEvent[] = [
    {
      event: "message",
      id: 1,
      kind: "group",
      group: hostile,
      number: 1,
      at,
      from: hostile,
      text: hostile,
      kept: false,
    },
    { event: "presence", user: hostile, online: true, at },
    { event: "invited", group: hostile, by: hostile, leaderOnly: false, at },
    { event: "joined", group: hostile, user: hostile, at },
    { event: "disconnected", code: "x", message: hostile, retrying: true },
    { event: "login-failed", code: "x", message: hostile },
    { event: "welcome", user: hostile, waiting: 0, resumed: false },
    { event: "goodbye", user: hostile },
    {
      event: "transfer",
      info: { ...info, name: hostile, user: hostile, state: "failed" },
      message: hostile,
    },
    {
      event: "result",
      n: 1,
      outcome: { command: "msgto", ok: false, code: "x", message: hostile },
    },
    {
      event: "peer-key",
      user: hostile,
      safetyNumber: hostile,
      formerly: hostile,
      message: hostile,
    },
    {
      event: "key-changed",
      user: hostile,
      safetyNumber: hostile,
      verified: true,
      message: hostile,
    },
    {
      event: "offer-refused",
      user: hostile,
      kind: "file",
      name: hostile,
      code: "x",
      message: hostile,
    },
    {
      event: "result",
      n: 2,
      outcome: {
        command: "verify",
        ok: true,
        answer: {
          user: hostile,
          safetyNumber: hostile,
          trust: "changed",
          formerly: hostile,
        },
      },
    },
  ];
  for (const event of events) {
    for (const line of text(event)) {
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x1f\u202e]/.test(line), event.event);
    }
  }
});

Deno.test("renderText: tells about people", () => {
  const told = (outcome: CommandSuccess) =>
    text({ event: "result", n: 1, outcome });
  const ok = true;
  assertEquals(
    told({ command: "block", ok, answer: { user: "luke" } }),
    ["luke is blocked: neither of you can reach or see the other"],
  );
  assertEquals(
    told({ command: "unblock", ok, answer: { user: "luke" } }),
    ["luke is no longer blocked"],
  );
  const users = [{ user: "luke", since: at }];
  assertEquals(told({ command: "blocked", ok, answer: { users } }), [
    `luke, blocked since ${time}`,
  ]);
  assertEquals(told({ command: "blocked", ok, answer: { users: [] } }), [
    "you have blocked nobody",
  ]);
  const profile = (answer: CommandAnswers["profile"]) =>
    told({ command: "profile", ok, answer });
  assertEquals(
    profile({
      user: "yoda",
      fields: { status: "hm\u001b[2J", hometown: "Dagobah" },
      online: true,
      since: at,
    }),
    [`yoda, online since ${time}`, "  hometown: Dagobah", "  status:   hm␛[2J"],
  );
  assertEquals(
    profile({ user: "yoda", fields: {}, online: false, lastSeen: at }),
    [`yoda, last seen ${time}, has filled in nothing`],
  );
  assertEquals(profile({ user: "yoda", fields: {} }), [
    "yoda, has filled in nothing",
  ]);
  const set = (value: string) =>
    told({ command: "setprofile", ok, answer: { field: "status", value } });
  assertEquals(set("x"), ["your status is now: x"]);
  assertEquals(set(""), ["your status is cleared"]);
  const shown = (value: string) => {
    const answer = { field: "status", value, unchanged: true } as const;
    return told({ command: "setprofile", ok, answer });
  };
  assertEquals(shown("x"), ["your status is: x"]);
  assertEquals(shown(""), ["you have set no status"]);
  assertEquals(told({ command: "changepassword", ok, answer: {} }), [
    "password changed",
  ]);
  const answer = { from: "yoda", to: "master" };
  assertEquals(told({ command: "rename", ok, answer }), [
    "you are now known as master",
  ]);
  assertEquals(text({ event: "renamed", ...answer }), [
    "yoda is now known as master",
  ]);
  assertEquals(text({ event: "renamed", ...answer, me: true }), [
    "you are now known as master",
  ]);
  assertEquals(text({ event: "changed", what: "profile" }), []);
  const renamed = { what: "devices", from: "vm-2", to: "sofa" } as const;
  assertEquals(text({ event: "changed", ...renamed }), [
    "your device vm-2 is now sofa",
  ]);
});

Deno.test("renderText: tells who logs in beside others which device it is", () => {
  const welcome = { user: "yoda", waiting: 0, resumed: false };
  const beside = (others: number) =>
    text({ event: "welcome", ...welcome, device: "laptop-2", others }).at(-1);
  assertEquals(
    beside(1),
    "This is laptop-2; another device of yours is online (/devices).",
  );
  assertEquals(
    beside(2),
    "This is laptop-2; 2 other devices of yours are online (/devices).",
  );
  assert(beside(0)?.startsWith("no messages waited"));
  const visit = text({ event: "welcome", ...welcome, visit: true });
  assert(visit.at(-1)?.startsWith("Type /help"));
  const event = { event: "welcome", ...welcome } as const;
  assertEquals(renderWithoutNumbers(event, plainPalette), [
    "Welcome to Parley, yoda!",
    "Type /help for the commands, /logout to leave.",
  ]);
});

Deno.test("renderText: tells about the user's devices", () => {
  const told = (outcome: CommandSuccess) =>
    text({ event: "result", n: 1, outcome });
  const ok = true;
  const device = { since: at, ip: "192.0.2.7", lastActive: at };
  const devices = [
    { ...device, name: "laptop", online: true, current: true, key: true },
    { ...device, name: "phone", online: true },
    { ...device, name: "desk", online: false, ip: "" },
  ];
  assertEquals(told({ command: "devices", ok, answer: { devices } }), [
    `laptop, this one, online, first login ${time}, 192.0.2.7, has your key`,
    `phone, online, first login ${time}, 192.0.2.7`,
    `desk, last online ${time}, first login ${time}`,
  ]);
  assertEquals(
    told({ command: "logoutdevice", ok, answer: { device: "desk" } }),
    ["desk is logged out"],
  );
  const answer = { from: "desk", to: "attic" };
  assertEquals(told({ command: "renamedevice", ok, answer }), [
    "desk is now attic",
  ]);
  const login = { device: "Luke's phone", ip: "192.0.2.7", at };
  assertEquals(text({ event: "device-login", ...login }), []);
  assertEquals(text({ event: "device-login", ...login, new: true }), [
    "a new device logged in as you: Luke's phone from 192.0.2.7; not you? " +
    '/logoutdevice "Luke\'s phone" and /changepassword',
  ]);
});

Deno.test("renderText, renderJson: that something has arrived, where it had waited", () => {
  const delivered = { event: "delivered", to: "luke", number: 7 } as const;
  assertEquals(text(delivered), []);
  assertEquals(text({ ...delivered, kept: true }), [
    "what was kept for luke has arrived",
  ]);
  assertEquals(JSON.parse(renderJson(delivered)), delivered);
});

Deno.test("renderText, renderJson: what others keep for the user", () => {
  const of = (...users: string[]) =>
    ({
      event: "offers-later",
      from: users.map((user) => ({ user, since: at })),
    }) as const;
  assertEquals(text(of("luke")), [
    "luke has something for you; it is offered when you are both online",
  ]);
  assertEquals(text(of("luke", "leia")), [
    "luke, leia have something for you; it is offered when they are online, too",
  ]);
  const since = "2026-06-01T12:00:00.000Z";
  assertEquals(JSON.parse(renderJson(of("luke"))).from, [
    { user: "luke", since },
  ]);
});

Deno.test("renderText: names keep their colour, and only a palette makes colour", () => {
  const event: ClientEvent = {
    event: "presence",
    user: "luke",
    online: true,
    at,
  };
  assertEquals(
    renderText(event, colourPalette),
    renderText(event, colourPalette),
  );
  assert(renderText(event, colourPalette)[0]?.includes("\x1b["));
  assert(!text(event)[0]?.includes("\x1b["));
});
