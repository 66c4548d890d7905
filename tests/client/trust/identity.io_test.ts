import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import type { Identity } from "../../../lib/client/trust/identity.ts";
import {
  loadIdentity,
  openIdentity,
  readIdentity,
} from "../../../lib/client/trust/identity.io.ts";
import { openConfigFolder } from "../../../lib/system/folders.io.ts";
import { StartError } from "../../../lib/system/errors.io.ts";

Deno.test("loadIdentity() makes one key, for its owner's eyes only", async () => {
  await inFolder(async (parent) => {
    const folder = await openConfigFolder(join(parent, "a", "parley"));
    assertEquals(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
    const keys = await Promise.all(
      Array.from({ length: 4 }, () => load(folder)),
    );
    assertEquals(new Set(keys.map((key) => key.publicKey)).size, 1);
    const path = join(folder, "identity.pem");
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assertEquals(
      (await load(folder)).publicKey,
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

Deno.test("loadIdentity() says why it could not write one", async () => {
  await inFolder(async (folder) => {
    const loaded = await loadIdentity(join(folder, "missing"));
    assert("fault" in loaded);
    assertMatch(loaded.fault, /^cannot write ".*identity\.pem": /);
  });
});

Deno.test("readIdentity() takes a copied key and makes none", async () => {
  await inFolder(async (folder) => {
    const key = await load(folder);
    const copy = join(folder, "copy.pem");
    await assertRejects(() => readIdentity(copy), StartError, "copy.pem");
    await Deno.copyFile(join(folder, "identity.pem"), copy);
    assertEquals((await readIdentity(copy)).publicKey, key.publicKey);
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

Deno.test("openIdentity() says of a folder that cannot be made why, and goes on without a key", async () => {
  await inFolder(async (folder) => {
    const nowhere = join(folder, "nowhere");
    await Deno.symlink(join(folder, "missing"), nowhere);
    const { identity, warning = "" } = await openIdentity(
      "localhost:6000",
      undefined,
      () => {},
      () => nowhere,
    );
    assertEquals(identity, undefined);
    const path = join(nowhere, "parley");
    assert(warning.includes(`configuration folder "${path}": `), warning);
    assertMatch(warning, /XDG_CONFIG_HOME; without an identity key/);
  });
});

async function load(folder: string): Promise<Identity> {
  const loaded = await loadIdentity(folder);
  assert(!("fault" in loaded));
  return loaded;
}

async function inFolder(run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
