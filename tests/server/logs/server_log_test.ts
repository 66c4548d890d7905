import { assertEquals } from "@std/assert";
import { serverLogLine } from "../../../lib/server/logs/server_log.ts";

const at = new Date(2026, 5, 1, 21, 30, 4).getTime();

Deno.test("serverLogLine labels warnings and errors only", () => {
  assertEquals(serverLogLine(at, "info", "up"), "01 Jun 2026 21:30:04 up\n");
  assertEquals(
    serverLogLine(at, "warning", "no space"),
    "01 Jun 2026 21:30:04 warning: no space\n",
  );
});

Deno.test("serverLogLine keeps foreign text on its line", () => {
  assertEquals(
    serverLogLine(at, "error", "a\nb\x1b[2J"),
    "01 Jun 2026 21:30:04 error: a␊b␛[2J\n",
  );
});
