import { assert, assertEquals } from "@std/assert";
import { plainPalette } from "../../../../lib/cli/palette.ts";
import { renderText } from "../../../../lib/client/text/render_text.ts";
import type { TransferInfo } from "../../../../lib/client/events/client_event.ts";
import { progressText } from "../../../../lib/client/commands/transfer_progress.ts";
import { runningTransfer as info } from "../../running_transfer.ts";
import { transferRows } from "../../../../lib/client/ui/terminal/transfer_rows.ts";

Deno.test("transferRows: shows bar and numbers within the width", () => {
  const status = transferRows([info], 92)[0]!;
  assert(status.includes("[######------------------]"), status);
  assert(
    status.includes("25 %, 500 kB of 2.0 MB, 100 kB/s, 15 s left"),
    status,
  );
  assert(status.length <= 92);
});

Deno.test("transferRows: of a folder tells how many of its files are there", () => {
  const holiday: TransferInfo = {
    ...{ ...info, name: "holiday", size: 2_000_000_000, bytes: 900_000_000 },
    ...{ files: 312, roots: 1, filesDone: 120, rate: 86_000_000, via: "lan" },
  };
  const row = (width: number) => transferRows([holiday], width)[0]!;
  assertEquals(row(40), "1 > holiday luke 120 of 312 files, 45 %");
  assertEquals(
    row(80),
    "1 > holiday luke [#####-----] 120 of 312 files, 45 %, 86.0 MB/s, 13 s left, LAN",
  );
  assertEquals(
    row(100),
    "1 > holiday luke [#####------] 120 of 312 files, 45 %, 900 MB of 2.0 GB, 86.0 MB/s, 13 s left, LAN",
  );
  assertEquals(
    progressText(holiday),
    "120 of 312 files, 45 %, 900 MB of 2.0 GB, 86.0 MB/s, 13 s left",
  );
});

Deno.test("transferRows: an offer says how it is taken, also where there is little room", () => {
  const offered: TransferInfo = {
    ...info,
    ...{ direction: "incoming", state: "offered", bytes: 0, rate: 0 },
  };
  for (
    const [width, end] of [[80, "/accept 1 or /reject 1"], [
      40,
      "/accept 1",
    ]] as const
  ) {
    const row = transferRows([offered], width)[0]!;
    assert(row.endsWith(`offered, ${end}`), row);
  }
});

Deno.test("transferRows: tells that nothing comes any more instead of a speed", () => {
  const silent: TransferInfo = { ...info, via: "lan", silence: 4_200 };
  assertEquals(
    transferRows([silent], 90)[0]!,
    "1 > a.mp4 luke, 25 %, no answer for 4.2 s",
  );
  const answer = { transfers: [silent], sessions: [] };
  const outcome = { command: "transfers", ok: true, answer } as const;
  assertEquals(renderText({ event: "result", n: 1, outcome }, plainPalette), [
    "1: a.mp4 to luke, no answer for 4.2 s, 25 %, 500 kB of 2.0 MB, over the LAN",
  ]);
  const held: TransferInfo = { ...info, paused: true, pausedBy: ["user"] };
  assertEquals(
    transferRows([held], 90)[0]!,
    "1 > a.mp4 luke, 25 %, paused by luke",
  );
  const paused = transferRows([{ ...silent, paused: true }], 90)[0]!;
  assert(paused.includes("no answer"), paused);
});
