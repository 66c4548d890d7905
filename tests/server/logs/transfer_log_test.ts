import { assertEquals } from "@std/assert";
import { transferLogLine } from "../../../lib/server/logs/transfer_log.ts";
import { formatTime } from "../../../lib/base/time.ts";

const at = Date.UTC(2026, 5, 1, 21, 39, 4);
const entry = {
  sender: "yoda",
  receiver: "luke",
  name: "film.mp4",
  size: 80_000_000,
} as const;

Deno.test("transferLogLine: number, time, both users, step, file, path, reason", () => {
  assertEquals(
    transferLogLine(1, at, { ...entry, step: "offered" }),
    `1; ${formatTime(at)}; yoda; luke; offered; film.mp4; 80000000; -; -\n`,
  );
  const failed = { step: "failed", via: "lan", reason: "changed" } as const;
  assertEquals(
    transferLogLine(7, at, { ...entry, ...failed }),
    `7; ${
      formatTime(at)
    }; yoda; luke; failed; film.mp4; 80000000; lan; changed\n`,
  );
});

Deno.test("transferLogLine: a name that looks like fields leaves those around it where they are", () => {
  const name = "a; 1; lan; -\n2; x";
  const line = transferLogLine(1, at, { ...entry, step: "offered", name });
  const fields = line.trimEnd().split("; ");
  assertEquals(fields.slice(2, 5), ["yoda", "luke", "offered"]);
  assertEquals(fields.slice(-3), ["80000000", "-", "-"]);
  assertEquals(line.split("\n").length, 2, "it stays one line");
});
