import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { KnownPeersFile } from "../../../lib/client/trust/known_peers.io.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const random = new SeededRandom(3);
const one = Identity.fromSeed(random.bytes(32)).publicKey;
const two = Identity.fromSeed(random.bytes(32)).publicKey;

function open(folder: string, server = "s:0", faults: string[] = []) {
  return new KnownPeersFile(folder, server, (fault) => faults.push(fault));
}

Deno.test("KnownPeersFile: what is changed is known at once, stored, and its owner's alone", async () => {
  await inFolder(async (folder) => {
    const file = open(folder);
    const other = open(folder);
    file.update((peers) => peers.pin("yoda", one));
    assertEquals(file.read().judge("yoda", two).trust, "changed");
    await file.settled();
    assertEquals(((await Deno.stat(file.path)).mode ?? 0) & 0o777, 0o600);
    // Another client of the same user sees it without being told.
    assertEquals(other.read().judge("yoda", two).trust, "changed");
    assertEquals(open(folder).read().judge("yoda", one).trust, "same");
  });
});

Deno.test("KnownPeersFile.update() keeps what others wrote meanwhile", async () => {
  await inFolder(async (folder) => {
    const users = ["a", "b", "c", "d", "e"];
    await Promise.all(users.map((user, index) => {
      const file = open(folder, `s:${index % 2}`);
      file.update((peers) => peers.pin(user, one));
      return file.settled();
    }));
    const even = open(folder, "s:0").read();
    const odd = open(folder, "s:1").read();
    assertEquals(
      users.map((user) => even.find(user) !== undefined),
      [true, false, true, false, true],
    );
    assert(odd.find("b") !== undefined && odd.find("d") !== undefined);
  });
});

Deno.test("KnownPeersFile: what cannot be written is told and known all the same", async () => {
  await inFolder(async (folder) => {
    const faults: string[] = [];
    const file = open(join(folder, "missing"), "s:0", faults);
    file.update((peers) => peers.pin("yoda", one));
    await file.settled();
    assertMatch(
      faults.join(),
      /^cannot write ".*known_peers": its folder does not exist; .*until this/,
    );
    assertEquals(file.read().judge("yoda", two).trust, "changed");
    await Deno.mkdir(join(folder, "missing"));
    file.update((peers) => peers.pin("luke", two));
    await file.settled();
    assertEquals(file.read().judge("yoda", one).trust, "same");
    assertEquals(file.read().judge("luke", two).trust, "same");
  });
});

Deno.test("KnownPeersFile.handleOpened() finds who was met by another address, and says so in older files", async () => {
  await inFolder(async (folder) => {
    const meet = (label: string, faults: string[] = [], key = "SHA256:a") => {
      const file = open(folder, label, faults);
      file.handleConnected(key);
      file.handleOpened("store");
      return file;
    };
    const older = open(folder, "a:1");
    older.update((peers) => peers.pin("luke", one, true));
    await older.settled();
    assertEquals(meet("b:1").read().find("luke"), undefined);
    await meet("a:1").settled();
    const other = meet("b:1");
    assertEquals(other.read().find("luke"), { key: one, verified: true });
    await other.settled();
    // What one learns the other knows.
    const first = meet("a:1");
    first.update((peers) => peers.pin("luke", two));
    await first.settled();
    assertEquals(other.read().judge("luke", two).trust, "same");
    assertEquals(meet("c:1", [], "SHA256:b").read().find("luke"), undefined);
    // Without TLS nobody proves to be that server.
    const plain = open(folder, "c:1");
    plain.handleConnected(undefined);
    plain.handleOpened("store");
    assertEquals(plain.read().find("luke"), undefined);
  });
});

Deno.test("KnownPeersFile: one that cannot be read stops the start, and forgets nothing later", async () => {
  await inFolder(async (folder) => {
    const file = open(folder);
    file.update((peers) => peers.pin("yoda", one));
    await file.settled();
    await Deno.remove(file.path);
    await Deno.mkdir(file.path);
    assertEquals(file.read().judge("yoda", two).trust, "changed");
    assertThrows(() => open(folder), StartError, "known_peers");
  });
});

async function inFolder(run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
