import { assertEquals } from "@std/assert";
import { reasonOf } from "../../lib/system/errors.io.ts";
import { standardStream } from "../../lib/cli/standard_stream.ts";

Deno.test("standardStream() knows the names that systems give", () => {
  for (
    const [path, stream] of [
      ["/dev/stdin", "stdin"],
      ["/dev/stdout", "stdout"],
      ["/dev/fd/2", "stderr"],
      ["/dev/fd/3", undefined],
      ["/dev/stdout/", undefined],
      ["stdout", undefined],
      ["", undefined],
    ] as const
  ) assertEquals(standardStream(path), stream, path);
});

Deno.test("reasonOf() says what the runtime closes to the program", () => {
  const error = new Deno.errors.NotCapable("Requires all access to /dev/shm/x");
  assertEquals(
    reasonOf(error),
    "it is below /dev, /proc or /sys, which are closed to this program",
  );
});
