import { assertEquals } from "@std/assert";
import { Output } from "../../lib/system/console_output.io.ts";

Deno.test("Output.whenDue() tells when what was given is about to be written", async () => {
  const told: string[] = [];
  const taken: PromiseWithResolvers<void>[] = [];
  const write = async (bytes: Uint8Array) => {
    told.push(`write ${bytes.length}`);
    const take = Promise.withResolvers<void>();
    taken.push(take);
    await take.promise;
    return bytes.length;
  };
  // Nothing of this is for the one who runs the tests.
  Object.defineProperty(Deno.stdout, "write", {
    ...{ value: write, configurable: true },
  });
  try {
    const output = new Output((fault) => told.push(`closed ${fault}`));
    output.whenDue(() => told.push("nothing waits"));
    output.write("x".repeat(5_000));
    output.whenDue(() => {
      told.push("first");
      output.whenDue(() => told.push("in first"));
    });
    output.write("y".repeat(10));
    output.whenDue(() => told.push("second"));
    assertEquals(told.splice(0), ["nothing waits"]);
    while (taken.length < 1) await Promise.resolve();
    assertEquals(told.splice(0), ["first", "write 5000"]);
    taken[0]?.resolve();
    while (taken.length < 2) await Promise.resolve();
    assertEquals(told.splice(0), ["second", "in first", "write 10"]);
    // All there is is being written.
    output.whenDue(() => told.push("third"));
    assertEquals(told.splice(0), ["third"]);
    taken[1]?.resolve();
    await output.flush();
    assertEquals([told, output.queued], [[], 0]);
  } finally {
    Reflect.deleteProperty(Deno.stdout, "write");
  }
});
