/** The body of an answer whose bytes are still on their way. */
import { assert, assertEquals } from "@std/assert";
import { ArrivingFile } from "../../../../lib/client/transfer/arriving_file.ts";
import type { BodyTarget } from "../../../../lib/client/files/body_target.ts";
import { giveArriving } from "../../../../lib/client/ui/web/held_body.io.ts";
import { blockCheck } from "../../../../lib/engine/blocks/content_digest.ts";
import { transferLimits } from "../../../../lib/engine/packets/limits.ts";
import { testFile } from "../../../support/transfer_pair.ts";
import { waitUntil } from "../../../support/wait_until.ts";

const { blockBytes } = transferLimits;
const bytes = testFile(5 * blockBytes + 100);

/** Takes a body; says after each piece whether it takes more at once. */
class Body implements BodyTarget {
  readonly pieces: Uint8Array[] = [];
  destroyed = false;
  isEnded = false;
  readonly #acts = new Map<() => void, string>();

  get length(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0);
  }

  write(piece: Uint8Array): boolean {
    this.pieces.push(piece);
    return true;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.destroyed = true;
    for (const [act, event] of this.#acts) if (event === "close") act();
  }

  on(event: string, act: () => void): void {
    this.#acts.set(act, event);
  }

  off(_: string, act: () => void): void {
    this.#acts.delete(act);
  }
}

/** A file that arrives in `path`, and how a block of it does. */
async function arriving(path: string) {
  const disk = await Deno.open(path, { create: true, write: true });
  const here = new Map<number, number>();
  const file = new ArrivingFile(
    "film.mp4",
    bytes.length,
    () => Deno.open(path),
  );
  file.handleStarted({
    now: () => 0,
    upcoming: () => [],
    wish: () => {},
    checkOf: (block) => here.get(block),
  });
  const arrive = async (block: number, written?: Uint8Array) => {
    const start = block * blockBytes;
    const right = bytes.subarray(start, start + blockBytes);
    await disk.seek(start, Deno.SeekMode.Start);
    await disk.write(written ?? right);
    here.set(block, blockCheck(right));
    file.handleWritten();
  };
  return { file, arrive, [Symbol.dispose]: () => disk.close() };
}

Deno.test("giveArriving: holds the body until its bytes are there, and ends it with the last", async () => {
  const path = await Deno.makeTempFile();
  using coming = await arriving(path);
  using source = await Deno.open(path);
  const body = new Body();
  const start = 3 * blockBytes - 10;
  const given = giveArriving(
    coming.file,
    source,
    start,
    bytes.length - start,
    body,
  );
  await coming.arrive(3);
  await coming.arrive(5);
  assertEquals(body.length, 0);
  await coming.arrive(2);
  await waitUntil("two blocks", () => body.length === 10 + blockBytes);
  await coming.arrive(4);
  await given;
  assert(body.isEnded);
  const all = new Uint8Array(
    await new Blob(
      body.pieces.map((piece) => piece.slice()),
    ).arrayBuffer(),
  );
  assertEquals(all, bytes.slice(start));
  await Deno.remove(path);
});

Deno.test("giveArriving: cuts the connection, and ends nothing, when the rest does not come", async () => {
  const path = await Deno.makeTempFile();
  using coming = await arriving(path);
  using source = await Deno.open(path);
  const body = new Body();
  await coming.arrive(0);
  const given = giveArriving(coming.file, source, 0, bytes.length, body);
  await waitUntil("a block", () => body.length === blockBytes);
  coming.file.handleEnded();
  await given;
  assertEquals([body.isEnded, body.destroyed], [false, true]);
  await Deno.remove(path);
});

Deno.test("giveArriving: gives out nothing that is not what came", async () => {
  const path = await Deno.makeTempFile();
  using coming = await arriving(path);
  using source = await Deno.open(path);
  await coming.arrive(0, new Uint8Array(blockBytes));
  const body = new Body();
  await giveArriving(coming.file, source, 0, 1_000, body);
  assertEquals([body.length, body.isEnded, body.destroyed], [0, false, true]);
  await Deno.remove(path);
});

Deno.test("giveArriving: who hangs up is not waited for", async () => {
  const path = await Deno.makeTempFile();
  using coming = await arriving(path);
  using source = await Deno.open(path);
  const body = new Body();
  const given = giveArriving(coming.file, source, 0, 1_000, body);
  await Promise.resolve();
  body.destroy();
  await given;
  assertEquals(body.isEnded, false);
  await Deno.remove(path);
});
