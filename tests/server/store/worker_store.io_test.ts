import { assertEquals, assertRejects } from "@std/assert";
import {
  packWrites,
  unpackWrites,
} from "../../../lib/server/store/packed_writes.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import { WorkerStore } from "../../../lib/server/store/worker_store.io.ts";
import type { StoreWrite } from "../../../lib/server/model/store.ts";
import { cursorWrite, storedUser } from "../../support/stored_user.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const people: StoreWrite[] = ["yoda", "luke"].map((name, index) => ({
  write: "user",
  user: storedUser(index + 1, name),
}));

function message(id: number, receiver: number): StoreWrite {
  return {
    write: "message",
    message: {
      id,
      number: id,
      sender: 1,
      receiver,
      at: id,
      text: "t",
      mid: "m",
    },
  };
}

Deno.test("WorkerStore keeps what was committed, in order, over a restart", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/parley.db`;
    const first = await WorkerStore.open(path);
    await first.commit([...people, message(1, 2), message(2, 2)]);
    // Asked at once: calls are carried out in their order.
    const commit = first.commit([message(3, 2)]);
    assertEquals((await first.inbox({ user: 2 }, 1, 10)).map(({ id }) => id), [
      2,
      3,
    ]);
    await commit;
    await first.close();
    await first.close();
    await assertRejects(() => first.commit(people), Error, "is closed");
    const second = await WorkerStore.open(path);
    const state = await second.load();
    assertEquals(state.users.map(({ name }) => name), ["yoda", "luke"]);
    assertEquals(state.lastMessage, 3);
    assertEquals((await second.logged(undefined, 0, 10)).length, 3);
    assertEquals(await second.requests(), []);
    await second.close();
  });
});

Deno.test("WorkerStore commits all or nothing and goes on after a failure", async () => {
  await withTempFolder(async (folder) => {
    const store = await WorkerStore.open(`${folder}/parley.db`);
    await store.commit([...people, message(1, 2)]);
    await assertRejects(
      () => store.commit([message(2, 2), message(1, 2)]),
      Error,
      `database "${folder}/parley.db"`,
    );
    await store.commit([message(2, 2)]);
    assertEquals((await store.inbox({ user: 2 }, 0, 10)).map(({ id }) => id), [
      1,
      2,
    ]);
    await store.close();
  });
});

Deno.test("WorkerStore.open says in one line why a database cannot be used", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/parley.db`;
    await Deno.writeTextFile(
      path,
      "no database at all, but long enough".repeat(9),
    );
    await assertRejects(() => WorkerStore.open(path), StartError, path);
  });
});

Deno.test("packWrites() and unpackWrites() keep every write and the order", () => {
  const writes: StoreWrite[] = [
    message(1, 2),
    {
      write: "message",
      message: {
        id: 2,
        number: 1,
        sender: 9,
        device: -3,
        group: 4,
        at: 1_780_000_000_000,
        text: "ü\u{1f642}",
        mid: "",
      },
    },
    {
      write: "message",
      message: {
        id: 3,
        number: 2,
        sender: 9,
        group: 4,
        at: 1_780_000_000_001,
        text: "",
        mid: "d",
        deletes: 1,
      },
    },
    cursorWrite(1, 2, 3),
    {
      write: "message",
      message: {
        id: Number.MAX_SAFE_INTEGER,
        number: 7,
        sender: 2,
        receiver: 1,
        at: 5,
        text: "kept",
        mid: "k",
        kept: true,
      },
    },
  ];
  const cloned = structuredClone(packWrites(writes));
  assertEquals(cloned.length, 3);
  assertEquals(unpackWrites(cloned), writes);
  assertEquals(unpackWrites(packWrites([])), []);
});
