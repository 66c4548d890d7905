import { assert, assertEquals } from "@std/assert";
import {
  foldText,
  hasTerms,
  searchTerms,
} from "../../lib/base/search_words.ts";
import type { StoredMessage } from "../../lib/server/model/store.ts";
import { SqliteStore } from "../../lib/server/store/sqlite_store.io.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/** Words to search for: never an error, and the same with the index and without. */
export const searchTarget: FuzzTarget = {
  name: "search",
  about: "words to search for, in a real database",
  shortRuns: 300,
  open(random) {
    const mutator = new Mutator(random);
    const store = new SqliteStore(":memory:");
    let id = 0;
    return {
      async step() {
        // Nobody can send control characters.
        const text =
          (mutator.chance(2)
            ? mutator.anyText(60)
            : mutator.text(mutator.pick(texts)))
            .toWellFormed().replace(/\p{Cc}/gu, " ");
        const words = mutator.chance(2)
          ? mutator.text(mutator.pick(queries)).toWellFormed()
          : text.slice(random.below(9), 9 + random.below(9)).toWellFormed();
        const message: StoredMessage = {
          ...{ id: ++id, number: id, sender: 1, receiver: 2, at: id },
          ...{ text: text === "" ? "x" : text, mid: `${id}` },
        };
        await store.commit([{ write: "message", message }]);
        const terms = searchTerms(words);
        if (terms.length === 0) return 1;
        const lookup = {
          kind: "search",
          user: 2,
          scope: { kind: "mine", user: 2 },
          ...{ terms, before: 1e15, limit: 1 },
        } as const;
        const isFound = hasTerms(foldText(message.text), terms);
        const one = await store.lookUp(lookup);
        store.index();
        const other = await store.lookUp(lookup);
        assertEquals(one, other, JSON.stringify([text, words]));
        if (isFound) assertEquals(one.messages[0]?.id, id);
        for (const { text } of one.messages) {
          assert(
            hasTerms(foldText(text), terms),
            JSON.stringify([text, words]),
          );
        }
        return 1;
      },
      async close() {
        await store.close();
      },
    };
  },
};

const queries = [
  "death star",
  '"death star" plans',
  'NEAR("a" "b", 5) OR text : x* NOT -y ^z',
  '"""" AND (words MATCH \'x\'); DROP TABLE words; --',
  "東京 พลัง 😀",
];
const texts = [
  "The plans of the Death Star are in the droid",
  "今日は東京に行きます",
  'he said "do or do not"',
  "%_*?[]{}()<>\\",
];
