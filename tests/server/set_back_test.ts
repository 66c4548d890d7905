/** A database that was set back to an older copy, and clients that know more. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { limits } from "../../lib/wire/limits.ts";
import type { RequestFields } from "../../lib/wire/request.ts";
import type { ReplyFields } from "../../lib/wire/server_frame.ts";
import { Timeline } from "../../lib/server/model/timeline.ts";
import type { TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";

const account = "0123456789abcdef";
const epoch = (name: string, after: number) => {
  return { epoch: name.repeat(16), after };
};
const [a, b, c, d] = [
  epoch("a", 0),
  epoch("b", 100),
  epoch("c", 200),
  epoch("d", 150),
];

Deno.test("Timeline: what was seen stands as far as both pasts are one", () => {
  const judge = (
    ours: typeof a[],
    theirs: typeof a[],
    seen: number,
    last = 1000,
  ) => {
    const [present = a] = ours.slice(-1);
    const timeline = new Timeline(ours.slice(0, -1), present);
    const known = { account, epochs: theirs };
    const { seen: stands, setBack } = timeline.judge(
      { seen, known },
      account,
      last,
    );
    return [stands, setBack];
  };
  // Restarts alone: all stands.
  assertEquals(judge([a, b, c], [a, b], 199), [199, false]);
  assertEquals(judge([a, b, c], [a, b, c], 300), [300, false]);
  // A copy of the second run, taken at 150; the client was there in the third.
  assertEquals(judge([a, b, d], [a, b, c], 210), [150, true]);
  assertEquals(judge([a, b, d], [a, b, c], 120), [120, true]);
  // It was there in the second run only, after the copy was made.
  assertEquals(judge([a, b, d], [a, b], 180), [150, true]);
  assertEquals(judge([a, b, d], [a, b], 140), [140, false]);
  // First an older copy was put back, then a newer one.
  assertEquals(judge([a, b, d], [a, epoch("e", 50)], 90), [50, true]);
  // Nothing is known to both.
  assertEquals(judge([a, b], [epoch("x", 5)], 7), [0, true]);
  // More than there is.
  assertEquals(judge([a, b], [a, b], 500, 300), [300, true]);
});

Deno.test("Timeline: ids without epochs stand up to the last one, ids of another account not", () => {
  const timeline = new Timeline([a], b);
  const last = 300;
  const judge = (seen: number) => timeline.judge({ seen }, account, last);
  assertEquals(judge(300), { seen: 300, setBack: false });
  assertEquals(judge(301), { seen: 0, setBack: true });
  const known = { account: "f".repeat(16), epochs: [a, b] };
  assertEquals(timeline.judge({ seen: 9, known }, account, last), {
    seen: 0,
    setBack: false,
  });
});

Deno.test("limit toldEpochs: a client is told the last ones, and may name as many", () => {
  const harness = new CoreHarness();
  for (let run = 0; run < limits.toldEpochs + 5; run++) {
    new CoreHarness({ store: harness.store, seed: 100 + run });
  }
  const client = harness.restarted().connect();
  const { epochs = [], account = "" } = client.login("yoda");
  assertEquals(epochs.length, limits.toldEpochs);
  assertEquals(harness.store.epochs.slice(-epochs.length), epochs);
  const other = harness.restarted().connect();
  other.hello();
  const known = { account, epochs: [...epochs, a] };
  assertStringIncludes(
    other.refused("resume", { token: "x", udpPort: 0, known }),
    "bad_request",
  );
});

Deno.test("a server that was set back sends what its clients have not seen", () => {
  for (const wasThere of [false, true]) {
    const before = new CoreHarness();
    const yoda = before.login("yoda");
    send(yoda, "one");
    const copy = before.store.copy();
    // The run that is lost: luke reads three messages more.
    const lost = before.restarted({ seed: 5 });
    const sender = lost.login("yoda");
    const luke = lost.connect();
    const opened = luke.login("luke");
    for (const text of ["two", "three", "four"]) send(sender, text);
    const seen = luke.eventsOf("message").at(-1)?.id ?? 0;
    luke.ask("ack", { upto: seen });
    lost.advance(1000);
    // The copy is put back.
    const after = new CoreHarness({ store: copy, now: lost.now, seed: 6 });
    const { account = "", epochs = [] } = opened;
    const claim = { seen, known: { account, epochs } };
    const back = after.connect();
    if (wasThere) comeBack(back, claim);
    const again = after.login("yoda");
    for (const text of ["five", "six"]) send(again, text);
    if (!wasThere) comeBack(back, claim);
    const texts = back.eventsOf("message").map(({ text }) => text);
    // One was seen before the copy was made.
    assertEquals(texts, ["five", "six"]);
    assertStringIncludes(after.reports.join("\n"), "set back to an older copy");
  }
});

Deno.test("a server that was set back tells who has only sent up to where nothing is gone", () => {
  const before = new CoreHarness();
  const yoda = before.login("yoda");
  const first = send(yoda, "one").sent[0]?.id;
  const copy = before.store.copy();
  const lost = before.restarted({ seed: 5 });
  const sender = lost.connect();
  const { account = "", epochs = [] } = sender.login("yoda");
  const later = ["two", "three"].map((text) => send(sender, text).sent[0]?.id);
  assertEquals([first, ...later], [1, 2, 3]);
  // A repetition is the same message.
  assertEquals(send(sender, "two").sent[0]?.id, 2);
  const common = (server: CoreHarness) => {
    const client = server.connect();
    const claim = { known: { account, epochs } };
    const reply = client.replyTo(client.sendLogin("yoda", undefined, claim));
    const ok = reply && "ok" in reply && reply.ok as ReplyFields<"proof">;
    return ok && ok.common;
  };
  assertEquals(common(lost.restarted({ seed: 6 })), 3);
  assertEquals(common(new CoreHarness({ store: copy, seed: 7 })), 1);
});

function comeBack(
  client: TestClient,
  claim: Pick<RequestFields<"proof">, "seen" | "known">,
): void {
  const reply = client.replyTo(client.sendLogin("luke", undefined, claim));
  const ok = reply && "ok" in reply && reply.ok as ReplyFields<"proof">;
  assertEquals(ok && ok.setBack, true);
}

function send(client: TestClient, text: string): ReplyFields<"message"> {
  return client.ask("message", { to: ["luke"], text, mid: text });
}
