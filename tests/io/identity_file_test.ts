import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { loadIdentity } from "../../lib/io/identity_file.ts";
import { KnownPeersFile } from "../../lib/io/known_peers_file.ts";
import { openConfigFolder } from "../../lib/io/config_folder.ts";
import { StartError } from "../../lib/io/start_error.ts";

Deno.test("loadIdentity() makes one key, for its owner's eyes only", async () => {
  await inFolder(async (parent) => {
    const folder = await openConfigFolder(join(parent, "a", "parley"));
    assertEquals(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
    const keys = await Promise.all(
      Array.from({ length: 4 }, () => loadIdentity(folder)),
    );
    assertEquals(new Set(keys.map((key) => key.publicKey)).size, 1);
    const path = join(folder, "identity.pem");
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assertEquals(
      (await loadIdentity(folder)).publicKey,
      keys[0]?.publicKey,
    );
  });
});

Deno.test("loadIdentity() never replaces what it cannot understand", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "identity.pem");
    await Deno.writeTextFile(path, "");
    await assertRejects(() => loadIdentity(folder), StartError, path);
    assertEquals(await Deno.readTextFile(path), "");
  });
});

Deno.test("KnownPeersFile.update() keeps what others wrote meanwhile", async () => {
  await inFolder(async (folder) => {
    const key = (await loadIdentity(folder)).publicKey;
    const users = ["a", "b", "c", "d", "e"];
    await Promise.all(
      users.map((user, index) =>
        new KnownPeersFile(folder, `s:${index % 2}`)
          .update((peers) => peers.handleKey(user, key))
      ),
    );
    const even = await new KnownPeersFile(folder, "s:0").load();
    const odd = await new KnownPeersFile(folder, "s:1").load();
    assertEquals(
      users.map((user) => even.find(user) !== undefined),
      [true, false, true, false, true],
    );
    assert(odd.find("b") !== undefined && odd.find("d") !== undefined);
  });
});

Deno.test("openConfigFolder() says why there is none", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    await assertRejects(
      () => openConfigFolder(join(file, "parley")),
      StartError,
      "XDG_CONFIG_HOME",
    );
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
