import { assert, assertEquals } from "@std/assert";
import { Rehearsal } from "../../../lib/client/transfer/rehearsal.io.ts";
import { systemRandom } from "../../../lib/system/clock.io.ts";
import { patience } from "../../support/wait_until.ts";

/** Begins one beside a folder of its own, where nothing must be left. */
async function withRehearsal(
  body: (rehearsal: Rehearsal) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-rehearsal-" });
  try {
    const now = () => performance.now();
    const system = { random: systemRandom, now, folder };
    await body(new Rehearsal({ ...system, patienceMs: patience }));
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

// That sockets, timers and files are freed is checked by Deno itself.
Deno.test("Rehearsal: a file arrives, nothing is left", async () => {
  await withRehearsal(async (rehearsal) => {
    await rehearsal.done;
    assert(rehearsal.wasComplete);
  });
});

Deno.test("Rehearsal.stop: ends it early, nothing is left", async () => {
  await withRehearsal(async (rehearsal) => {
    rehearsal.stop();
    await rehearsal.done;
    assert(!rehearsal.wasComplete);
  });
});

Deno.test("Rehearsal: where there are no sockets it is over at once", async () => {
  const { listenDatagram } = Deno;
  Deno.listenDatagram = () => {
    throw new Deno.errors.AddrNotAvailable();
  };
  try {
    await withRehearsal(async (rehearsal) => {
      await rehearsal.done;
      assert(!rehearsal.wasComplete);
    });
  } finally {
    Deno.listenDatagram = listenDatagram;
  }
});
