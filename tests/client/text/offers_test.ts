import { assertEquals } from "@std/assert";
import type {
  ClientEvent,
  PrivateSessionInfo,
  TransferInfo,
} from "../../../lib/client/events/client_event.ts";
import { plainPalette } from "../../../lib/cli/palette.ts";
import { renderJson } from "../../../lib/client/text/json.ts";
import { renderText } from "../../../lib/client/text/render_text.ts";
import { runningTransfer as info } from "../running_transfer.ts";
import { formatTime } from "../../../lib/base/time.ts";

const at = Date.UTC(2026, 5, 1, 12, 0, 0);
const time = formatTime(at);

function text(event: ClientEvent): string[] {
  return renderText(event, plainPalette);
}

Deno.test("renderText: private sessions are told apart in words, not by colour alone", () => {
  const private_ = {
    event: "private-message",
    session: 1,
    at,
    from: "yoda",
    text: "hi\x1b[2J",
  } as const;
  assertEquals(text(private_), [`${time}, yoda (private): hi␛[2J`]);
  assertEquals(
    renderJson(private_),
    `{"event":"private-message","session":1,"at":"2026-06-01T12:00:00.000Z","from":"yoda","text":"hi\\u001b[2J"}`,
  );
  const session = (
    state: PrivateSessionInfo["state"],
    direction: "incoming" | "outgoing" = "outgoing",
    more = {},
  ) =>
    text({
      event: "session",
      info: { session: 2, direction, kind: "session", user: "luke", state },
      ...more,
    });
  assertEquals(session("offered", "incoming"), [
    "luke asks for a private session; /accept 2 or /reject 2",
  ]);
  assertEquals(session("offered"), ["2: asked luke for a private session"]);
  assertEquals(session("connecting"), []);
  assertEquals(session("open"), [
    "2: private session with luke is open; /chat =luke or /private luke TEXT, /stopprivate luke",
  ]);
  const why = { message: "luke left" };
  assertEquals(session("closed", "outgoing", { ...why, unconfirmed: 1 }), [
    "2: private session with luke has ended: luke left",
    "1 private message to luke may not have arrived",
  ]);
  assertEquals(session("failed", "outgoing", { ...why, unconfirmed: 3 }), [
    "2: private session with luke failed: luke left",
    "3 private messages to luke may not have arrived",
  ]);
  assertEquals(
    text({
      event: "private-refused",
      session: 2,
      user: "luke",
      text: "hi",
      message: "try again",
    }),
    ["not sent to luke: try again: hi"],
  );
  const answer = {
    transfers: [],
    sessions: [{
      session: 2,
      direction: "outgoing",
      kind: "session",
      user: "luke",
      state: "open",
    }],
  } as const;
  const outcome = { command: "transfers", ok: true, answer } as const;
  assertEquals(text({ event: "result", n: 1, outcome }), [
    "2: private session with luke, open",
  ]);
});

Deno.test("renderText: what breaks off tells that it goes on when it is sent again", () => {
  const end = { ...info, state: "failed" } as const;
  const message = "luke went off line";
  const event = { event: "transfer", info: end, message } as const;
  const told = "1: a.mp4 to luke failed: luke went off line";
  assertEquals(text(event), [told]);
  assertEquals(text({ ...event, resumable: true }), [
    `${told}; sent again, it goes on where it stopped`,
  ]);
});

Deno.test("renderText: devices are named where there are several", () => {
  const message = "answered on laptop";
  const incoming = {
    ...info,
    direction: "incoming",
    state: "answered",
  } as const;
  assertEquals(
    text({ event: "transfer", info: incoming, message, own: true }),
    ["1: a.mp4 from luke: answered on laptop"],
  );
  const offered = { ...info, device: "laptop", state: "offered" } as const;
  assertEquals(text({ event: "transfer", info: offered }), [
    "1: a.mp4 (2.0 MB) offered to luke@laptop",
  ]);
  const toMe = { ...info, mine: true, state: "offered" } as const;
  assertEquals(text({ event: "transfer", info: toMe }), [
    "1: a.mp4 (2.0 MB) offered to your other devices",
  ]);
  const session: PrivateSessionInfo = {
    ...{ session: 2, direction: "incoming", kind: "session", user: "luke" },
    state: "answered",
  };
  assertEquals(
    text({ event: "session", info: session, message, own: true }),
    ["2: private session with luke: answered on laptop"],
  );
});

Deno.test("renderText: /transfers --all tells what the other devices do", () => {
  const file = { name: "b.mp4", size: 2_000_000 };
  const other = { direction: "outgoing", user: "leia", kind: "file" } as const;
  const answer = {
    transfers: [],
    sessions: [],
    others: [
      { ...other, device: "laptop", file, accepted: true },
      { ...other, file, direction: "incoming", accepted: false },
      { ...other, file: { ...file, roots: 3 }, accepted: false },
      { ...other, device: "desktop", kind: "session", accepted: true },
      { ...other, device: "desktop", kind: "call", accepted: true },
    ],
  } as const;
  const outcome = { command: "transfers", ok: true, answer } as const;
  assertEquals(text({ event: "result", n: 1, outcome }), [
    "on laptop: b.mp4 to leia, 2.0 MB, running",
    "by a command: b.mp4 from leia, 2.0 MB, waiting for the answer",
    "by a command: b.mp4 and 2 more to leia, 2.0 MB, waiting for the answer",
    "on desktop: private session with leia, agreed on",
    "on desktop: call with leia, running",
  ]);
});

Deno.test("renderText: an offer that is refused is named, also of several files", () => {
  const about = {
    event: "offer-refused",
    user: "luke",
    kind: "file",
    name: "b.mp4",
    code: "bad_signature",
    message: "not signed by luke",
  } as const;
  assertEquals([about, { ...about, roots: 3 }].map(text), [
    ["refused b.mp4 from luke: not signed by luke"],
    ["refused b.mp4 and 2 more from luke: not signed by luke"],
  ]);
});

Deno.test("renderText: a transfer of a moment has no rate", () => {
  const sent = (ms: number) =>
    text({
      event: "transfer",
      info: { ...info, size: 12, state: "verified" },
      summary: { ms, rate: 2_000_000 },
    });
  assertEquals(sent(3), ["a.mp4: 12 B to luke, verified"]);
  assertEquals(sent(600), [
    "a.mp4: 12 B to luke in 0.6 s, 2.0 MB/s, verified",
  ]);
});

Deno.test("renderText: a folder that arrived is summed up in a line", () => {
  const folder: TransferInfo = {
    ...{ ...info, direction: "incoming", name: "holiday", state: "verified" },
    ...{ files: 312, roots: 1, size: 1_800_000_000 },
  };
  const event = {
    event: "transfer",
    info: folder,
    summary: { ms: 21_000, rate: 86_000_000, path: "/home/luke/yoda_holiday" },
  } as const;
  assertEquals(text(event), [
    "holiday: 312 files, 1.8 GB from luke in 21 s, 86.0 MB/s, verified, in /home/luke/yoda_holiday",
  ]);
  const running = { ...folder, state: "running", bytes: 0 } as const;
  const begun = [1, 3].flatMap((roots) =>
    text({ event: "transfer", info: { ...running, roots } })
  );
  assertEquals(begun, [
    "1: holiday is coming from luke",
    "1: holiday and 2 more are coming from luke",
  ]);
  const several = { ...running, roots: 2, direction: "outgoing" } as const;
  const told = (["waiting", "rejected", "cancelled"] as const).flatMap(
    (state) => text({ event: "transfer", info: { ...several, state } }),
  );
  const held = { ...several, paused: true, pausedBy: ["me"] } as const;
  const paused = [several, held]
    .flatMap((info) => text({ event: "paused", info }));
  assertEquals([...told, ...paused], [
    "1: holiday and 1 more (312 files, 1.8 GB) wait for luke",
    "1: holiday and 1 more to luke were rejected",
    "1: holiday and 1 more to luke were stopped",
    "1: holiday and 1 more go on",
    "1: holiday and 1 more are paused by you; /resume 1 goes on",
  ]);
  const { path: _, ...summary } = event.summary;
  assertEquals(
    text({
      ...event,
      info: { ...event.info, direction: "outgoing", roots: 3, files: 1 },
      summary: { ...summary, resumed: 1_700_000_000 },
    }),
    [
      "holiday and 2 more: the last 100 MB of 1 file, 1.8 GB to luke in 21 s, 86.0 MB/s, verified",
    ],
  );
  const some = { ...folder, files: 12, leftOut: 300, size: 40_000_000 };
  const mine = { ...some, direction: "outgoing" } as const;
  assertEquals(text({ ...event, info: mine, summary }), [
    "holiday: 12 files, 40.0 MB to luke in 21 s, 86.0 MB/s, verified, luke left out 300 files",
  ]);
  assertEquals(
    text({ event: "transfer", info: { ...mine, state: "running", bytes: 0 } }),
    ["1: holiday is being sent to luke; luke left out 300 files"],
  );
  const unreadablePaths = ["a", "b", "c", "d"].map((name) => `holiday/${name}`);
  const most = { ...mine, leftOut: undefined!, unreadable: 5, unreadablePaths };
  assertEquals(text({ ...event, info: most, summary }), [
    "holiday: 12 files, 40.0 MB to luke in 21 s, 86.0 MB/s, verified, without " +
    '5 files that cannot be read ("holiday/a", "holiday/b", "holiday/c" and 2 more)',
  ]);
  // Sent again, though all of it had arrived.
  const moment = { ms: 9, rate: 0 };
  assertEquals(
    text({
      ...event,
      info: { ...event.info, direction: "outgoing" },
      summary: { ...moment, resumed: event.info.size },
    }),
    ["holiday: nothing was missing at luke's, verified"],
  );
  assertEquals(
    text({ ...event, summary: { ...moment, resumed: event.info.size } }),
    ["holiday: 312 files, 1.8 GB from luke, all here before, verified"],
  );
});
