import { assert, assertEquals, assertMatch } from "@std/assert";
import type {
  ClientEvent,
  CommandOutcome,
  Verification,
} from "../../../lib/client/events/client_event.ts";
import { isQuiet } from "../../../lib/client/events/event_kind.ts";
import type { QuietEvent } from "../../../lib/client/events/quiet_event.ts";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { OwnIdentity } from "../../../lib/client/trust/own_identity.ts";
import { PeerIdentities } from "../../../lib/client/trust/peer_identities.ts";
import { renderText } from "../../../lib/client/text/render_text.ts";
import { plainPalette } from "../../../lib/cli/palette.ts";
import { verify } from "../../../lib/client/session/verify.ts";
import { MemoryKeys } from "../../support/memory_keys.ts";
import { MemoryPeers } from "../../support/memory_peers.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import type { Result } from "../../../lib/client/commands/command.ts";
import type { Reply } from "../../../lib/wire/server_frame.ts";

const random = new SeededRandom(31);
const make = () => Identity.fromSeed(random.bytes(32));
const own = make();
const one = make().publicKey;
const two = make().publicKey;
const three = make().publicKey;

/** A client and a server that names keys. */
class World {
  readonly events: ClientEvent[] = [];
  readonly quiet: QuietEvent[] = [];
  readonly asked: string[] = [];
  readonly keys = new Map<string, string>();
  readonly identities: PeerIdentities;
  #n = 0;
  #isAway = false;

  /** Of every user, as the server tells it. */
  account = "0123456789abcdef";

  constructor() {
    this.identities = new PeerIdentities(
      this.host,
      new OwnIdentity(own, new MemoryKeys()),
      new MemoryPeers(),
    );
  }

  get host() {
    return {
      emit: (event: ClientEvent | QuietEvent) =>
        isQuiet(event) ? this.quiet.push(event) : this.events.push(event),
      request: (
        _: string,
        { user }: { user: string },
        onReply: (reply: Reply<"identity">) => void,
      ) => {
        this.asked.push(user);
        const identity = this.keys.get(user);
        if (this.#isAway) {
          return onReply({ code: "connection_lost", message: "gone" });
        }
        const key = identity === undefined ? {} : { identity };
        onReply({ ok: { user, account: this.account, ...key } });
      },
      // deno-lint-ignore no-explicit-any
    } as any;
  }

  lose(isAway: boolean): void {
    this.#isAway = isAway;
  }

  /** `TRUST` or the error's code. */
  verify(user: string, action?: "ok" | "accept"): string {
    const results: Result<Verification>[] = [];
    verify(action === undefined ? { user } : { user, action }, {
      ...this.host,
      identities: this.identities,
      self: () => "yoda",
    }, (result) => results.push(result));
    const [result, ...more] = results;
    assert(result !== undefined && more.length === 0);
    const { ok: answer, ...refusal } = result;
    const outcome = answer === undefined
      ? { command: "verify", ok: false, ...refusal }
      : { command: "verify", ok: true, answer };
    this.events.push(
      { event: "result", n: ++this.#n, outcome: outcome as CommandOutcome },
    );
    if (result.ok === undefined) return result.code;
    assertEquals(result.ok.user, user);
    return result.ok.trust;
  }

  names(): string[] {
    return this.events.filter(({ event }) => event !== "result")
      .map(({ event }) => event);
  }

  lines(): string[] {
    const event = this.events.at(-1);
    return event === undefined ? [] : renderText(event, plainPalette);
  }
}

Deno.test("verify: first contact, the same later, verified once the user says so", () => {
  const world = new World();
  world.keys.set("luke", one);
  assertEquals(world.verify("luke", "ok"), "not_compared");
  assertEquals(world.verify("luke"), "first");
  assertMatch(
    world.lines().join("\n"),
    /^safety number with luke: (\d{5} ?){8}$/m,
  );
  assertEquals(world.verify("luke"), "unverified");
  assertEquals(world.verify("luke", "ok"), "verified");
  assertEquals(world.verify("luke"), "verified");
  assertEquals(world.verify("luke", "accept"), "key_unchanged");
  assertEquals(world.names(), []);
});

Deno.test("verify: a changed key is a warning, is used for nothing, and has to be accepted", () => {
  const world = new World();
  world.keys.set("luke", one);
  world.verify("luke");
  world.verify("luke", "ok");
  world.keys.set("luke", two);
  assertEquals(world.verify("luke"), "changed");
  assertMatch(world.lines().join("\n"), /WARNING: the key of luke has changed/);
  const warning = world.events.find(({ event }) => event === "key-changed");
  assert(warning?.event === "key-changed" && warning.verified);
  assertMatch(
    warning.message,
    /^WARNING: the verified key of luke has changed/,
  );
  assertEquals(world.identities.mistrust("luke", two)?.code, "key_changed");
  assertEquals(world.identities.meet("luke", two)?.code, "key_changed");
  assertEquals(world.verify("luke", "ok"), "key_changed");
  // Told once.
  assertEquals(world.names(), ["key-changed"]);
  // A key that the user has not been told of is not the one to accept.
  world.keys.set("luke", three);
  assertEquals(world.verify("luke", "accept"), "key_changed");
  assertEquals(world.names(), ["key-changed", "key-changed"]);
  assertEquals(world.verify("luke", "accept"), "unverified");
  assertEquals(world.identities.mistrust("luke", three), undefined);
  assertEquals(world.identities.mistrust("luke", one)?.code, "key_changed");
});

Deno.test("verify: oneself, a client without a key, one that could keep none", () => {
  const world = new World();
  assertEquals(world.verify("yoda"), "is_self");
  assertEquals(world.verify("luke"), "no_identity");
  world.keys.set("luke", "A".repeat(43));
  assertEquals(world.verify("luke"), "no_identity");
  const without = new PeerIdentities(
    world.host,
    new OwnIdentity(undefined, new MemoryKeys()),
    new MemoryPeers(),
  );
  assertMatch(without.mistrust("luke", one)?.message ?? "", /This client/);
});

Deno.test("PeerIdentities: a known key under a new name is no first contact; a freed name is", () => {
  const world = new World();
  const { identities } = world;
  identities.meet("luke", one);
  identities.update((peers) => peers.pin("luke", one, true));
  // While this client was offline.
  assertEquals(identities.meet("ben", one), undefined);
  const met = world.events.at(-1);
  assert(met?.event === "peer-key");
  assertEquals([met.user, met.formerly], ["ben", "luke"]);
  assertEquals(met.message, "ben has the key that you know as luke's");
  assertEquals(identities.known.find("ben"), { key: one, verified: true });
  // Somebody else takes the old name.
  assertEquals(identities.meet("luke", two)?.code, "key_changed");
  // While it is online, and the key changes before the next exchange.
  identities.handleRenamed("ben", "kenobi");
  assertEquals(identities.meet("kenobi", three)?.code, "key_changed");
});

Deno.test("PeerIdentities: messages ask once for the key of who is known, and warn each time", () => {
  const world = new World();
  const { identities } = world;
  world.keys.set("luke", two);
  identities.handleSent("luke");
  identities.handleReceived("luke");
  assertEquals(world.asked, []);
  identities.meet("luke", one);
  world.lose(true);
  identities.handleReceived("luke");
  world.lose(false);
  identities.handleReceived("luke");
  identities.handleReceived("luke");
  assertEquals(world.asked, ["luke", "luke"]);
  assertEquals(world.names(), ["peer-key", "key-changed"]);
  identities.handleSent("luke");
  identities.handleSent("luke");
  assertEquals(world.names().length, 4);
  identities.handleReceived("luke");
  // The right one is there again.
  identities.note("luke", one);
  identities.handleSent("luke");
  assertEquals(world.names().length, 4);
  // That it is the known one is for those who watch, and no line.
  const same = { event: "trust", user: "luke", trust: "unverified" } as const;
  assertEquals(world.quiet.at(-1), same);
  identities.accept("luke", one, true);
  identities.note("luke", one);
  assertEquals(world.quiet.at(-1), { ...same, trust: "verified" });
});

Deno.test("PeerIdentities: presence compares and remembers nothing", () => {
  const world = new World();
  const { identities } = world;
  identities.note("luke", one);
  identities.note("luke", undefined);
  identities.note("luke", "nonsense");
  assertEquals(identities.known.find("luke"), undefined);
  identities.meet("luke", one);
  identities.note("luke", two);
  identities.note("luke", two);
  assertEquals(world.names(), ["peer-key", "key-changed"]);
});

Deno.test("PeerIdentities: who cannot be remembered any more is not met", () => {
  const world = new World();
  world.identities.update((peers) => {
    for (let i = 0; i < 10_000; i++) peers.pin(`u${i}`, two);
  });
  assertEquals(world.identities.meet("luke", one)?.code, "too_many_peers");
  assertEquals(world.identities.meet("u5", two), undefined);
  assertEquals(world.identities.meet("u5", one)?.code, "key_changed");
});

Deno.test("another account under a known name is another person, whatever its key", () => {
  for (const key of [one, two]) {
    const world = new World();
    const { identities } = world;
    world.keys.set("luke", one);
    world.verify("luke");
    world.verify("luke", "ok");
    world.account = "fedcba9876543210";
    world.keys.set("luke", key);
    identities.note("luke", key, world.account);
    identities.note("luke", key, world.account);
    assertEquals(world.names(), ["key-changed"]);
    assertMatch(
      world.lines().join("\n"),
      /WARNING: another person has the name luke now/,
    );
    assertMatch(
      identities.meet("luke", key)?.message ?? "",
      /^Another person has the name luke now; nothing is exchanged/,
    );
    assertEquals(world.verify("luke"), "changed");
    assertEquals(world.verify("luke", "accept"), "unverified");
    assertEquals(identities.meet("luke", key), undefined);
    assertEquals(identities.known.find("luke"), {
      key,
      verified: false,
      account: world.account,
    });
  }
});

Deno.test("another person is told of also where the client has no key", () => {
  const world = new World();
  world.keys.set("luke", one);
  world.verify("luke");
  world.identities.note("luke", undefined, "fedcba9876543210");
  assertEquals(world.names(), ["key-changed"]);
});

Deno.test("a key that was known before accounts were told is bound to one when it is met", () => {
  const world = new World();
  const { identities } = world;
  identities.update((peers) => peers.pin("luke", one, true));
  identities.note("luke", one, world.account);
  assertEquals(identities.known.find("luke"), { key: one, verified: true });
  identities.meet("luke", one);
  const { account } = world;
  assertEquals(identities.known.find("luke"), {
    key: one,
    verified: true,
    account,
  });
});
