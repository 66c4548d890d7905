import { assert, assertEquals } from "@std/assert";
import { renderText } from "../../../lib/client/text/render_text.ts";
import { plainPalette } from "../../../lib/cli/palette.ts";
import { logIn } from "../logged_in.ts";
import { offerAccepted } from "../accepted_offer.ts";
import { SessionHarness } from "../session_harness.ts";

/** A file on its way to luke, by a path or before there is one. */
function sending(
  { isReached = true, features = [] }: {
    isReached?: boolean;
    features?: string[];
  } = {},
) {
  const harness = new SessionHarness();
  harness.serverFeatures = features;
  logIn(harness);
  const { id } = offerAccepted(harness);
  if (isReached) {
    harness.peer({ event: "path", id, link: { via: "lan", rtt: 1 } });
  }
  return { harness, id };
}

/** Enters a line and gives what becomes of it, `waiting` if nothing does. */
function enter(
  harness: SessionHarness,
  line: string,
  then: () => void = () => {},
) {
  const n = harness.line(line);
  then();
  const outcome = harness.results().find((each) => each.n === n)?.outcome;
  if (outcome === undefined) return "waiting";
  return outcome.ok ? "ok" : `${outcome.code}: ${outcome.message}`;
}

Deno.test("/pause, /resume: one side, the other, both; it goes on when nobody has it wait", () => {
  const { harness, id } = sending();
  const held = (byOwn: boolean, byPeer: boolean) => () =>
    harness.peer({ event: "held", id, byOwn, byPeer });
  const shown = () => {
    const event = harness.events.findLast((e) => e.event === "paused");
    assert(event?.event === "paused");
    const { paused, pausedBy } = event.info;
    return [paused, pausedBy, renderText(event, plainPalette)];
  };
  assertEquals(enter(harness, "/pause 1", held(true, false)), "ok");
  assertEquals(harness.lastEffect("hold-transfer"), {
    effect: "hold-transfer",
    id,
    isHeld: true,
  });
  assertEquals(shown(), [
    true,
    ["me"],
    ["1: a.mp4 is paused by you; /resume 1 goes on"],
  ]);
  held(true, true)();
  assertEquals(shown(), [
    true,
    ["me", "user"],
    ["1: a.mp4 is paused by you and luke; /resume 1 goes on"],
  ]);
  // The server has nothing to do with it.
  harness.lose();
  assertEquals(enter(harness, "/resume 1", held(false, true)), "ok");
  assertEquals(harness.lastEffect("hold-transfer").isHeld, false);
  assertEquals(shown(), [true, ["user"], ["1: a.mp4 is paused by luke"]]);
  assertEquals(
    enter(harness, "/resume 1"),
    "not_paused: Transfer 1 is paused by luke, who can resume it",
  );
  held(false, false)();
  assertEquals(shown(), [false, undefined, ["1: a.mp4 goes on"]]);
  assertEquals(
    enter(harness, "/resume 1"),
    "not_paused: Transfer 1 is not paused",
  );
});

Deno.test("/pause: refused where nothing runs, or the other client cannot", () => {
  const { harness, id } = sending();
  const refused = () => harness.peer({ event: "hold-refused", id });
  assertEquals(
    enter(harness, "/pause 1", refused),
    "no_pause: luke's client cannot pause; /cancel 1 stops it, and sent again it goes on where it stopped",
  );
  assertEquals(
    enter(harness, "/pause 7"),
    "unknown_transfer: There is no transfer 7; /transfers lists them",
  );
  harness.line("/p2pvideo luke /films/b.mp4");
  assertEquals(
    enter(harness, "/pause 2"),
    "not_running: Transfer 2 does not run yet; /cancel 2 ends it",
  );
  harness.line("/startprivate luke");
  assertEquals(
    enter(harness, "/resume 3"),
    "not_running: 3 is a private session, which cannot be paused",
  );
  const ended = () => harness.peer({ event: "closed", id, reason: "left" });
  assertEquals(
    enter(harness, "/pause 1", ended),
    "user_offline: luke went offline",
  );
  const early = sending({ isReached: false });
  const none = () =>
    early.harness.peer({ event: "hold-refused", id: early.id });
  assertEquals(
    enter(early.harness, "/pause 1", none),
    "no_pause: transfer 1 still looks for a path; try again in a moment",
  );
});

Deno.test("a user seen offline says nothing of a transfer where the server knows devices", () => {
  for (const features of [[], ["devices"]]) {
    const { harness, id } = sending({ features });
    harness.server({ ev: "presence", user: "luke", online: false, at: 1 });
    const doubted = harness.effects
      .filter(({ effect }) => effect === "doubt-transfer");
    assertEquals(doubted.length, features.length === 0 ? 1 : 0, id);
  }
});

Deno.test("a transfer that waits is no idleness: the server hears of it", () => {
  const { harness, id } = sending();
  harness.peer({ event: "held", id, byOwn: false, byPeer: true });
  harness.sent = [];
  harness.pass(5_000);
  harness.peer({ event: "path", id, link: { via: "lan", rtt: 1 } });
  harness.toTimeout();
  assertEquals(harness.take("ping").active, true);
});
