import { assert } from "@std/assert";
import { ScramError, serverKeysOf } from "../../lib/security/scram.ts";
import { ScramClient } from "../../lib/security/scram_client.ts";
import { ScramServer } from "../../lib/security/scram_server.ts";
import { formatVerifier, parseVerifier } from "../../lib/security/verifier.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/**
 * SCRAM in both directions: whatever is changed on the way, only an unchanged
 * exchange ends with both sides convinced, and a bad message is a `ScramError`.
 */
export const scramTarget: FuzzTarget = {
  name: "scram",
  about: "SCRAM messages of client and server, verifiers",
  shortRuns: 5_000,
  open(random) {
    const mutator = new Mutator(random);
    const salted = random.bytes(32);
    const keys = serverKeysOf(salted);
    const parameters = { salt: random.bytes(16), iterations: 4096 };
    const verifier = formatVerifier({ ...keys, ...parameters });
    const data = random.bytes(32);
    const binding = { type: "tls-server-end-point", data } as const;
    return {
      step() {
        checkVerifier(mutator.text(verifier));
        // Which of the four messages is changed; one more for none of them.
        const changed = random.below(5);
        const bound = mutator.chance(2) ? { binding } : {};
        const pass = (index: number, message: string) =>
          index === changed ? mutator.text(message) : message;
        const messages: [string, string][] = [];
        const send = (index: number, message: string) => {
          const passed = pass(index, message);
          messages.push([message, passed]);
          return passed;
        };
        try {
          const nonce = "a-nonce-of-the-client";
          const client = new ScramClient({ user: "yoda", nonce, ...bound });
          const first = send(0, client.clientFirst());
          const options = { nonce: "a-nonce-of-the-server", ...bound };
          const server = new ScramServer(first, options);
          const reply = send(1, server.serverFirst(parameters));
          client.handleServerFirst(reply);
          server.handleClientFinal(send(2, client.clientFinal(salted)));
          const signature = server.verify(keys);
          const isSame = () => messages.every(([a, b]) => a === b);
          assert(signature === undefined || isSame(), "a changed proof passed");
          if (signature === undefined) return 1;
          client.handleServerFinal(send(3, signature));
          assert(isSame(), "a changed signature passed");
        } catch (error) {
          if (!(error instanceof ScramError)) throw error;
          assert(messages.some(([a, b]) => a !== b), error.message);
        }
        return 1;
      },
    };
  },
};

function checkVerifier(text: string): void {
  const verifier = parseVerifier(text);
  if (verifier === undefined) return;
  assert(verifier.iterations >= 1 && verifier.storedKey.length === 32);
  assert(parseVerifier(formatVerifier(verifier)) !== undefined);
}
