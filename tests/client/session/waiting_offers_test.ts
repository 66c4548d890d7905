/** A session in which something waits for luke. */
import { assertEquals } from "@std/assert";
import { logIn } from "../logged_in.ts";
import { type HarnessOptions, SessionHarness } from "../session_harness.ts";

const luke = { user: "luke", account: "00ff00ff00ff00ff" };

/** Something waits for luke. */
function waiting(options: HarnessOptions = {}): SessionHarness {
  const harness = new SessionHarness("ask", options);
  harness.serverFeatures = ["devices", "later"];
  logIn(harness);
  harness.line("/send luke a.mp4 --when-back");
  look(harness);
  harness.answer("offer-later", { to: [{ ...luke, online: false }] });
  return harness;
}

/** What is looked at is there. */
function look(harness: SessionHarness): void {
  const { id } = harness.lastEffect("prepare-offer");
  const file = { name: "a.mp4", size: 100 };
  const about = { paths: ["/films/a.mp4"], key: "A".repeat(43), addresses: [] };
  harness.peer({ event: "offer-ready", id, file, ...about });
}

/** How often something was looked at to be offered. */
function prepared(harness: SessionHarness): number {
  return harness.effects.filter(({ effect }) => effect === "prepare-offer")
    .length;
}

Deno.test("--when-back: who comes is offered it, also where nobody is told of their coming", () => {
  const harness = waiting({ presence: "off" });
  harness.events.length = 0;
  const [info] = harness.view.snapshot().transfers.map(({ info }) => info);
  assertEquals([info?.state, info?.transfer, info?.user], [
    "waiting",
    1,
    "luke",
  ]);
  assertEquals(harness.view.running(), []);
  assertEquals(prepared(harness), 1);
  const come = { ev: "presence", user: "luke", online: true, at: 1 };
  harness.server(come);
  assertEquals(prepared(harness), 2);
  assertEquals(harness.count("presence"), 0);
  look(harness);
  // It is an offer like any other from here on.
  assertEquals(harness.take("identity").user, "luke");
});

Deno.test("--when-back: it waits on when the connection is lost, and is listed beside what is under way", () => {
  const harness = waiting();
  harness.lose();
  const listed = () => {
    const n = harness.line("/transfers");
    const outcome = harness.results().find((each) => each.n === n)?.outcome;
    return outcome?.ok && outcome.command === "transfers"
      ? outcome.answer.transfers.map(({ state }) => state)
      : [];
  };
  assertEquals(listed(), ["waiting"]);
  harness.line("/send leia b.mp4");
  assertEquals(listed(), ["waiting", "preparing"]);
  harness.line("/cancel 1");
  assertEquals(listed(), ["preparing"]);
});

Deno.test("--when-back: a server that does not know of it is not asked, and a pipe does not wait", () => {
  const harness = new SessionHarness("ask");
  harness.serverFeatures = ["devices"];
  logIn(harness);
  harness.line("/send luke a.mp4 --when-back");
  const outcome = harness.results().at(-1)?.outcome;
  assertEquals(outcome?.ok === false && outcome.code, "no_later");
  assertEquals(prepared(harness), 0);
  harness.line("/send luke - --name a --when-back");
  const refused = harness.results().at(-1)?.outcome;
  assertEquals(
    refused?.ok === false && refused.message,
    "usage: /p2pvideo USER PATH…; what is piped in cannot wait; send a file",
  );
});
