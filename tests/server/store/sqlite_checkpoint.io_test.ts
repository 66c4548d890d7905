/** The write-ahead log is copied into the database while commits go on. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { SqliteStore } from "../../../lib/server/store/sqlite_store.io.ts";
import type { StoreWrite } from "../../../lib/server/model/store.ts";
import { storedUser } from "../../support/stored_user.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

Deno.test("SqliteStore begins its log anew before it is long, and loses nothing", async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, "parley.db");
    const store = new SqliteStore(path);
    await store.commit([{ write: "user", user: storedUser(1, "yoda") }]);
    const sizeOf = async (name: string) => (await Deno.stat(name)).size;
    let id = 0;
    // More than SQLite itself would wait for.
    for (let step = 0; step < 12; step++) {
      const before = await sizeOf(path);
      for (let commit = 0; commit < 30; commit++) {
        await store.commit(Array.from({ length: 60 }, () => message(++id)));
      }
      await waitUntil("a part of the log is in the database", async () => {
        await store.commit([message(++id)]);
        return await sizeOf(path) > before;
      });
    }
    const length = await sizeOf(`${path}-wal`);
    assert(length < 60 << 20, `a log of ${length} bytes`);
    await store.close();
    const files = await Array.fromAsync(Deno.readDir(folder));
    assertEquals(files.map(({ name }) => name), ["parley.db"]);
    const again = new SqliteStore(path);
    assertEquals((await again.load()).lastMessage, id);
    assertEquals((await again.logged(undefined, 0, 2 * id)).length, id);
    await again.close();
  });
});

Deno.test("SqliteStore begins its log anew while commits go on without a pause", async () => {
  await withTempFolder(async (folder) => {
    const path = join(folder, "parley.db");
    const store = new SqliteStore(path);
    await store.commit([{ write: "user", user: storedUser(1, "yoda") }]);
    let id = 0;
    const commit = (messages: number) =>
      store.commit(Array.from({ length: messages }, () => message(++id)));
    const { size } = await Deno.stat(path);
    for (let i = 0; i < 80; i++) await commit(30);
    await waitUntil("its thread works", async () => {
      await commit(1);
      return (await Deno.stat(path)).size > size;
    });
    const first = await timesBegun(path);
    while (await timesBegun(path) === first) {
      // By itself SQLite copies it after 64 MiB.
      const length = (await Deno.stat(`${path}-wal`)).size;
      assert(length < 60 << 20, `a log of ${length} bytes`);
      // Few when it is long: a disk may take its time to copy it.
      await commit(length < 34 << 20 ? 30 : 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await store.close();
  });
});

/** How often the log has been begun anew. */
async function timesBegun(path: string): Promise<number> {
  using file = await Deno.open(`${path}-wal`);
  const header = new Uint8Array(16);
  assertEquals(await file.read(header), header.length);
  return new DataView(header.buffer).getUint32(12);
}

function message(id: number): StoreWrite {
  const text = "x".repeat(4000);
  const fields = { id, number: id, sender: 1, at: id, mid: `${id}`, text };
  return { write: "message", message: fields };
}
