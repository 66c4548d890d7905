import { assertEquals, assertRejects } from "@std/assert";
import { Thread, type ThreadError } from "../../lib/system/thread.io.ts";
import type { AskedCall } from "../support/asked_worker.ts";

/** An error as it came. */
class CameError extends Error {
  readonly error: ThreadError;

  constructor(error: ThreadError) {
    super(error.message);
    this.error = error;
  }
}

async function withThread(
  use: (thread: Thread<AskedCall>) => Promise<void>,
): Promise<void> {
  const file = "tests/support/asked_worker.ts";
  const came = (error: ThreadError) => new CameError(error);
  const thread = new Thread<AskedCall>(file, "the thread of a test", came);
  try {
    await use(thread);
  } finally {
    thread.stop();
  }
}

Deno.test("Thread: each call has its own answer, in whatever order they come", async () => {
  await withThread(async (thread) => {
    const waits = [thread.ask({ call: "wait" }), thread.ask({ call: "wait" })];
    assertEquals(await thread.ask({ call: "free" }), "free");
    assertEquals(await Promise.all(waits), ["freed", "freed"]);
  });
});

Deno.test("Thread.tell() is done, and not answered also where it fails", async () => {
  await withThread(async (thread) => {
    const wait = thread.ask({ call: "wait" });
    thread.tell({ call: "fail" });
    thread.tell({ call: "free" });
    assertEquals(await wait, "freed");
  });
});

Deno.test("Thread: memory is handed over both ways", async () => {
  await withThread(async (thread) => {
    const bytes = new Uint8Array(3);
    const answer = thread.ask({ call: "memory", bytes }, [bytes.buffer]);
    assertEquals(bytes.length, 0);
    assertEquals(await answer, new Uint8Array([1, 1, 1]));
  });
});

Deno.test("Thread: what a call fails with crosses, the others are answered", async () => {
  await withThread(async (thread) => {
    const failed = await assertRejects(
      () => thread.ask({ call: "fail" }),
      CameError,
      "it failed",
    );
    assertEquals(failed.error, {
      ...{ name: "StartError", message: "it failed", failure: 7 },
    });
    assertEquals(await thread.ask({ call: "free" }), "free");
  });
});

Deno.test("Thread: whoever waits is refused when it ends, and who asks later", async () => {
  await withThread(async (thread) => {
    const wait = thread.ask({ call: "wait" });
    assertEquals(thread.isEnded, false);
    thread.stop();
    assertEquals(thread.isEnded, true);
    const ended = "the thread of a test has ended";
    await assertRejects(() => wait, Error, ended);
    await assertRejects(() => thread.ask({ call: "free" }), Error, ended);
  });
});

Deno.test("Thread: one that fails says so to whoever waits", async () => {
  await withThread(async (thread) => {
    const why = "the thread of a test failed: Uncaught Error: it died";
    await assertRejects(() => thread.ask({ call: "die" }), Error, why);
    await assertRejects(() => thread.ask({ call: "free" }), Error, why);
  });
});
