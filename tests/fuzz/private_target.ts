import { assert, assertEquals } from "@std/assert";
import { type ChannelEnd, ChannelPair } from "../support/channel_pair.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/**
 * Private sessions: bytes that were changed on the way end the session; nothing
 * is ever shown that was not sent, or in another order.
 */
export const privateTarget: FuzzTarget = {
  name: "private",
  about: "records of private sessions, in every state",
  shortRuns: 300,
  open(random) {
    const mutator = new Mutator(random);
    return {
      step() {
        const pair = new ChannelPair({}, {}, random.below(2 ** 31));
        const { offerer, answerer } = pair;
        const sent: string[] = [];
        const flights = 2 + random.below(12);
        const changed = random.below(flights);
        for (let flight = 0; flight < flights; flight++) {
          const [from, to] = flight % 2 === 0
            ? [offerer, answerer]
            : [answerer, offerer];
          if (flight === 4 && isEstablished(offerer)) {
            offerer.channel.handleChoose();
          }
          if (offerer.channel.isOpen && flight % 2 === 0) {
            const text = `text ${flight}`;
            if (offerer.channel.handleText(text) === undefined) sent.push(text);
          }
          const bytes = from.take(pair.now);
          const passed = flight !== changed
            ? bytes
            : mutator.chance(4)
            ? mutator.noise(300)
            : mutator.bytes(bytes);
          to.give(passed, pair.now, 1 + random.below(200));
          pair.now += random.below(1000);
          for (const end of [offerer, answerer]) {
            end.channel.handleTimeout(pair.now);
            end.collect();
          }
        }
        assertEquals(answerer.texts, sent.slice(0, answerer.texts.length));
        assertEquals(offerer.texts, []);
        for (const end of [offerer, answerer]) {
          const ends = end.events.filter(({ event }) => event === "closed");
          assert(ends.length <= 1);
        }
        return 1;
      },
    };
  },
};

function isEstablished({ events }: ChannelEnd): boolean {
  return events.some(({ event }) => event === "established") &&
    events.every(({ event }) => event !== "closed");
}
