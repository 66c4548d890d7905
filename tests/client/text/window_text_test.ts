import { assertEquals, assertMatch } from "@std/assert";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { OwnIdentity } from "../../../lib/client/trust/own_identity.ts";
import { PeerIdentities } from "../../../lib/client/trust/peer_identities.ts";
import { windowText } from "../../../lib/client/text/window_text.ts";
import { MemoryKeys } from "../../support/memory_keys.ts";
import { MemoryPeers } from "../../support/memory_peers.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

Deno.test("windowText() says what to choose, not what to enter", () => {
  const at = 0;
  const session = { session: 6, direction: "incoming", user: "luke" } as const;
  const info = { ...session, kind: "session" } as const;
  const events: ClientEvent[] = [
    {
      event: "invited",
      group: "jedi",
      by: "luke\u0007",
      leaderOnly: false,
      at,
    },
    { event: "device-login", device: "phone", ip: "192.0.2.1", at, new: true },
    { event: "session", info: { ...info, state: "open" } },
    { event: "session", info: { ...info, state: "closed" } },
  ];
  assertEquals(events.map(windowText), [
    ["luke\u2407 invites you to the group jedi; choose it in the list to join"],
    [
      "a new device logged in as you: phone from 192.0.2.1; " +
      "not you? Log it out under My devices, and change the password",
    ],
    ["Private session with luke is open"],
    ["Private session with luke has ended"],
  ]);
});

Deno.test("windowText() names the panel that shows a safety number", () => {
  const random = new SeededRandom(31);
  const make = () => Identity.fromSeed(random.bytes(32));
  const told: ClientEvent[] = [];
  const identities = new PeerIdentities(
    // deno-lint-ignore no-explicit-any
    { emit: (event: ClientEvent) => told.push(event) } as any,
    new OwnIdentity(make(), new MemoryKeys()),
    new MemoryPeers(),
  );
  identities.meet("luke", make().publicKey);
  identities.meet("luke", make().publicKey);
  const [first, changed, ...more] = told.flatMap(windowText);
  assertMatch(first ?? "", /; compare it with luke \(About luke\)$/);
  assertMatch(
    changed ?? "",
    /compared the safety number \(About luke\) and accepted it$/,
  );
  assertEquals(more, []);
});
