import { assert, assertEquals } from "@std/assert";
import {
  decidingCode,
  exitCode,
  exitCodes,
  type RunEnd,
} from "../../../lib/client/events/exit_code.ts";

Deno.test("exitCode() tells how the session ended", () => {
  const cases: [RunEnd, number][] = [
    ["done", 0],
    ["login-refused", 3],
    ["ended-elsewhere", 3],
    ["unreachable", 4],
    ["untrusted", 1],
    ["ended-by-server", 1],
    ["protocol", 1],
    ["interrupted", 130],
  ];
  for (const [reason, code] of cases) {
    assertEquals(exitCode(reason), code, reason);
    assert(exitCodes.some((row) => row.code === code), reason);
  }
});

Deno.test("exitCode() tells which command failed first", () => {
  const cases: [string[], number][] = [
    [["unknown_user"], 1],
    [["usage"], 2],
    [["unknown_command"], 2],
    [["unreachable"], 4],
    [["user_offline"], 5],
    [["rejected"], 5],
    [["not_changed"], 1],
    [["integrity"], 6],
    [["space"], 7],
    [["unknown_user", "space"], 1],
    [["space", "unknown_user"], 7],
  ];
  for (const [failed, code] of cases) {
    assertEquals(exitCode("done", failed), code, failed.join());
  }
  // How the session ended counts for more.
  assertEquals(exitCode("interrupted", ["space"]), 130);
});

Deno.test("decidingCode(): of an offer to oneself nobody is there, of a message it is a refusal", () => {
  const code = "is_self";
  assertEquals(decidingCode({ command: "p2pvideo", code }), "user_offline");
  assertEquals(decidingCode({ command: "msgto", code }), code);
});
