import { assert, assertEquals } from "@std/assert";
import {
  decodeLinkMessage,
  encodeLinkMessage,
  type LinkMessage,
  type LinkStep,
} from "../../lib/client/trust/link_message.ts";
import { KnownPeers } from "../../lib/client/trust/known_peers.ts";
import { LinkWorld } from "../support/link_world.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/**
 * Linking: what comes from another device is a message in its one spelling or
 * none, ends an attempt at most, and moves no key without a yes on both.
 */
export const linkTarget: FuzzTarget = {
  name: "link",
  about: "what a device says to another that links",
  shortRuns: 500,
  open(random) {
    const mutator = new Mutator(random);
    return {
      step() {
        const message = mutator.pick(messages);
        const good = encodeLinkMessage(message);
        assertEquals(decodeLinkMessage(good.step, good.data), message);
        const step = mutator.chance(4) ? mutator.pick(steps) : good.step;
        const data = mutator.chance(4)
          ? mutator.anyText(200)
          : mutator.text(good.data);
        const decoded = decodeLinkMessage(step, data);
        if (decoded !== undefined) {
          const again = encodeLinkMessage(decoded);
          assertEquals(decodeLinkMessage(step, again.data), decoded);
        }

        const world = new LinkWorld(["new", "Old"], random.below(2 ** 31));
        const changed = random.below(4);
        let sent = 0;
        world.meddle = (_from, _to, frame) =>
          sent++ === changed
            ? { ...frame, step, data: mutator.chance(2) ? data : frame.data }
            : frame;
        world.ask();
        world.at("Old").approve(undefined, world.now);
        world.settle();
        const isOne = mutator.chance(2);
        world.at("new").answer(true);
        if (!isOne) world.at("Old").answer(true);
        world.settle();
        if (isOne) assert(world.isUnmoved);

        const peers = new KnownPeers("", "s:1");
        peers.join(mutator.text(`luke ${"k".repeat(42)}A verified\n`));
        const lines = peers.toLines();
        const other = new KnownPeers("", "s:1");
        other.join(lines);
        assertEquals(other.toLines(), lines);
        return 3;
      },
    };
  },
};

const id = "0123456789abcdef";
const bytes = new Uint8Array(32).fill(7);
const key = "A".repeat(43);
const messages: readonly LinkMessage[] = [
  { step: "ask", id, commitment: bytes },
  { step: "offer", id, key },
  { step: "reveal", id, key },
  { step: "confirm", id, proof: bytes },
  { step: "key", id, piece: bytes },
  { step: "stop", id, why: "refused" },
];
const steps: readonly LinkStep[] = messages.map(({ step }) => step);
