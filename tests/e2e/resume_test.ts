/**
 * Interrupted transfers go on where they stopped: real clients that are killed,
 * stopped and started again.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, startServer } from "../support/jedi.ts";
import { contentDigestOfFile } from "../support/content_digest_of.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import type { TestClient } from "../support/test_client.ts";
import { waitUntil } from "../support/wait_until.ts";

const megabyte = 1024 * 1024;
const size = 64 * megabyte;
/** While it is to be interrupted it takes six seconds. */
const slowly = ["--limit", "11M"];

/** Two folders that outlive the clients which use them. */
class Folders implements AsyncDisposable {
  readonly root: string;
  readonly file: string;
  readonly downloads: string;

  private constructor(root: string) {
    this.root = root;
    this.file = join(root, "film.mp4");
    this.downloads = join(root, "downloads");
  }

  static async make(bytes = size): Promise<Folders> {
    const folders = new Folders(
      await Deno.makeTempDir({ prefix: "parley-resume-" }),
    );
    await Deno.mkdir(folders.downloads);
    await writeRandomFile(folders.file, bytes, 5);
    return folders;
  }

  get received(): string {
    return join(this.downloads, "yoda_film.mp4");
  }

  names(): string[] {
    return [...Deno.readDirSync(this.downloads)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

/** How far a transfer is: bytes, and bytes a second. */
interface Progress {
  readonly bytes: number;
  readonly rate: number;
}

/** Resolves when about half of the file has arrived. */
async function half(client: TestClient, from = 0): Promise<Progress> {
  const line = await client.process.waitFor("half of the file", (line) => {
    if (!line.startsWith("{")) return false;
    const event = JSON.parse(line);
    return event.event === "progress" && event.bytes > size * 0.45;
  }, { from });
  return JSON.parse(line);
}

/** Sends the file again; it must arrive whole and have gone on. */
async function resume(
  folders: Folders,
  sender: TestClient,
  receiver: TestClient,
  { bytes, rate }: Progress,
): Promise<void> {
  await sender.succeed("/limit off");
  const from = receiver.process.out.length;
  const sent = await sender.succeed(`/p2pvideo luke "${folders.file}"`);
  const got = await receiver.event("transfer", { state: "verified" }, { from });
  for (const end of [sent, got]) {
    const { resumed } = end;
    assert(typeof resumed === "number", "it went on");
    const least = bytes - Math.max(megabyte, rate);
    assert(resumed >= least, `${resumed} of ${bytes} bytes kept, ${rate}/s`);
    assertEquals(end.digest, await contentDigestOfFile(folders.file));
  }
  assertEquals(await digestOf(folders.received), await digestOf(folders.file));
  assertEquals(folders.names(), ["yoda_film.mp4"], "nothing else is left");
}

Deno.test("resume: after kill -9 of the receiver", async () => {
  await using folders = await Folders.make();
  await using server = await startServer();
  const args = ["--download-dir", folders.downloads];
  await using yoda = await logIn(server, "yoda", { args: slowly });
  let had: Progress;
  {
    await using luke = await logIn(server, "luke", { args });
    await yoda.send(`/p2pvideo luke "${folders.file}"`);
    had = await half(luke);
    await luke.process.kill();
  }
  // Not after the 30 s of silence that end a transfer: the server tells it.
  const options = { timeoutMs: 25_000 };
  const end = await yoda.event("transfer", { state: "failed" }, options);
  assertEquals(end.message, "luke went offline");
  const names = ["yoda_film.mp4.part", "yoda_film.mp4.part.map"];
  assertEquals(folders.names(), names);
  await using luke = await logIn(server, "luke", { args });
  await resume(folders, yoda, luke, had);
});

Deno.test("resume: after kill -9 of the sender", async () => {
  await using folders = await Folders.make();
  await using server = await startServer();
  const args = ["--download-dir", folders.downloads];
  await using luke = await logIn(server, "luke", { args });
  let had: Progress;
  {
    await using yoda = await logIn(server, "yoda", { args: slowly });
    await yoda.send(`/p2pvideo luke "${folders.file}"`);
    had = await half(luke);
    await yoda.process.kill();
  }
  await using yoda = await logIn(server, "yoda");
  await resume(folders, yoda, luke, had);
});

Deno.test("resume: after /cancel of either side, nothing is sent twice", async () => {
  await using folders = await Folders.make();
  await using server = await startServer();
  const args = ["--download-dir", folders.downloads];
  await using luke = await logIn(server, "luke", { args });
  await using yoda = await logIn(server, "yoda", { args: slowly });
  for (const stopper of [luke, yoda]) {
    const from = stopper.process.out.length;
    const lukeFrom = luke.process.out.length;
    await yoda.send(`/p2pvideo luke "${folders.file}"`);
    // The sender may still tell of the one before.
    const running = { state: "running" };
    const { transfer } = await stopper.event("transfer", running, { from });
    await stopper.event("progress", { transfer }, { from });
    await stopper.send(`/cancel ${transfer}`);
    await luke.event("transfer", { state: "cancelled" }, { from: lukeFrom });
    await stopper.event("result", { command: "cancel" }, { from });
  }
  await resume(folders, yoda, luke, { bytes: 1, rate: 0 });
});

Deno.test("resume: a file that changed is sent from the start, and is not mixed", async () => {
  await using folders = await Folders.make();
  await using server = await startServer();
  const args = ["--download-dir", folders.downloads];
  await using luke = await logIn(server, "luke", { args });
  await using yoda = await logIn(server, "yoda");
  const stop = async () => {
    const from = luke.process.out.length;
    const lastLine = yoda.process.out.length;
    await yoda.succeed(`/limit ${slowly[1]}`);
    await yoda.send(`/p2pvideo luke "${folders.file}"`);
    await half(luke, from);
    const { transfer } = await luke.event("progress", {}, { from });
    await luke.succeed(`/cancel ${transfer}`);
    await yoda.event("result", { command: "p2pvideo" }, { from: lastLine });
    await yoda.succeed("/limit off");
  };

  await stop();
  await writeRandomFile(folders.file, size, 6);
  const sent = await yoda.succeed(`/p2pvideo luke "${folders.file}"`);
  assertEquals(sent.resumed, undefined);
  assertEquals(await digestOf(folders.received), await digestOf(folders.file));
  await waitUntil(
    "no part",
    () => Promise.resolve(folders.names().join() === "yoda_film.mp4"),
  );
  await Deno.remove(folders.received);

  // One byte of what was sent changes, and nothing else can tell.
  await stop();
  const { mtime } = await Deno.stat(folders.file);
  using handle = await Deno.open(folders.file, { write: true });
  await handle.seek(megabyte, Deno.SeekMode.Start);
  await handle.write(new Uint8Array(1));
  await Deno.utime(folders.file, mtime!, mtime!);
  const refused = await yoda.refused(`/p2pvideo luke "${folders.file}"`);
  assertMatch(refused, /not the file that was sent in part/);
  await waitUntil(
    "no part",
    () => Promise.resolve(folders.names().length === 0),
  );
  const again = await yoda.succeed(`/p2pvideo luke "${folders.file}"`);
  assertEquals(again.resumed, undefined);
  assertEquals(await digestOf(folders.received), await digestOf(folders.file));
});

Deno.test("resume: what somebody changes, removes or replaces of a part is never taken for the file", async () => {
  await using folders = await Folders.make(40 * megabyte);
  await using server = await startServer();
  const args = ["--download-dir", folders.downloads];
  await using luke = await logIn(server, "luke", { args });
  await using yoda = await logIn(server, "yoda");
  const part = join(folders.downloads, "yoda_film.mp4.part");
  const damage = async () => {
    using file = await Deno.open(part, { write: true });
    await file.seek(3_000_000, Deno.SeekMode.Start);
    await file.write(new Uint8Array(16));
  };
  /** Lets 5 MB arrive, then does something. */
  const interfere = async (change: (transfer: number) => Promise<unknown>) => {
    const from = luke.process.out.length;
    await yoda.succeed("/limit 10M");
    const refusal = yoda.refused(`/p2pvideo luke "${folders.file}"`);
    const line = await luke.process.waitFor("5 MB", (line) => {
      if (!line.startsWith("{")) return false;
      const event = JSON.parse(line);
      return event.event === "progress" && event.bytes > 5 * megabyte;
    }, { from });
    await change(JSON.parse(line).transfer);
    await yoda.succeed("/limit off");
    const ended = await luke.process.waitFor("the end", (line) => {
      if (!line.startsWith("{")) return false;
      const event = JSON.parse(line);
      return event.event === "transfer" && ends.includes(event.state);
    }, { from });
    const told = await refusal;
    return [told, String(JSON.parse(ended).message)];
  };
  const ends = ["failed", "cancelled"];
  const isGone = () => Promise.resolve(folders.names().length === 0);

  // While nobody writes it: it goes on before the damage.
  await interfere(async (transfer) =>
    await luke.succeed(`/cancel ${transfer}`)
  );
  await damage();
  const sent = await yoda.succeed(`/p2pvideo luke "${folders.file}"`);
  const { resumed } = sent;
  assert(typeof resumed === "number" && resumed > 0 && resumed <= 3_000_000);
  assertEquals(await digestOf(folders.received), await digestOf(folders.file));
  await Deno.remove(folders.received);

  // While it arrives: it gets no name, and goes on before the damage, too.
  const changed = await interfere(damage);
  assertMatch(changed[0]!, /^integrity: "film.mp4" arrived damaged/);
  assertMatch(changed[1]!, /yoda_film\.mp4\.part" was changed on the disk/);
  assertEquals(folders.names().includes("yoda_film.mp4"), false);
  const again = await yoda.succeed(`/p2pvideo luke "${folders.file}"`);
  assert(Number(again.resumed) <= 3_000_000);
  assertEquals(await digestOf(folders.received), await digestOf(folders.file));
  await Deno.remove(folders.received);

  // Nothing is left of one that was removed, nor under the file's name.
  for (
    const change of [
      () => Deno.remove(part),
      () => Deno.rename(part, join(folders.root, "elsewhere")),
      () =>
        Deno.writeTextFile(`${part}.new`, "").then(() =>
          Deno.rename(`${part}.new`, part)
        ),
    ]
  ) {
    const [told, message] = await interfere(change);
    assertMatch(told!, /^removed: what had arrived of "film.mp4" was removed/);
    assertMatch(
      message!,
      /yoda_film\.mp4\.part" was removed, moved or replaced/,
    );
    await Deno.remove(part).catch(() => {});
    await waitUntil("nothing is left", isGone);
  }
});
