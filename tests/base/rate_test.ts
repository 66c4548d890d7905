import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseClientOptions } from "../../lib/client/settings/options.ts";
import { parseCommand } from "../../lib/client/commands/parse.ts";
import { parseRate } from "../../lib/base/format.ts";

Deno.test("parseRate reads numbers with and without suffix", () => {
  const cases: [string, number | undefined][] = [
    ["0", 0],
    ["off", 0],
    ["OFF", 0],
    ["10000", 10_000],
    ["500k", 500_000],
    ["2M", 2_000_000],
    ["1.5m", 1_500_000],
    ["1g", 1_000_000_000],
    ["9999", undefined],
    ["", undefined],
    ["-1", undefined],
    ["2 M", undefined],
    ["2MB", undefined],
    ["fast", undefined],
  ];
  for (const [text, rate] of cases) assertEquals(parseRate(text), rate, text);
});

Deno.test("/limit says of a rate what --limit says, and every wrong word is named", () => {
  for (const rate of ["1KiB", "abc", "9999"]) {
    const rule =
      `"${rate}": must be bytes a second from 10000, such as 500k or 2M, or off`;
    const options = parseClientOptions(["--limit", rate], () => undefined);
    assert(options.kind === "error");
    assertStringIncludes(options.message, `invalid --limit ${rule}`);
    assertEquals(parseCommand(`/limit ${rate}`), {
      problem: "usage",
      name: "limit",
      message: `usage: /limit [RATE]; invalid RATE ${rule}`,
    });
  }
  for (
    const line of ["/accept x", "/reject 0", "/cancel -1", "/notify maybe"]
  ) {
    const parsed = parseCommand(line);
    assert("problem" in parsed);
    assertStringIncludes(parsed.message, `; "${line.split(" ")[1]}" is n`);
  }
});
