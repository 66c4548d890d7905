import { assertEquals, assertStringIncludes } from "@std/assert";
import { MessageLogs } from "../../../lib/server/logs/message_logs.io.ts";
import { SqliteStore } from "../../../lib/server/store/sqlite_store.io.ts";
import {
  groupLogLine,
  messageLogLine,
} from "../../../lib/server/logs/message_log.ts";
import type { StoreWrite } from "../../../lib/server/model/store.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { withTempFolder } from "../../support/temp_folder.ts";
import { storedUser } from "../../support/stored_user.ts";

/** A store in which yoda (1) wrote to leia (2), to Jedi and to everybody. */
async function filledStore(rounds: number): Promise<SqliteStore> {
  const store = new SqliteStore(":memory:");
  const base = { sender: 1, at: 0, text: "hi", mid: "m" };
  const writes: StoreWrite[] = [
    { write: "user", user: storedUser(1, "yoda") },
    { write: "user", user: storedUser(2, "leia") },
    {
      write: "group",
      group: {
        id: 1,
        name: "Jedi",
        leader: 1,
        leaderOnly: false,
        createdAt: 0,
      },
    },
  ];
  for (let round = 0; round < rounds; round++) {
    const id = 3 * round;
    const number = 2 * round;
    const to = [{ receiver: 2 }, {}, { group: 1 }];
    const numbers = [number + 1, number + 2, round + 1];
    to.forEach((each, index) =>
      writes.push({
        write: "message",
        message: {
          ...base,
          id: id + index + 1,
          number: numbers[index] ?? 0,
          ...each,
        },
      })
    );
  }
  await store.commit(writes);
  return store;
}

function expected(rounds: number): { main: string; group: string } {
  let [main, group] = ["", ""];
  for (let round = 0; round < rounds; round++) {
    main += messageLogLine(2 * round + 1, 0, "yoda", "leia", "hi") +
      messageLogLine(2 * round + 2, 0, "yoda", "*", "hi");
    group += groupLogLine(round + 1, 0, "yoda", "hi");
  }
  return { main, group };
}

Deno.test("MessageLogs.catchUp adds exactly what a log lacks", async () => {
  const rounds = 700;
  const store = await filledStore(rounds);
  const state = await store.load();
  const { main, group } = expected(rounds);
  const lines = main.split("\n");
  const cases = [
    "",
    lines.slice(0, 1).join("\n") + "\n",
    lines.slice(0, 900).join("\n") + "\n90",
    main.slice(0, -1),
    main,
  ];
  for (const before of cases) {
    await withTempFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/messagelog.txt`, before);
      const logs = new MessageLogs(folder, () => {});
      await logs.catchUp(store, state);
      await logs.close();
      assertEquals(await Deno.readTextFile(`${folder}/messagelog.txt`), main);
      assertEquals(
        await Deno.readTextFile(`${folder}/Jedi_messagelog.txt`),
        group,
      );
    });
  }
  await store.close();
});

Deno.test("MessageLogs.complete adds what a log lacks before what is said meanwhile, also when the database is away for a while", async () => {
  const rounds = 700;
  const store = await filledStore(rounds);
  const { main, group } = expected(rounds);
  await withTempFolder(async (folder) => {
    const path = `${folder}/messagelog.txt`;
    await Deno.writeTextFile(path, main.split("\n", 1)[0] + "\n");
    const logs = new MessageLogs(folder, () => {});
    const state = await logs.look(store, await store.load());
    assertEquals(state.lastNumber, 2 * rounds);
    let pages = 0;
    const opened = Promise.withResolvers<void>();
    logs.complete({
      async logged(group, after, limit) {
        if (++pages === 2) throw new Error("it is away");
        if (pages === 3) await opened.promise;
        return await store.logged(group, after, limit);
      },
    });
    const next = 2 * rounds + 1;
    const line = messageLogLine(next, 0, "yoda", "leia", "hi");
    // It is stored before it is logged.
    const said = { sender: 1, at: 0, mid: "m" };
    await store.commit([
      { receiver: 2, number: next, text: "hi" },
      { group: 1, number: rounds + 1, text: "ho" },
    ].map((each, at) => ({
      write: "message",
      message: { ...said, ...each, id: 3 * rounds + 1 + at },
    })));
    logs.append(undefined, line);
    logs.append("Jedi", groupLogLine(rounds + 1, 0, "yoda", "ho"));
    await waitUntil("the third page", () => pages === 3);
    assertEquals(
      await Deno.readTextFile(path),
      main.split("\n").slice(0, 501).join("\n") + "\n",
    );
    opened.resolve();
    await waitUntil("both logs are whole", async () => {
      const [one, other] = await Promise.all(
        ["", "Jedi_"].map((name) =>
          Deno.readTextFile(`${folder}/${name}messagelog.txt`).catch(() => "")
        ),
      );
      return one?.endsWith(line) && other?.endsWith("ho\n");
    });
    const last = messageLogLine(next + 1, 0, "yoda", "leia", "hi");
    logs.append(undefined, last);
    await logs.close();
    assertEquals(await Deno.readTextFile(path), main + line + last);
    assertEquals(
      await Deno.readTextFile(`${folder}/Jedi_messagelog.txt`),
      group + groupLogLine(rounds + 1, 0, "yoda", "ho"),
    );
  });
  await store.close();
});

Deno.test("MessageLogs that are closed while they lack lines leave no gap, and are completed at the next start", async () => {
  const rounds = 700;
  const store = await filledStore(rounds);
  const { main } = expected(rounds);
  await withTempFolder(async (folder) => {
    const path = `${folder}/messagelog.txt`;
    const logs = new MessageLogs(folder, () => {});
    await logs.look(store, await store.load());
    const asked = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    let pages = 0;
    logs.complete({
      async logged(group, after, limit) {
        if (++pages === 2) {
          asked.resolve();
          await opened.promise;
        }
        return await store.logged(group, after, limit);
      },
    });
    await asked.promise;
    logs.append(undefined, messageLogLine(9_999, 0, "yoda", "leia", "hi"));
    const closed = logs.close();
    opened.resolve();
    await closed;
    const text = await Deno.readTextFile(path);
    assertEquals(text, main.slice(0, text.length));
    const again = new MessageLogs(folder, () => {});
    await again.catchUp(store, await store.load());
    await again.close();
    assertEquals(await Deno.readTextFile(path), main);
  });
  await store.close();
});

Deno.test("MessageLogs writes appended lines within 100 ms and on close", async () => {
  await withTempFolder(async (folder) => {
    const logs = new MessageLogs(folder, () => {});
    const line = messageLogLine(1, 0, "yoda", "leia", "hi");
    logs.append(undefined, line);
    logs.append("Jedi", groupLogLine(1, 0, "yoda", "hi"));
    await waitUntil("both logs are written", async () => {
      const names = (await Array.fromAsync(Deno.readDir(folder))).length;
      return names === 2;
    });
    logs.append(undefined, messageLogLine(2, 0, "yoda", "leia", "ho"));
    await logs.close();
    assertEquals(
      await Deno.readTextFile(`${folder}/messagelog.txt`),
      line + messageLogLine(2, 0, "yoda", "leia", "ho"),
    );
    assertEquals(
      await Deno.readTextFile(`${folder}/Jedi_messagelog.txt`),
      groupLogLine(1, 0, "yoda", "hi"),
    );
  });
});

Deno.test("MessageLogs reports a log it cannot write once, and goes on later", async () => {
  await withTempFolder(async (folder) => {
    const reports: string[] = [];
    const logs = new MessageLogs(folder, (_level, text) => reports.push(text));
    const path = `${folder}/messagelog.txt`;
    await Deno.mkdir(path);
    logs.append(undefined, messageLogLine(1, 0, "yoda", "leia", "hi"));
    await logs.flush();
    await logs.flush();
    assertEquals(reports.length, 1);
    assertStringIncludes(reports[0] ?? "", path);
    await Deno.remove(path);
    await waitUntil("the line is written", async () => {
      const info = await Deno.stat(path).catch(() => undefined);
      return info !== undefined && info.size > 0;
    });
    await logs.close();
    assertEquals(reports.length, 2);
    assertEquals(
      await Deno.readTextFile(path),
      messageLogLine(1, 0, "yoda", "leia", "hi"),
    );
  });
});

Deno.test("MessageLogs: a log that is ahead of the database keeps its numbers, and tells of it", async () => {
  await withTempFolder(async (folder) => {
    const store = await filledStore(1);
    const path = `${folder}/messagelog.txt`;
    const ahead = messageLogLine(50, 0, "yoda", "leia", "hi");
    await Deno.writeTextFile(path, ahead);
    const reports: string[] = [];
    const logs = new MessageLogs(folder, (_level, text) => reports.push(text));
    const state = await store.load();
    // The last numbers of both, as the database has them.
    assertEquals(state.lastNumber, 2);
    assertEquals((await logs.catchUp(store, state)).lastNumber, 50);
    await logs.close();
    assertEquals(reports.length, 1);
    assertStringIncludes(reports[0] ?? "", "numbers go on from 51");
    assertEquals(await Deno.readTextFile(path), ahead);
    await store.close();
  });
});

Deno.test("MessageLogs.catchUp finishes the log of a group that ended, and never mixes groups of one name", async () => {
  const store = new SqliteStore(":memory:");
  const hour = 3_600_000;
  const said = (id: number, group: number, number: number): StoreWrite => ({
    write: "message",
    message: {
      id,
      number,
      group,
      sender: 1,
      at: 100 * hour * group + id * 1000,
      text: `${group}`,
      mid: `${id}`,
    },
  });
  const made = (id: number): StoreWrite => {
    const group = { id, name: "Jedi", leader: 1, leaderOnly: false };
    return { write: "group", group: { ...group, createdAt: 0 } };
  };
  const line = (id: number, group: number, number: number) =>
    groupLogLine(number, 100 * hour * group + id * 1000, "yoda", `${group}`);
  await store.commit([
    { write: "user", user: storedUser(1, "yoda") },
    made(1),
    said(1, 1, 1),
    said(2, 1, 2),
    { write: "group-end", group: 1, at: 200 * hour },
    made(2),
    said(3, 2, 1),
    said(4, 2, 2),
  ]);
  const state = await store.load();
  const first = line(1, 1, 1) + line(2, 1, 2);
  const second = line(3, 2, 1) + line(4, 2, 2);
  const cases = [
    ["", first, second],
    [line(1, 1, 1), first, second],
    [first, first, second],
    // The first group's log was moved aside before the server died.
    [line(3, 2, 1), undefined, second],
  ] as const;
  for (const [before, aside, main] of cases) {
    await withTempFolder(async (folder) => {
      const path = `${folder}/Jedi_messagelog`;
      await Deno.writeTextFile(`${path}.txt`, before);
      const reports: string[] = [];
      const logs = new MessageLogs(folder, (_, text) => reports.push(text));
      await logs.catchUp(store, state);
      await logs.close();
      assertEquals(await Deno.readTextFile(`${path}.txt`), main);
      const moved = aside === undefined
        ? undefined
        : await Deno.readTextFile(`${path}.1.txt`);
      assertEquals(moved, aside);
      assertEquals(reports, []);
    });
  }
  await store.close();
});
