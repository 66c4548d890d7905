import { assertEquals, assertMatch } from "@std/assert";
import { ConsoleOutput } from "../../../lib/system/console_output.io.ts";
import { serverReport } from "../../../lib/server/logs/server_log.io.ts";

Deno.test("serverReport writes a line once a minute, information each time", () => {
  const lines: string[] = [];
  const report = serverReport({ write: (line) => lines.push(line) });
  report("error", "the disk is full");
  report("error", "the disk is full");
  report("info", "yoda logged in");
  report("info", "yoda logged in");
  assertEquals(lines.length, 3);
  assertMatch(
    lines[0] ?? "",
    /^\d\d \w{3} \d{4} [\d:]{8} error: the disk is full\n$/,
  );
});

Deno.test("ConsoleOutput writes everything, and survives a reader that goes", () => {
  let text = "";
  let broken = false;
  const output = new ConsoleOutput({
    writeSync(bytes) {
      if (broken) throw new Deno.errors.BrokenPipe("Broken pipe");
      const part = bytes.subarray(0, 2);
      text += new TextDecoder().decode(part);
      return part.length;
    },
  });
  output.write("hello");
  broken = true;
  output.write("lost");
  broken = false;
  output.write("never");
  assertEquals(text, "hello");
});
