import { assertEquals, assertRejects } from "@std/assert";
import {
  LogAppender,
  type LogFile,
} from "../../../lib/server/logs/log_appender.io.ts";
import { messageLogLine } from "../../../lib/server/logs/message_log.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const line = (number: number, text = "hällo") =>
  messageLogLine(number, 0, "yoda", "leia", text);

/** Opens real files on a disk that has room for `left.bytes` more. */
function smallDisk(left: { bytes: number }) {
  return async (path: string): Promise<LogFile> => {
    const file = await Deno.open(path, { append: true, create: true });
    return {
      stat: () => file.stat(),
      async write(bytes) {
        const count = Math.min(bytes.length, left.bytes);
        if (count === 0) throw new Error("No space left (os error 28)");
        left.bytes -= count;
        return await file.write(bytes.subarray(0, count));
      },
      async truncate(length) {
        left.bytes += (await file.stat()).size - length;
        await file.truncate(length);
      },
      close: () => file.close(),
    };
  };
}

Deno.test("LogAppender.flush appends what is held, in order", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    const appender = new LogAppender(path);
    appender.append(line(1));
    appender.append(line(2));
    const first = appender.flush();
    appender.append(line(3));
    await Promise.all([first, appender.flush(), appender.flush()]);
    assertEquals(await Deno.readTextFile(path), line(1) + line(2) + line(3));
    assertEquals(appender.pending, false);
    await new LogAppender(path).flush();
    assertEquals(await Deno.readTextFile(path), line(1) + line(2) + line(3));
  });
});

Deno.test("LogAppender.repair cuts off a torn line and finds the last number", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    await Deno.writeTextFile(path, line(6) + line(7) + line(8).slice(0, -4));
    const appender = new LogAppender(path);
    const removed = new TextEncoder().encode(line(8).slice(0, -4)).length;
    const firstLine = line(6).trimEnd();
    const found = { lastNumber: 7, removed, firstLine };
    assertEquals(await appender.repair(), found);
    appender.append(line(8));
    await appender.flush();
    assertEquals(await Deno.readTextFile(path), line(6) + line(7) + line(8));
    const repaired = { lastNumber: 8, removed: 0, firstLine };
    assertEquals(await appender.repair(), repaired);
  });
});

Deno.test("LogAppender.repair looks past a long end without numbers", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    const notes = "# a note that somebody wrote\n".repeat(20_000);
    await Deno.writeTextFile(path, line(3) + notes + "torn");
    const appender = new LogAppender(path);
    const firstLine = line(3).trimEnd();
    const found = { lastNumber: 3, removed: 4, firstLine };
    assertEquals(await appender.repair(), found);
    assertEquals(await Deno.readTextFile(path), line(3) + notes);
  });
});

Deno.test("LogAppender.repair of no file or an empty one finds nothing", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    const nothing = { lastNumber: 0, removed: 0 };
    assertEquals(await new LogAppender(path).repair(), nothing);
    await Deno.writeTextFile(path, "");
    assertEquals(await new LogAppender(path).repair(), nothing);
  });
});

Deno.test("LogAppender keeps lines that a full disk refused, and the file whole", async () => {
  const all = [5, 6, 7, 8].map((number) => line(number));
  const total = new TextEncoder().encode(all.join("")).length;
  for (let room = 0; room < total; room++) {
    await withTempFolder(async (folder) => {
      const path = `${folder}/log.txt`;
      const left = { bytes: room };
      const appender = new LogAppender(path, smallDisk(left));
      for (const each of all.slice(0, 3)) appender.append(each);
      const failed = await appender.flush().then(() => false, () => true);
      const text = await Deno.readTextFile(path);
      assertEquals(all.join("").startsWith(text), true);
      assertEquals(text === "" || text.endsWith("\n"), true);
      assertEquals(failed, appender.pending);
      appender.append(all[3] ?? "");
      left.bytes = total;
      await appender.flush();
      assertEquals(await Deno.readTextFile(path), all.join(""));
    });
  }
});

Deno.test("LogAppender takes no line when too much is held", async () => {
  await withTempFolder(async (folder) => {
    const appender = new LogAppender(`${folder}/no/such/folder/log.txt`);
    const long = line(2, "x".repeat(4096));
    let taken = 0;
    while (appender.append(long)) taken++;
    assertEquals(taken, Math.floor(16 * 1024 * 1024 / long.length));
    await assertRejects(() => appender.flush());
    assertEquals(appender.append(long), false);
  });
});

Deno.test("LogAppender moves an older log aside when a new one begins", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/Jedi_messagelog.txt`;
    await Deno.writeTextFile(path, line(1, "old") + line(2, "old"));
    const appender = new LogAppender(path);
    appender.append(line(1));
    await appender.flush();
    appender.append(line(2));
    await appender.flush();
    assertEquals(await Deno.readTextFile(path), line(1) + line(2));
    assertEquals(
      await Deno.readTextFile(`${folder}/Jedi_messagelog.1.txt`),
      line(1, "old") + line(2, "old"),
    );
  });
});

Deno.test("LogAppender keeps apart two logs whose lines are held together", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/Jedi_messagelog.txt`;
    const appender = new LogAppender(path);
    const logs = ["one", "two", "three"].map((text) =>
      line(1, text) + line(2, text)
    );
    for (const log of logs) {
      for (const each of log.trimEnd().split("\n")) {
        appender.append(`${each}\n`);
      }
    }
    await appender.flush();
    const written = [
      "Jedi_messagelog.1",
      "Jedi_messagelog.2",
      "Jedi_messagelog",
    ]
      .map((name) => Deno.readTextFileSync(`${folder}/${name}.txt`));
    assertEquals(written, logs);
  });
});
