import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { Binder } from "../../lib/engine/path/binder.ts";
import { packetType } from "../../lib/engine/packets/packet.ts";
import { testFile, TransferPair } from "../support/transfer_pair.ts";
import type { FuzzSession, FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/**
 * The transfer engine under forged datagrams of every kind, while a genuine
 * transfer goes on: it ends with the right bytes all the same.
 */
export const transferTarget: FuzzTarget = {
  name: "transfer",
  about: "datagrams to both ends of a transfer",
  shortRuns: 20_000,
  open: (random) => new TransferFuzz(new Mutator(random)),
};

class TransferFuzz implements FuzzSession {
  readonly #mutator: Mutator;
  readonly #file = testFile(300_000);
  readonly #digest = createHash("sha256").update(this.#file).digest("hex");
  readonly #binder: Binder;
  /** Genuine datagrams of the transfer, as material. */
  #seen: { from: "sender" | "receiver"; bytes: Uint8Array }[] = [];
  #pair: TransferPair;

  constructor(mutator: Mutator) {
    this.#mutator = mutator;
    const { random } = mutator;
    this.#binder = new Binder(random.bytes(8), random.bytes(32), 0);
    this.#pair = this.#begin();
  }

  step(): number {
    const pair = this.#pair;
    if (pair.sender.isDrained && pair.receiver.isDrained) {
      assertEquals(pair.digest(), this.#digest);
      this.#pair = this.#begin();
      return 0;
    }
    const { random } = this.#mutator;
    for (let count = 0; count < forgedPerStep; count++) {
      const bytes = this.#forge();
      const path = random.below(12);
      pair.sender.handleDatagram(bytes, path, pair.now);
      pair.receiver.handleDatagram(bytes, path, pair.now);
      assert(!this.#binder.handleDatagram(bytes, pair.now));
    }
    pair.step();
    assert(pair.now < mostMs, "the transfer does not end");
    return forgedPerStep;
  }

  #begin(): TransferPair {
    const seed = this.#mutator.random.below(2 ** 31);
    const pair = new TransferPair({ seed, file: this.#file });
    this.#seen = [];
    pair.intercept = (bytes, from) => {
      if (this.#seen.length < mostSeen) {
        this.#seen.push({ from, bytes: bytes.slice() });
      }
      return bytes;
    };
    return pair;
  }

  /** Something that neither end has sent, or has sent already. */
  #forge(): Uint8Array {
    const mutator = this.#mutator;
    const { random } = mutator;
    if (this.#seen.length === 0 || mutator.chance(4)) {
      const bytes = mutator.noise(100);
      bytes.set([mutator.pick(types)].slice(0, bytes.length));
      if (bytes.length > 9 && mutator.chance(2)) bytes.set(this.#pair.id, 1);
      return bytes;
    }
    const { bytes } = mutator.pick(this.#seen);
    if (mutator.chance(8)) return bytes;
    // Most of a datagram is the slice; what is read first is its header.
    const head = bytes.slice(0, 40 + random.below(60));
    const forged = mutator.bytes(mutator.chance(2) ? head : bytes);
    return mutator.chance(2) ? forged : forged.slice(0, bytes.length);
  }
}

const types = [...Object.values(packetType), 0x58, 0x59, 0x5a, 0x5b, 0, 255];
const forgedPerStep = 8;
const mostSeen = 500;
/** Virtual time: the file needs well under a second of it. */
const mostMs = 120_000;
