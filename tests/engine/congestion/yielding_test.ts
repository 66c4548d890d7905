/** A call beside a file: what the transfer leaves of the line, and of the queue. */
import { assert, assertEquals } from "@std/assert";
import { Bbr } from "../../../lib/engine/congestion/bbr.ts";
import { CallRoom } from "../../../lib/engine/congestion/call_room.ts";
import { runTogether, SharedLink } from "../../support/shared_link.ts";
import { testFile, TransferPair } from "../../support/transfer_pair.ts";

/** 20 Mbit/s, 40 ms there and back. */
const rate = 2_500;
const delayMs = 20;
const file = testFile(20_000_000);

/** Pictures in bursts and a voice: some 1 Mbit/s, as a browser sends them. */
class CallFlow {
  sent = 0;
  arrived = 0;
  #allMs = 0;
  readonly #passage;
  readonly #sentAt = new Map<number, number>();
  #pictureAt = Infinity;
  #voiceAt = Infinity;

  constructor(shared: SharedLink) {
    this.#passage = shared.passage();
  }

  begin(now: number): void {
    this.#pictureAt = this.#voiceAt = now;
  }

  get lost(): number {
    return 1 - this.arrived / this.sent;
  }

  /** How long a datagram was under way, ms. */
  get meanMs(): number {
    return this.#allMs / this.arrived;
  }

  handleTime(now: number): void {
    while (now >= this.#pictureAt) {
      for (let i = 0; i < 4; i++) this.#send(1_000, now);
      this.#pictureAt += 33;
    }
    while (now >= this.#voiceAt) {
      this.#send(130, now);
      this.#voiceAt += 20;
    }
    for (;;) {
      const bytes = this.#passage.receive(now);
      if (bytes === undefined) return;
      this.arrived++;
      const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(11);
      this.#allMs += now - this.#sentAt.get(number)!;
    }
  }

  #send(length: number, now: number): void {
    const bytes = new Uint8Array(length);
    bytes[0] = 0x50;
    bytes[8] = 1;
    new DataView(bytes.buffer).setUint32(11, this.sent);
    this.#sentAt.set(this.sent++, now);
    this.#passage.send(bytes, now);
  }
}

/** What becomes of a call beside three transfers. */
function together(
  queueBytes: number,
  first: "call" | "files",
  by: "sender" | "receiver",
): { readonly call: CallFlow; readonly share: number } {
  const shared = new SharedLink({ seed: 3, delayMs, rate, queueBytes });
  const pairs = [20, 21, 22].map((seed) =>
    new TransferPair({
      ...{ seed, file, there: shared.passage(), back: { delayMs } },
      makeController: () => new Bbr(),
    })
  );
  const call = new CallFlow(shared);
  const run = (until: number) =>
    runTogether(pairs, (now) => {
      call.handleTime(now);
      return now >= until;
    });
  if (first === "files") run(4_000);
  const { now } = pairs[0]!;
  call.begin(now);
  for (const pair of pairs) pair[by].setInCall(true, now);
  run(8_000);
  const written = () =>
    pairs.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);
  const before = written();
  run(16_000);
  return { call, share: (written() - before) / (rate * 8_000) };
}

Deno.test("beside a call transfers take most of the line, and the call loses next to nothing and hardly waits", () => {
  for (
    const [queueBytes, first, by] of [
      [64_000, "files", "receiver"],
      [100_000, "call", "sender"],
    ] as const
  ) {
    const { call, share } = together(queueBytes, first, by);
    const told = `${queueBytes}: ${call.lost} lost, ` +
      `${call.meanMs} ms, ${share} of the line`;
    assert(call.lost < 0.01, told);
    assert(call.meanMs < delayMs + 12, told);
    assert(share > 0.75, told);
  }
});

Deno.test("CallRoom is less while a queue stays, and more again without one", () => {
  const room = new CallRoom();
  const round = (...rtts: number[]) => {
    for (const rtt of rtts) room.handleRtt(rtt);
    room.handleRound(40);
    return room.share;
  };
  assertEquals(round(), 1, "nothing is known yet");
  assertEquals(round(60, 41, 0), 1, "it emptied");
  assert(round(60, 50) < 1);
  for (let i = 0; i < 100; i++) round(50);
  assertEquals([room.share, room.isUseless], [0.4, true], "never nothing");
  for (let i = 0; i < 100; i++) round(41);
  assertEquals(room.share, 1);
});
