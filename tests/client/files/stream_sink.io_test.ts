import { assertEquals, assertRejects } from "@std/assert";
import { SinkError } from "../../../lib/client/files/sink_error.io.ts";
import { StreamSink } from "../../../lib/client/files/stream_sink.io.ts";
import { testFile } from "../../support/transfer_pair.ts";

/** Takes some of what it is given, and says now and then what `refuse` throws. */
function outputThat(refuse: () => Error) {
  const output = {
    bytes: [] as number[],
    asked: 0,
    write(bytes: Uint8Array): Promise<number> {
      if (++output.asked % 2 === 0) return Promise.reject(refuse());
      const some = bytes.subarray(0, 4_096);
      output.bytes.push(...some);
      return Promise.resolve(some.length);
    },
  };
  return output;
}

Deno.test("StreamSink.write: a pipe that never waits is tried again", async () => {
  const bytes = testFile(10_001);
  const output = outputThat(() => new Deno.errors.WouldBlock());
  await new StreamSink(output).write(bytes);
  assertEquals(output.bytes, [...bytes]);
});

Deno.test("StreamSink.write: who reads no more is told from what fails", async () => {
  for (
    const [error, failure] of [
      [new Deno.errors.BrokenPipe(), "closed"],
      [new Error("No space left on device (os error 28)"), "storage"],
    ] as const
  ) {
    const output = outputThat(() => error);
    const refused = await assertRejects(
      () => new StreamSink(output).write(testFile(10_001)),
      SinkError,
    );
    assertEquals(refused.failure, failure);
  }
});
