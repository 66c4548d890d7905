/** A database file that is damaged, or copied back, while it is in use. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { SqliteStore } from "../../../lib/server/store/sqlite_store.io.ts";
import type { StoreWrite } from "../../../lib/server/model/store.ts";
import { withTempFolder } from "../../support/temp_folder.ts";
import { storedUser } from "../../support/stored_user.ts";

const yoda: StoreWrite = {
  write: "user",
  user: storedUser(1, "yoda"),
};

/** What a file may be like for a moment, made from a good one. */
const damages: Record<string, (good: Uint8Array) => Uint8Array<ArrayBuffer>> = {
  // So begins whoever copies a good one over it.
  empty: () => new Uint8Array(),
  "one page": (good) => good.slice(0, 4096),
  half: (good) => good.slice(0, good.length / 2),
  zeros: (good) => new Uint8Array(good.length),
  rot: (good) => {
    const bad = good.slice();
    for (let at = 4096; at < bad.length; at += 4096) {
      bad.fill(0xa5, at, at + 2048);
    }
    return bad;
  },
};

for (const [name, damage] of Object.entries(damages)) {
  Deno.test(`SqliteStore works again once a good file is back: ${name}`, async () => {
    await withTempFolder(async (folder) => {
      const path = join(folder, "parley.db");
      const first = new SqliteStore(path);
      await first.commit([yoda]);
      await first.close();
      const store = new SqliteStore(path);
      const good = await Deno.readFile(path);
      await Deno.writeFile(path, damage(good));
      for (let i = 0; i < 3; i++) {
        await assertRejects(() => store.requests(), Error, "database");
        await assertRejects(() => store.commit([yoda]), Error, "database");
      }
      await Deno.writeFile(path, good);
      assertEquals(await store.requests(), []);
      await store.commit([yoda]);
      assertEquals((await store.load()).users.map(({ name }) => name), [
        "yoda",
      ]);
      await store.close();
    });
  });
}

Deno.test("SqliteStore says in its own words that it is closed", async () => {
  const store = new SqliteStore(":memory:");
  await store.close();
  await assertRejects(() => store.requests(), Error, 'database ":memory:"');
});
