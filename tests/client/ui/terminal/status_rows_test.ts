import { assert, assertEquals } from "@std/assert";
import type {
  ClientEvent,
  TransferInfo,
} from "../../../../lib/client/events/client_event.ts";
import { MessageFeed } from "../../../../lib/client/text/message_feed.ts";
import { OwnLines } from "../../../../lib/client/ui/terminal/own_lines.ts";
import { plainPalette } from "../../../../lib/cli/palette.ts";
import {
  promptText,
  rowsAround,
  statusBar,
} from "../../../../lib/client/ui/terminal/status_rows.ts";
import { textWidth } from "../../../../lib/client/text/styled_text.ts";
import { transferPhase } from "../../../../lib/client/commands/transfer_progress.ts";
import { transferRows } from "../../../../lib/client/ui/terminal/transfer_rows.ts";
import { ClientView } from "../../../../lib/client/events/client_view.ts";
import { unreadText } from "../../../../lib/client/text/status_text.ts";

/** What yoda sees after `events`. */
function viewOf(...events: ClientEvent[]): ClientView {
  const view = new ClientView("localhost:6000");
  for (const event of [welcome("yoda"), ...events]) view.handleEvent(event);
  return view;
}

function welcome(user: string): ClientEvent {
  return { event: "welcome", user, waiting: 0, resumed: false };
}

const gone: ClientEvent = {
  event: "disconnected",
  code: "connection_lost",
  message: "gone",
  retrying: true,
};
const info: TransferInfo = {
  transfer: 1,
  direction: "outgoing",
  kind: "file",
  user: "luke",
  name: "film.mp4",
  size: 2_000_000,
  state: "running",
  bytes: 500_000,
  rate: 100_000,
  paused: false,
  via: "lan",
};

let lastId = 0;

function message(from: string, group?: string): ClientEvent {
  const place = { id: ++lastId, number: 1, at: 0 };
  const common = { ...place, from, text: "hi", kept: false };
  return group === undefined
    ? { event: "message", kind: "private", ...common }
    : { event: "message", kind: "group", group, ...common };
}

Deno.test("statusBar: tells user, server, chat, unread and transfers", () => {
  assertEquals(
    statusBar(
      viewOf(
        { event: "chat", kind: "group", name: "jedi" },
        message("luke"),
        message("luke"),
        message("luke"),
        { event: "progress", info },
      ),
      90,
    ).replace(/-+$/, ""),
    "-- yoda at localhost:6000 -- chat #jedi -- unread luke 3 -- 1 transfer ",
  );
});

Deno.test("statusBar: without a connection tells when it is tried again and what waits", () => {
  const now = 1_780_000_000_000;
  const view = viewOf({ event: "chat", kind: "user", name: "luke" }, gone);
  const bar = (width: number, waiting: number, late = 0) =>
    statusBar(view, width, { now: now + late, waiting })
      .replace(/-+$/, "").trimEnd();
  assertEquals(
    bar(99, 0),
    "-- offline, trying now -- yoda at localhost:6000 -- chat luke",
  );
  view.handleEvent({ event: "reconnecting", at: now + 6400 });
  assertEquals(
    bar(99, 2),
    "-- offline, again in 7 s (Enter: now); 2 lines wait -- yoda at localhost:6000 -- chat luke",
  );
  assertEquals(
    bar(79, 2),
    "-- offline, again in 7 s (Enter: now); 2 lines wait -- yoda -- chat luke",
  );
  assertEquals(bar(39, 2, 6000), "-- offline, again in 1 s; 2 lines wait");
  assertEquals(bar(39, 0, 9000), "-- offline, again in 0 s (Enter: now)");
  view.handleEvent({ event: "reconnecting" });
  assertEquals(bar(39, 1), "-- offline, trying now; 1 line waits");
  view.handleEvent(welcome("yoda"));
  assertEquals(bar(79, 0), "-- yoda at localhost:6000 -- chat luke");
});

Deno.test("statusBar: is as wide as it is to be", () => {
  for (const width of [4, 39, 80, 200]) {
    assertEquals(
      textWidth(statusBar(viewOf(welcome("日本")), width)),
      width,
    );
  }
});

Deno.test("statusBar: leaves the server out before it cuts what matters more", () => {
  const row = statusBar(viewOf(message("luke")), 39);
  assertEquals(row.replace(/-+$/, ""), "-- yoda -- unread luke 1 ");
});

Deno.test("statusBar: counts what the user has not seen, on whatever device", () => {
  const view = viewOf(message("luke"), message("luke"), message("x", "jedi"));
  assertEquals(unreadText(view), "#jedi 1, luke 2");
  const seen = { upto: lastId, unread: 0, last: lastId };
  view.handleEvent({ event: "seen", group: "jedi", ...seen });
  assertEquals(unreadText(view), "luke 2");
  view.handleEvent({ event: "renamed", from: "luke", to: "lucas" });
  assertEquals(unreadText(view), "lucas 2");
  const last = 1000;
  const conversations = [{ with: "leia", upto: 3, unread: last }];
  view.handleEvent({ event: "unseen", conversations, last });
  assertEquals(unreadText(view), "leia 999+");
});

Deno.test("transferRows: shows as much as fits, never more than the width", () => {
  const wide = transferRows([info], 110)[0]!;
  for (
    const part of ["[######---", "25 %", "500 kB of 2.0 MB", "15 s left", "LAN"]
  ) assert(wide.includes(part), wide);
  const narrow = transferRows([info], 42)[0]!;
  assert(narrow.includes("25 %, 100 kB/s"), narrow);
  for (let width = 4; width < 120; width++) {
    const row = transferRows([{ ...info, name: "日本".repeat(40) }], width)[0]!;
    assert(textWidth(row) <= width, row);
  }
});

Deno.test("transferRows: one file to three people: each is named, bars line up, cuts are marked", () => {
  const name = "a rather long name of a film.mp4";
  const people: Partial<TransferInfo>[] = [
    { user: "luke", bytes: 10_000, rate: 0 },
    { user: "obiwan", bytes: 1_999_999, rate: 123_456_789 },
    { user: "leia", bytes: 0, state: "offered" },
    { user: "a".repeat(32), bytes: 1_000_000 },
  ];
  const infos = people.map((each, index) => ({
    ...info,
    name,
    transfer: index + 1,
    ...each,
  }));
  for (let width = 50; width <= 160; width++) {
    const rows = transferRows(infos, width);
    for (const [index, row] of rows.entries()) {
      assert(textWidth(row) <= width, row);
      const { user } = infos[index]!;
      const shown = user.length > 16 ? `${"a".repeat(15)}…` : user;
      assert(row.includes(` ${shown}`), `${width}: ${row}`);
      assert(row.includes("…"), `${width}: ${row}`);
    }
    const bars = rows.filter((row) => row.includes("["))
      .map((row) => [row.indexOf("["), row.indexOf("]")].join());
    assertEquals([bars.length, new Set(bars).size], [3, 1], rows.join("\n"));
  }
  for (let width = 1; width < 50; width++) {
    for (const row of transferRows(infos, width)) {
      assert(textWidth(row) <= width, row);
    }
  }
  const [row = ""] = transferRows([{ ...info, state: "offered" }], 30);
  assert(row.endsWith("…") && textWidth(row) <= 30, row);
});

Deno.test("transferRows: no bar moves with the numbers beside it", () => {
  const numbers: Partial<TransferInfo>[] = [
    { bytes: 300_000, rate: 0 },
    { bytes: 99_900, rate: 1_000 },
    { bytes: 999_400, rate: 99_940_000 },
    { bytes: 1_000_000, rate: 950 },
    { bytes: 1_990_000, rate: 9_950_000 },
  ];
  for (let width = 40; width <= 160; width++) {
    const bars = numbers.map((each) => {
      const [row = ""] = transferRows([{ ...info, ...each }], width);
      assert(textWidth(row) <= width, row);
      return [row.indexOf("["), row.indexOf("]")].join();
    });
    assertEquals(new Set(bars).size, 1, `${width}: ${bars}`);
  }
});

Deno.test("transferPhase: follows a transfer from its offer to its end", () => {
  const { via: _, ...apart } = info;
  assertEquals(
    transferPhase({ ...apart, state: "offered" }),
    "offered, waiting for the answer",
  );
  assertEquals(
    transferPhase({ ...apart, state: "offered", direction: "incoming" }),
    "offered, /accept 1 or /reject 1",
  );
  assertEquals(transferPhase({ ...apart, bytes: 0 }), "looking for a path");
  assertEquals(transferPhase(info), "sending");
  assertEquals(transferPhase({ ...info, direction: "incoming" }), "receiving");
  assertEquals(transferPhase({ ...info, bytes: info.size }), "verifying");
});

Deno.test("rowsAround: whoever asks for a private session has a row, and is counted", () => {
  const session = (
    number: number,
    user: string,
    state: "offered" | "open",
  ) => ({
    event: "session" as const,
    info: {
      ...{ session: number, kind: "session" as const, user, state },
      direction: "incoming" as const,
    },
  });
  const view = viewOf(
    session(1, "luke", "open"),
    session(2, "leia", "offered"),
    session(3, "n".repeat(32), "offered"),
    { event: "chat", kind: "session", name: "luke" },
    { event: "progress", info },
  );
  const own = new OwnLines(
    new MessageFeed({ palette: plainPalette, timestamps: true }),
    plainPalette,
    false,
  );
  for (const columns of [40, 80, 100]) {
    const size = { columns, rows: 24 };
    const { above, below } = rowsAround(view, own, size, plainPalette, 0);
    assertEquals(above.length, 3);
    // How to accept it is never cut off.
    const what = columns === 40 ? "session" : "private session";
    assertEquals(above[0], `2 < ${what} with leia, /accept 2`);
    const long = columns === 40
      ? "3 < /accept 3: session with nnnnnnnnnnn"
      : `3 < private session with ${"n".repeat(32)}, /accept 3`;
    assertEquals(above[1], long);
    assert([...above, ...below].every((row) => textWidth(row) < columns));
  }
  assertEquals(
    statusBar(view, 100).replace(/-+$/, ""),
    "-- yoda at localhost:6000 -- chat =luke -- private luke -- 1 transfer -- 2 offered ",
  );
  assertEquals(promptText(view), "yoda [=luke private] > ");
  // With little room what waits is still told.
  assertEquals(statusBar(view, 80).includes("-- private luke --"), true);
  const narrow = "-- yoda -- chat =luke -- private -- 1 transfer -- 2 offered ";
  assertEquals(statusBar(view, narrow.length), narrow);
  view.handleEvent(session(2, "leia", "open"));
  view.handleEvent({ event: "chat", kind: "none" });
  view.handleEvent(message("hans"));
  const several = "-- yoda -- private 2 -- unread hans 1 ";
  assertEquals(statusBar(view, 39).startsWith(several), true);
  // A number that is cut would be another one.
  for (let n = 0; n < 120; n++) view.handleEvent(message("hans"));
  const cut = "-- yoda -- private 2 -- unread hans 1…";
  assertEquals(statusBar(view, cut.length), cut);
});
