import { assert, assertEquals } from "@std/assert";
import { isUserName } from "../../lib/wire/names.ts";
import { formatVerifier } from "../../lib/security/verifier.ts";
import { CredentialsFile } from "../../lib/server/accounts/credentials_file.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";
import { credentialOf } from "../support/core_accounts.ts";

/**
 * `credentials.txt`: reading keeps every byte, no line gives more than one
 * account, and an edit changes that account's line only.
 */
export const credentialsTarget: FuzzTarget = {
  name: "credentials",
  about: "credentials.txt and its edits",
  shortRuns: 3_000,
  open(random) {
    const mutator = new Mutator(random);
    const credential = credentialOf("secret");
    assert(credential.kind === "verifier");
    const { verifier } = credential;
    const written = formatVerifier(verifier);
    const lines = [
      "# people\n",
      "\n",
      "yoda green\n",
      "luke sky walker\r\n",
      `leia ${written}\n`,
      "han solo",
    ];
    return {
      step() {
        let good = "";
        for (let count = random.below(7); count > 0; count--) {
          good += mutator.pick(lines);
        }
        const text = mutator.chance(8)
          ? mutator.anyText(200)
          : mutator.text(good);
        const file = new CredentialsFile(text);
        assertEquals(file.text, text);
        for (const { line, message } of file.problems) {
          assert(line >= 1 && message.startsWith(`line ${line}: `));
        }
        const names = [...file.accounts.keys()];
        assert(names.every(isUserName), names.join());
        const name = names[random.below(names.length)];
        if (name === undefined) return 1;
        const edited = file.setVerifiers(new Map([[name, verifier]]));
        const removed = file.remove(name);
        const changed = edited.accounts.get(name);
        assert(changed?.kind === "verifier");
        assertEquals(formatVerifier(changed.verifier), written);
        assertEquals([...edited.accounts.keys()], names);
        assert(!removed.accounts.has(name) || text.split(name).length > 2);
        for (const other of names) {
          if (other === name) continue;
          const before = file.accounts.get(other);
          assertEquals(edited.accounts.get(other), before);
        }
        return 1;
      },
    };
  },
};
