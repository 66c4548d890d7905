import { assert, assertEquals } from "@std/assert";
import { isPrintable } from "../../lib/base/text.ts";
import { receivedName } from "../../lib/client/files/received_name.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/** Names of received files: one harmless component, always. */
export const nameTarget: FuzzTarget = {
  name: "names",
  about: "names of received files",
  shortRuns: 10_000,
  open(random) {
    const mutator = new Mutator(random);
    return {
      step() {
        const offered = mutator.chance(2)
          ? mutator.anyText(300)
          : mutator.text(mutator.pick(names));
        const sender = mutator.chance(4) ? mutator.anyText(40) : "yoda";
        const copy = random.below(1000);
        const name = receivedName(sender, offered, copy);
        const shown = JSON.stringify([sender, offered, name]);
        assert(!/[/\\]/.test(name) && isPrintable(name), shown);
        assert(name.includes("_") && !/^\.|[. ]$/.test(name), shown);
        assert(new TextEncoder().encode(name).length <= 240, shown);
        assert(copy === 0 || name.includes(` (${copy})`), shown);
        assertEquals(receivedName(sender, offered, copy), name);
        return 1;
      },
    };
  },
};

const names = [
  "film.mp4",
  "../../etc/passwd",
  "..\\..\\boot.ini",
  "C:\\windows\\win.ini",
  "con.txt",
  ".ssh/authorized_keys",
  "film.mp4/",
  "a".repeat(255),
  "🎬".repeat(70) + ".mkv",
];
