/**
 * Whatever a server, another client or a file name puts into anything that the
 * client shows, nothing of it reaches the terminal as a control character. The
 * tables have an entry for every event, every command and every state: a new
 * one does not compile without.
 */
import { assert, assertEquals } from "@std/assert";
import type { CallInfo } from "../../lib/client/commands/call_info.ts";
import { complete } from "../../lib/client/ui/terminal/completer.ts";
import type {
  ClientEvent,
  CommandAnswers,
  CommandOutcome,
  PrivateSessionState,
  TransferInfo,
  TransferState,
} from "../../lib/client/events/client_event.ts";
import { LineEditor } from "../../lib/client/ui/terminal/line_editor.ts";
import { colourPalette, plainPalette } from "../../lib/cli/palette.ts";
import {
  promptText,
  statusBar,
} from "../../lib/client/ui/terminal/status_rows.ts";
import { renderJson } from "../../lib/client/text/json.ts";
import { renderText } from "../../lib/client/text/render_text.ts";
import { ClientView } from "../../lib/client/events/client_view.ts";
import { MessageFeed } from "../../lib/client/text/message_feed.ts";
import { statusText } from "../../lib/client/text/status_text.ts";
import { transferRows } from "../../lib/client/ui/terminal/transfer_rows.ts";
import { visible } from "../../lib/base/text.ts";
import { assertHarmless, hostileText } from "../support/hostile_text.ts";

const x = hostileText;
const at = 1_780_000_000_000;

const states: Record<TransferState, true> = {
  preparing: true,
  offered: true,
  waiting: true,
  running: true,
  verified: true,
  failed: true,
  rejected: true,
  cancelled: true,
  answered: true,
};
const sessionStates: Record<PrivateSessionState, true> = {
  preparing: true,
  offered: true,
  connecting: true,
  open: true,
  closed: true,
  failed: true,
  rejected: true,
  cancelled: true,
  answered: true,
};

const directions = ["incoming", "outgoing"] as const;
const infos: TransferInfo[] = directions.flatMap((direction) =>
  (Object.keys(states) as TransferState[]).flatMap((state) =>
    [true, false].map((paused) => ({
      ...{ transfer: 1, direction, kind: "file", user: x, name: x, size: 9 },
      ...{ device: x, group: x, left: 2, since: at },
      ...{ state, bytes: 4, rate: 3, paused, via: "relay", address: x },
      ...{ rtt: 1, loss: 0.1, why: x, silence: 5_000 },
      ...(paused ? { pausedBy: ["me", "user"] } as const : {}),
    } as const))
  )
);
const sessions = directions.flatMap((direction) =>
  (Object.keys(sessionStates) as PrivateSessionState[]).map((state) =>
    ({
      ...{ session: 1, direction, kind: "session", user: x, device: x },
      state,
    }) as const
  )
);
const callStates = ["ringing", "connecting", "open", "ended"] as const;
const calls: CallInfo[] = directions.flatMap((direction) =>
  callStates.flatMap((state) => {
    const media = direction === "incoming" ? "voice" : "video";
    const member = { user: x, state, compared: false, reason: x };
    const about = { call: 1, direction, from: x, media, state, at } as const;
    return [
      { ...about, user: x, members: [member] },
      { ...about, group: x, since: at, members: [member], reason: x },
    ];
  })
);
const summary = { ms: 1, rate: 2, digest: x, path: x, resumed: 3 };
const [info] = infos;
const [session] = sessions;
assert(info && session);
const created = {
  ...{ at, group: x, leader: x, leaderOnly: true },
  ...{ members: [x], invited: [x] },
};
const past = {
  ...{ id: 1, number: 1, at, from: x, text: x, kept: false },
  ...{ deleted: false, to: x, group: x },
};
const history = {
  messages: [
    { ...past, kind: "group" },
    { ...past, kind: "private" },
    { number: 1, at, from: x, text: x, kind: "broadcast", deleted: true },
  ],
  more: false,
  earlier: x,
};
const results = [
  { ok: true, ...info, ...summary },
  { user: x, ok: false, code: x, message: x },
];

/** What each command can answer; loosely typed: only the strings matter. */
const setting = { group: x, history: true };
const answers: Record<keyof CommandAnswers, readonly object[]> = {
  msgto: [true, false].map((kept) => ({
    at,
    sent: [{ to: x, number: 1, kept }],
  })),
  broadcast: [{ at, number: 1, partial: true }],
  offer: [{
    ...{ ...info, files: 2, roots: 2 },
    entries: [true, false].map((isFolder) => ({
      ...{ path: x, isFolder, size: 1 },
      ...{ modified: at, isExecutable: isFolder },
    })),
  }],
  activeuser: [{ users: [{ user: x, since: at, ip: x, udpPort: 1 }] }],
  block: [{ user: x }],
  unblock: [{ user: x }],
  blocked: [{ users: [{ user: x, since: at }] }],
  profile: [{
    user: x,
    fields: { name: x, hometown: x, email: x, status: x },
    online: true,
    since: at,
    lastSeen: at,
  }],
  setprofile: [{ field: x, value: x }],
  changepassword: [{}],
  link: ["ask", "approve", "yes", "no", "new"].map((step) => ({ step })),
  rename: [{ from: x, to: x }],
  verify: ["first", "unverified", "verified", "changed"].map((trust) => ({
    ...{ user: x, safetyNumber: x, trust, formerly: x },
  })),
  whoelsesince: [{ users: [{ user: x, online: false, at }], total: 2 }],
  history: [history],
  last: [history],
  rdm: [history],
  seen: [{ with: x, upto: 1 }, { group: x, upto: 1 }, { all: true, upto: 1 }],
  search: [history],
  deletemsg: [{ at, number: 1, deleted: 1 }],
  deletegroupmsg: [{ at, number: 1, deleted: 1, group: x }],
  creategroup: [created],
  createbroadcast: [created],
  joingroup: [created],
  leavegroup: [
    { at, group: x, leader: x, ended: false, declined: false },
    { at, group: x, ended: true, declined: false },
    { at, group: x, ended: false, declined: true },
  ],
  addmember: [{ at, group: x, user: x }],
  removemember: [true, false].map((invited) => ({
    ...{ at, group: x, user: x, invited },
  })),
  promote: [{ at, group: x, leader: x }],
  topic: [{ group: x, topic: x }, { group: x, topic: "" }],
  setgroup: [setting, { group: x, topic: x }],
  groupmsg: [
    { at, number: 1, group: x },
    { at, number: 1, group: x, alone: true, invited: [x] },
  ],
  groups: [{
    groups: [true, false].map((joined) => ({
      ...{ group: x, leader: x, joined, leaderOnly: joined, size: 2 },
    })),
  }],
  members: [{
    ...{ group: x, leader: x, leaderOnly: true, joined: [x], invited: [x] },
    topic: x,
  }],
  call: calls,
  startprivate: sessions,
  private: [{ user: x }],
  stopprivate: [{ user: x }],
  srb: [created],
  chat: [
    { kind: "none" },
    { kind: "user", name: x, ambiguous: true },
    { kind: "group", name: x, ambiguous: true },
  ],
  p2pvideo: infos.map((info) => ({ ...info, ...summary })),
  groupvideo: [{ group: x, name: x, results }],
  limit: [{ limit: 5 }],
  devices: [{
    devices: [true, false].map((online) => ({
      ...{ name: x, since: at, ip: x, lastActive: at, online, current: true },
    })),
  }],
  logoutdevice: [{ device: x }],
  renamedevice: [{ from: x, to: x }],
  gui: [{ address: x, opened: true }, {
    address: x,
    opened: false,
  }],
  notify: [{ notify: true }, { notify: false }],
  presence: [{ presence: "all" }, { presence: "known" }, { presence: "off" }],
  accept: [{ transfer: 1 }],
  receive: infos.map((info) => ({ ...info, ...summary })),
  reject: [{ transfer: 1 }],
  transfers: [{
    ...{ transfers: infos, sessions, calls },
    others: [{
      ...{ device: x, direction: "incoming", user: x, kind: "file" } as const,
      ...{ file: { name: x, size: 9 }, accepted: true },
    }],
  }],
  cancel: [{ transfer: 1 }],
  pause: infos,
  resume: infos,
  help: [],
  logout: [{}],
};

const outcomes: CommandOutcome[] = [
  ...Object.entries(answers).flatMap(([command, all]) =>
    all.map((answer) => ({ command, ok: true, answer }) as CommandOutcome)
  ),
  { command: x, ok: false, code: x, message: x, results: results as never },
];

const unseen = { upto: 1, unread: 2, last: 3 };

type Shown = { [N in ClientEvent["event"]]: readonly object[] };

/** Every event with every string that can come from elsewhere. */
const events: Shown = {
  welcome: [true, false].map((resumed) => ({
    ...{ user: x, waiting: 1, resumed, device: x, others: 1 },
  })),
  "first-contact": [{ server: x, fingerprint: x, message: x }],
  "peer-key": [{ user: x, safetyNumber: x, formerly: x, message: x }],
  "server-set-back": [{
    message: x,
    more: true,
    lost: [
      { kind: "private", to: x, number: 1, at, text: x },
      { kind: "group", group: x, number: 1, at, text: x },
    ],
  }],
  "key-changed": [{ user: x, safetyNumber: x, verified: true, message: x }],
  "offer-refused": [{ user: x, kind: "file", name: x, code: x, message: x }],
  warning: [{ message: x }],
  "login-failed": [{ code: x, message: x }],
  disconnected: [true, false].map((retrying) => ({
    ...{ code: x, message: x, retrying },
  })),
  message: ["private", "group", "broadcast"].map((kind) => ({
    ...{ id: 1, kind, number: 1, at, from: x, group: x, text: x, kept: true },
    ...kind === "private" && { mine: true, to: x },
  })),
  deleted: [
    { kind: "group", number: 1, at, from: x, group: x },
    { kind: "group", number: 1, at, from: x, group: x, text: x },
    { kind: "private", number: 1, at, from: x, mine: true, to: x },
  ],
  delivered: [{ to: x, number: 1, kept: true }],
  seen: [{ with: x, ...unseen }, { group: x, ...unseen }],
  unseen: [{ conversations: [{ with: x, upto: 0, unread: 9 }], last: 9 }],
  presence: [{ user: x, online: true, at }],
  renamed: [{ from: x, to: x }, { from: x, to: x, me: true }],
  "offers-later": [[x], [x, x]].map((users) => ({
    from: users.map((user) => ({ user, since: at })),
  })),
  "device-login": [true, false].map((isNew) => ({
    ...{ device: x, ip: x, at, new: isNew },
  })),
  link: ["asked", "compare", "waiting", "linked", "ended"].map((state) => ({
    ...{ state, device: x, number: "123456", code: x, message: x },
  })),
  changed: [{ what: x, from: x, to: x }],
  invited: [{ group: x, by: x, leaderOnly: true, at }],
  joined: [{ group: x, user: x, at }],
  left: ["left", "declined", "account-removed"].map((why) => ({
    ...{ group: x, user: x, at, why },
  })),
  removed: [true, false].map((me) => ({ group: x, user: x, by: x, at, me })),
  leader: [true, false].map((me) => ({ group: x, leader: x, by: x, at, me })),
  "group-end": [{ group: x, at }],
  "group-set": [{ ...setting, by: x, at }],
  topic: [{ group: x, topic: x, by: x, at }, { group: x, topic: "", at }],
  chat: [{ kind: "group", name: x }, { kind: "none" }],
  transfer: infos.flatMap((info) => [
    { info, summary, message: x },
    { info },
  ]),
  session: sessions.map((info) => ({ info, message: x, unconfirmed: 2 })),
  call: calls.flatMap((info) => [{ info }, { info, message: x, own: true }]),
  "private-message": [{ session: 1, at, from: x, text: x }],
  "private-refused": [{ session: 1, user: x, text: x, message: x }],
  path: infos.map((info) => ({ info })),
  paused: infos.map((info) => ({ info })),
  entry: [{
    transfer: 1,
    entries: [{ path: x, size: 9, state: "failed", why: x }],
    more: 1,
  }],
  progress: infos.map((info) => ({ info })),
  result: outcomes.map((outcome) => ({ n: 1, outcome })),
  goodbye: [{ user: x }],
};

const all = Object.entries(events).flatMap(([event, shapes]) =>
  shapes.map((shape) => ({ event, ...shape }) as ClientEvent)
);

Deno.test("renderText() shows nothing of any event that could draw on a terminal", () => {
  assert(all.length > 150);
  for (const event of all) {
    for (const line of renderText(event, plainPalette)) {
      assertHarmless(line, event.event);
    }
    // The colours are the client's own, and nothing but colours.
    for (const line of renderText(event, colourPalette)) {
      // deno-lint-ignore no-control-regex
      assertHarmless(line.replace(/\x1b\[[0-9;]*m/g, ""), event.event);
    }
  }
});

Deno.test("renderText() shows what it hides from the terminal as signs", () => {
  const [message] = all.filter(({ event }) => event === "message");
  assert(message !== undefined);
  const [line = ""] = renderText(message, plainPalette);
  assert(line.includes(visible(x)));
  assert(line.includes("␛[2J") && line.includes("<U+202E>"));
});

Deno.test("renderJson() prints nothing raw and loses nothing", () => {
  for (const event of all) {
    const line = renderJson(event);
    assertHarmless(line, event.event);
    const parsed: unknown = JSON.parse(line);
    const strings: string[] = [];
    JSON.stringify(parsed, (_, value) => {
      if (typeof value === "string") strings.push(value);
      return value;
    });
    if (event.event === "message") assertEquals(strings.includes(x), true);
  }
});

Deno.test("MessageFeed, statusBar() and statusText() show nothing raw either", () => {
  const view = new ClientView(x);
  for (const palette of [plainPalette, colourPalette]) {
    const feed = new MessageFeed({ palette, timestamps: true });
    feed.user = "a";
    for (const event of all) {
      view.handleEvent(event);
      for (const { text } of feed.lines(event, at)) {
        // deno-lint-ignore no-control-regex
        assertHarmless(text.replace(/\x1b\[[0-9;]*m/g, ""), event.event);
      }
      assertHarmless(statusBar(view, 10_000), "status bar");
      assertHarmless(statusText(view, at), "status text");
      assertHarmless(promptText(view), "prompt");
    }
  }
});

Deno.test("transferRows() are fit for the terminal", () => {
  for (const info of infos) {
    for (const width of [10, 40, 80, 5000]) {
      assertHarmless(transferRows([info], width)[0]!, "status");
    }
  }
});

Deno.test("complete() offers nothing that no key can type", () => {
  const name = (text: string) => `luke${text}`;
  const source = {
    users: () => [name(x), "luke"],
    blocked: () => [name(x)],
    groups: () => [name(x), "jedi"],
    devices: () => [name(x), "luke's phone"],
    sessions: () => [name(x), "leia"],
    files: () => [name(x), "film.mp4"],
  };
  for (
    const line of [
      "/msgto ",
      "/msgto yoda,",
      "/groupmsg ",
      "/p2pvideo luke ",
      "/chat ",
      "/block l",
      "/logoutdevice l",
    ]
  ) {
    const { candidates } = complete(line, source);
    assert(candidates.length > 0, line);
    for (const each of candidates) assertHarmless(each, line);
  }
});

Deno.test("LineEditor draws nothing of what is pasted that could draw itself", () => {
  const editor = new LineEditor("> ", {
    users: () => [],
    blocked: () => [],
    groups: () => [],
    devices: () => [],
    sessions: () => [],
    files: () => [],
  });
  editor.handleKey({ key: "paste", text: x });
  editor.handleKey({ key: "text", text: x });
  assertHarmless(editor.render(5000).text, "line");
  assertHarmless(editor.text, "text");
});
