/** Calls: which devices ring, who is told what, and what is left in the log. */
import { assert, assertEquals } from "@std/assert";
import { limits } from "../../../lib/wire/limits.ts";
import type { RequestFields } from "../../../lib/wire/request.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";
import { codeOf, peerKey as key } from "../../support/limit_case.ts";

/** The offer number `number` of call `call`. */
function callTo(to: string, number = 1, call = 1, more = {}) {
  const id = (digit: number) => digit.toString(16).padStart(16, "0");
  return {
    ...{ offer: id(number), to, kind: "call", key, addresses: [] },
    call: { id: id(0xca11_00 + call), media: "voice", ...more },
  } as const satisfies RequestFields<"offer">;
}

const { offer } = callTo("luke");
const accept = { offer, accept: true, key } as const;

/** Those of these names, each on one device with a window. */
function withWindows<N extends string>(...names: N[]) {
  const harness = new CoreHarness();
  const clients = names.map((name) => {
    const client = harness.loginFrom(name, "laptop");
    client.ask("call-ready", { ready: true });
    return [name, client];
  });
  return { harness, ...Object.fromEntries(clients) as Record<N, TestClient> };
}

Deno.test("call: the devices with a window ring, and one answer counts", () => {
  const { harness, yoda, luke } = withWindows("yoda", "luke");
  const phone = harness.loginFrom("luke", "phone");
  const desktop = harness.loginFrom("luke", "desktop");
  desktop.ask("call-ready", { ready: true });
  yoda.ask("offer", callTo("luke"));
  assertEquals(phone.eventsOf("offer"), []);
  for (const client of [luke, desktop]) {
    const rung = client.eventsOf("offer").map((
      { kind, call },
    ) => [kind, call?.media]);
    assertEquals(rung, [["call", "voice"]]);
  }
  desktop.ask("answer", accept);
  assertEquals(yoda.eventsOf("answer").map(({ accept }) => accept), [true]);
  const answered = luke.eventsOf("answered").map(({ device }) => device);
  assertEquals(answered, ["desktop"]);
  assertEquals(codeOf(luke.refused("answer", accept)), "unknown_offer");
});

Deno.test("call: who has no window, or none any more, cannot be called", () => {
  const { harness, yoda, luke } = withWindows("yoda", "luke");
  luke.ask("call-ready", { ready: false });
  assertEquals(
    yoda.refused("offer", callTo("luke")),
    "no_calls: luke's client cannot take calls",
  );
  luke.ask("call-ready", { ready: true });
  luke.disconnect();
  // It says so again when it is back.
  harness.loginFrom("luke", "laptop");
  assertEquals(codeOf(yoda.refused("offer", callTo("luke"))), "no_calls");
});

Deno.test("call: who is away, has blocked or is blocked is not called, nor oneself", () => {
  const { harness, yoda, luke } = withWindows("yoda", "luke");
  const other = harness.loginFrom("yoda", "phone");
  other.ask("call-ready", { ready: true });
  const codes = (...names: string[]) =>
    names.map((name) => codeOf(yoda.refused("offer", callTo(name))));
  assertEquals(codes("yoda", "leia", "nobody"), [
    "is_self",
    "user_offline",
    "unknown_user",
  ]);
  luke.ask("block", { user: "yoda" });
  assertEquals(codes("luke"), ["not_delivered"]);
  assertEquals(
    codeOf(luke.refused("offer", callTo("yoda"))),
    "you_blocked",
  );
});

Deno.test("call: who is in a call is busy for others, not for who rings only", () => {
  const { yoda, luke, leia } = withWindows("yoda", "luke", "leia");
  yoda.ask("offer", callTo("luke"));
  leia.ask("offer", callTo("luke", 2, 2));
  luke.ask("answer", accept);
  assertEquals(
    leia.refused("offer", callTo("luke", 3, 3)),
    "in_call: luke is in another call",
  );
  assertEquals(codeOf(leia.refused("offer", callTo("yoda", 3, 3))), "in_call");
  luke.ask("offer-end", { offer, result: "closed" });
  leia.ask("offer", callTo("yoda", 3, 3));
});

Deno.test("call: members of one connect with each other without ringing", () => {
  const { harness, yoda, luke, leia } = withWindows("yoda", "luke", "leia");
  const desktop = harness.loginFrom("leia", "desktop");
  desktop.ask("call-ready", { ready: true });
  harness.advance(limits.tokenMs);
  yoda.ask("offer", callTo("luke", 1));
  yoda.ask("offer", callTo("leia", 2));
  luke.ask("answer", accept);
  const join = callTo("leia", 3, 1, { joins: true });
  // Who only rings is not in it.
  assertEquals(codeOf(luke.refused("offer", join)), "unknown_offer");
  leia.ask("answer", { ...accept, offer: callTo("leia", 2).offer });
  luke.ask("offer", join);
  const asked = leia.eventsOf("offer").at(-1);
  assertEquals([asked?.from, asked?.call?.joins], ["luke", true]);
  assertEquals(desktop.eventsOf("offer").length, 1);
  // Nor is who says another call's name.
  const other = callTo("leia", 4, 2, { joins: true });
  assertEquals(codeOf(luke.refused("offer", other)), "unknown_offer");
});

Deno.test("limit lostCallMs: who lost all of a call may connect anew until then, on the device that was in it", () => {
  for (const by of ["yoda", "luke"] as const) {
    const { harness, ...clients } = withWindows("yoda", "luke");
    const { yoda, luke } = clients;
    const desktop = harness.loginFrom("luke", "desktop");
    desktop.ask("call-ready", { ready: true });
    harness.advance(limits.tokenMs);
    const join = (number: number) => callTo("luke", number, 1, { joins: true });
    const lose = (number: number) => {
      const { offer } = callTo("luke", number);
      clients[by].ask("offer-end", {
        ...{ offer, result: "failed", reason: "unreachable" },
      });
    };
    yoda.ask("offer", callTo("luke"));
    luke.ask("answer", accept);
    lose(1);
    harness.advance(limits.lostCallMs - 1000);
    yoda.ask("offer", join(2));
    assertEquals(luke.eventsOf("offer").at(-1)?.call?.joins, true);
    assertEquals(desktop.eventsOf("offer").length, 1);
    luke.ask("answer", { ...accept, offer: join(2).offer });
    // It began anew with that.
    harness.advance(limits.lostCallMs);
    lose(2);
    harness.advance(limits.lostCallMs);
    assertEquals(
      yoda.refused("offer", join(3)),
      "unknown_offer: luke is not in this call",
    );
  }
});

Deno.test("call: who lost all of it and hangs up is not in it any more, and the other is told", () => {
  const { harness, yoda, luke, leia } = withWindows("yoda", "luke", "leia");
  harness.advance(limits.tokenMs);
  yoda.ask("offer", callTo("luke"));
  luke.ask("answer", accept);
  const lost = { offer, result: "failed", reason: "unreachable" } as const;
  luke.ask("offer-end", lost);
  // Who is busy in that the client says.
  leia.ask("offer", callTo("luke", 7, 7));
  assertEquals(codeOf(yoda.refused("offer-end", lost)), "unknown_offer");
  const closed = { offer, result: "closed" } as const;
  assertEquals(codeOf(leia.refused("offer-end", closed)), "unknown_offer");
  yoda.ask("offer-end", closed);
  assertEquals(luke.eventsOf("offer-end").at(-1)?.result, "closed");
  const join = callTo("luke", 2, 1, { joins: true });
  assertEquals(codeOf(yoda.refused("offer", join)), "unknown_offer");
  assertEquals(codeOf(yoda.refused("offer-end", closed)), "unknown_offer");
  assertEquals(harness.transferLog.length, 1);
});

Deno.test("call: what was quit, or hung up, is not kept for who wants back in", () => {
  const { harness, yoda, luke } = withWindows("yoda", "luke");
  harness.advance(limits.tokenMs);
  const ends = [
    { result: "closed" },
    { result: "failed", reason: "untrusted" },
    { result: "failed", reason: "quota" },
  ] as const;
  for (const [at, end] of ends.entries()) {
    const { offer } = callTo("luke", 10 + at);
    yoda.ask("offer", callTo("luke", 10 + at));
    luke.ask("answer", { ...accept, offer });
    yoda.ask("offer-end", { offer, ...end });
    const join = callTo("luke", 20 + at, 1, { joins: true });
    assertEquals(codeOf(yoda.refused("offer", join)), "unknown_offer");
  }
});

Deno.test("call: a server that has just begun lets the clients say who is in a call", () => {
  const { harness, yoda, luke } = withWindows("yoda", "luke");
  const phone = harness.loginFrom("luke", "phone");
  const join = callTo("luke", 2, 1, { joins: true });
  yoda.ask("offer", join);
  assertEquals(luke.eventsOf("offer").length, 1);
  assertEquals(phone.eventsOf("offer"), []);
  luke.ask("answer", { offer: join.offer, accept: false, reason: "failed" });
  assertEquals(yoda.eventsOf("answer").at(-1)?.reason, "failed");
});

Deno.test("call: what belongs to a call and what does not", () => {
  const { yoda } = withWindows("yoda", "luke");
  const { call, ...none } = callTo("luke");
  const file = { name: "a", size: 1 };
  const wrong: RequestFields<"offer">[] = [
    none,
    { ...none, kind: "file", file, call },
    { ...none, kind: "session", call },
    { ...callTo("luke"), file },
  ];
  for (const each of wrong) {
    assertEquals(codeOf(yoda.refused("offer", each)), "bad_request");
  }
});

Deno.test("limit ringMs: a call that nobody answers ends for both, before a file's offer", () => {
  const { harness, yoda, luke } = withWindows("yoda", "luke");
  const { call: _, ...about } = callTo("luke", 9);
  const file = { name: "a", size: 1 };
  yoda.ask("offer", { ...about, kind: "file", file });
  yoda.ask("offer", callTo("luke"));
  harness.advance(limits.ringMs - 1000);
  assertEquals(yoda.eventsOf("offer-end"), []);
  harness.advance(1000);
  for (const client of [yoda, luke]) {
    const ends = client.eventsOf("offer-end");
    assertEquals(ends.map(({ offer, reason }) => [offer, reason]), [
      [offer, "expired"],
    ]);
  }
});

Deno.test("call: transferlog.txt tells who, whom, how long and which way, of answered ones", () => {
  const { harness, yoda, luke } = withWindows("yoda", "luke");
  yoda.ask("offer", callTo("luke"));
  luke.ask("answer", { offer, accept: false });
  yoda.ask("offer", callTo("luke", 2, 2));
  luke.ask("answer", { ...accept, offer: callTo("luke", 2).offer });
  assertEquals(harness.transferLog, []);
  harness.advance(61_000);
  const end = { offer: callTo("luke", 2).offer, result: "closed" } as const;
  luke.ask("offer-end", { ...end, via: "relay" });
  const [line = ""] = harness.transferLog;
  assert(line.endsWith("; yoda; luke; call; voice; 61; relay; -"), line);
});

Deno.test("call: it ends when one blocks the other, and for a device that is gone for good", () => {
  const { harness, yoda, luke } = withWindows("yoda", "luke");
  yoda.ask("offer", callTo("luke"));
  luke.ask("answer", accept);
  luke.disconnect();
  assertEquals(yoda.eventsOf("offer-end"), []);
  harness.advance(limits.tokenMs + 1000);
  assertEquals(yoda.eventsOf("offer-end").length, 1);
  const back = harness.loginFrom("luke", "laptop");
  back.ask("call-ready", { ready: true });
  yoda.ask("offer", callTo("luke", 2, 2));
  back.ask("answer", { ...accept, offer: callTo("luke", 2).offer });
  back.ask("block", { user: "yoda" });
  assertEquals(yoda.eventsOf("offer-end").at(-1)?.result, "closed");
});
