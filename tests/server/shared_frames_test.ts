/** What many get in one turn, told together or queued: nobody sees a difference. */
import { assertEquals } from "@std/assert";
import { joinFrames } from "../../lib/server/net/join_frames.ts";
import { CoreHarness } from "../support/core_harness.ts";

/** Texts of the messages that each got, where so many come in one turn. */
function texts(shares: boolean): Record<string, unknown[]> {
  const harness = new CoreHarness({ shares });
  const [yoda, luke, leia] = ["yoda", "luke", "leia"]
    .map((name) => harness.login(name));
  const all = { yoda: yoda!, luke: luke!, leia: leia! };
  yoda!.ask("group-create", { group: "jedi", users: ["luke"] });
  luke!.ask("group-join", { group: "jedi" });
  const lines = [
    { do: "broadcast", text: "to all" },
    { do: "broadcast", text: "to all again" },
    { do: "message", to: ["luke"], text: "to luke" },
    { do: "group-message", group: "jedi", text: "to the group" },
    { do: "broadcast", text: "to all at last" },
  ];
  const requests = lines.map((line, index) =>
    JSON.stringify({ id: 900 + index, mid: `m${index}`, ...line }) + "\n"
  );
  harness.core.handleData(
    yoda!.id,
    new TextEncoder().encode(requests.join("")),
    harness.now,
  );
  // Who says farewell reads what came before.
  const bye = new TextEncoder().encode('{"id":9,"do":"logout"}\n');
  harness.drive();
  harness.core.handleData(leia!.id, bye, harness.now);
  harness.drive();
  return Object.fromEntries(
    Object.entries(all).map(([name, client]) => [
      name,
      client.eventsOf("message").map(({ text }) => text),
    ]),
  );
}

Deno.test("what is told to many together comes in the order in which it was said", () => {
  const expected = texts(false);
  assertEquals(texts(true), expected);
  assertEquals(expected.luke?.length, 5);
  assertEquals(expected.leia?.length, 3);
});

Deno.test("what many get is one list of frames for all who get just that", () => {
  const harness = new CoreHarness({ shares: true });
  const clients = ["yoda", "luke", "leia", "hans"]
    .map((name) => harness.login(name).id);
  const { core, now } = harness;
  /** Up to what is told, which the harness would hand out. */
  const say = (...texts: string[]) => {
    const lines = texts.map((text) =>
      JSON.stringify({ id: 1, do: "broadcast", text, mid: text }) + "\n"
    );
    const data = new TextEncoder().encode(lines.join(""));
    core.handleData(clients[0]!, data, now);
    for (;;) {
      const action = core.pollAction();
      if (action === undefined) return;
      if (action.action === "commit") core.handleCommitted(action.batch, now);
    }
  };
  say("one", "two");
  const shared = core.pollShared();
  assertEquals(
    shared.map(({ frames, connections }) => [frames.length, connections]),
    [[2, clients.slice(1)]],
  );
  // There is no room for one of them: it is queued, before what follows.
  core.handleUnsent(clients[1]!, shared[0]!);
  say("three");
  assertEquals(core.pollShared().map(({ connections }) => connections), [
    clients.slice(2),
  ]);
  const queued = joinFrames(core.queueOf(clients[1]!)?.take() ?? []);
  const told = new TextDecoder().decode(queued).trim().split("\n")
    .map((each) => JSON.parse(each).text);
  assertEquals(told, ["one", "two", "three"]);
});
