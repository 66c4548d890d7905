import { limits } from "../../../lib/wire/limits.ts";
import { assert, assertEquals } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import { encodeBind } from "../../../lib/wire/rendezvous_datagram.ts";
import { CoreHarness } from "../../support/core_harness.ts";

const key = "k".repeat(43);
const offer = "00ff00ff00ff00ff";
const file = { name: "a film.mp4", size: 9 };
const addresses = [{ ip: "10.0.0.7", port: 6666 }];

function two() {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke", "198.51.100.3");
  return { harness, yoda, luke };
}

function request(to: string, id = offer) {
  return { offer: id, to, kind: "file", key, addresses, file } as const;
}

Deno.test("offer and answer are relayed with the addresses the server sees in front", () => {
  const { harness, yoda, luke } = two();
  yoda.ask("offer", request("luke"));
  assertEquals(luke.eventsOf("offer"), [{
    offer,
    account: harness.accountOf("yoda"),
    from: "yoda",
    kind: "file",
    key,
    addresses: [{ ip: "192.0.2.1", port: 7001 }, ...addresses],
    file,
  }]);
  luke.ask("answer", { offer, accept: true, key, resume: "AAAA" });
  assertEquals(yoda.eventsOf("answer"), [{
    offer,
    from: "luke",
    accept: true,
    key,
    addresses: [{ ip: "198.51.100.3", port: 7002 }],
    resume: "AAAA",
  }]);
  luke.ask("offer-end", { offer, result: "verified" });
  assertEquals(yoda.eventsOf("offer-end"), [
    { offer, from: "luke", result: "verified" },
  ]);
  assert(
    yoda.refused("offer-end", { offer, result: "failed" })
      .startsWith("unknown_offer"),
  );
});

Deno.test("addresses that the UDP port sees are told in offers, and when they change", () => {
  const { harness, yoda, luke } = two();
  const bind = (client: typeof yoda, number: number, port: number) => {
    const from = { ip: "203.0.113.5", port };
    const bytes = encodeBind(ids.get(client)!, keys.get(client)!, number);
    assert(harness.handleDatagram(bytes, from));
    harness.drive();
    return from;
  };
  const ids = new Map<typeof yoda, Uint8Array>();
  const keys = new Map<typeof yoda, Uint8Array>();
  for (const client of [yoda, luke]) {
    const { id, key } = client.ask("rendezvous", {});
    ids.set(client, decodeHex(id));
    keys.set(client, decodeBase64Url(key));
  }
  const first = bind(yoda, 1, 1000);
  yoda.ask("offer", request("luke"));
  assertEquals(luke.eventsOf("offer")[0]?.addresses[0], first);
  bind(luke, 1, 2000);
  assertEquals(yoda.eventsOf("candidates"), [], "not before the answer");
  luke.ask("answer", { offer, accept: true, key });
  const moved = bind(luke, 2, 2001);
  assertEquals(yoda.eventsOf("candidates"), [
    { offer, from: "luke", addresses: [moved] },
  ]);
  bind(luke, 3, 2001);
  assertEquals(yoda.eventsOf("candidates").length, 1, "it is the same");
  bind(yoda, 2, 1001);
  assertEquals(luke.eventsOf("candidates").length, 1);
});

Deno.test("offer of a session names the port that was announced", () => {
  const { yoda, luke } = two();
  const { file: _, ...session } = request("luke");
  yoda.ask("offer", { ...session, kind: "session" });
  assertEquals(luke.eventsOf("offer")[0]?.addresses, [
    { ip: "192.0.2.1", port: 6666 },
    ...addresses,
  ]);
});

Deno.test("an offer that is rejected is over", () => {
  const { yoda, luke } = two();
  yoda.ask("offer", request("luke"));
  luke.ask("answer", { offer, accept: false, reason: "space" });
  assertEquals(yoda.eventsOf("answer"), [
    { offer, from: "luke", accept: false, reason: "space" },
  ]);
  assert(
    luke.refused("answer", { offer, accept: true, key })
      .startsWith("unknown_offer"),
  );
});

Deno.test("a reason that is no code is passed on as a plain failure", () => {
  const { yoda, luke } = two();
  yoda.ask("offer", request("luke"));
  luke.ask("answer", { offer, accept: true, key });
  const reason = '"/home/luke/a.mp4" changed' as "changed";
  luke.ask("offer-end", { offer, result: "failed", reason });
  assertEquals(yoda.eventsOf("offer-end"), [
    { offer, from: "luke", result: "failed", reason: "failed" },
  ]);
});

Deno.test("offers of files are logged, each step once, those of sessions are not", () => {
  const { yoda, luke, harness } = two();
  const ids = ["1", "2", "3", "4", "5"].map((digit) => digit.repeat(16));
  for (const id of ids) yoda.ask("offer", request("luke", id));
  const [one = "", two_ = "", three = "", four = ""] = ids;
  luke.ask("answer", { offer: one, accept: true, key });
  luke.ask("answer", { offer: one, accept: true, key });
  luke.ask("offer-end", { offer: one, result: "verified", via: "lan" });
  yoda.refused("offer-end", { offer: one, result: "failed" });
  luke.ask("answer", { offer: two_, accept: false, reason: "space" });
  yoda.ask("offer-end", { offer: three, result: "cancelled" });
  luke.ask("answer", { offer: four, accept: true, key });
  const reason = "changed";
  const via = "carrier pigeon" as "unknown";
  yoda.ask("offer-end", { offer: four, result: "failed", reason, via });
  const { file: _, ...session } = request("luke", "6".repeat(16));
  yoda.ask("offer", { ...session, kind: "session" });
  luke.ask("answer", { offer: session.offer, accept: false });
  harness.advance(301_000);
  const steps = harness.transferLog.map((line) =>
    line.replace(
      /^([0-9]+); [^;]+; yoda; luke; (.*); a film\.mp4; 9; /,
      "$1 $2 ",
    )
  );
  assertEquals(steps, [
    ...ids.map((_, index) => `${index + 1} offered -; -`),
    "6 accepted -; -",
    "7 verified lan; -",
    "8 rejected -; space",
    "9 cancelled -; -",
    "10 accepted -; -",
    "11 failed unknown; changed",
    "12 failed -; expired",
  ]);
});

Deno.test("offer of a file for a group: both have to be members, and the name is the group's", () => {
  const { yoda, luke, harness } = two();
  const hans = harness.login("hans");
  yoda.ask("group-create", { group: "Jedi", users: ["luke"] });
  const offered = (group: string, to = "luke") => ({ ...request(to), group });
  assert(yoda.refused("offer", offered("Jedi")).startsWith("not_a_member"));
  assert(yoda.refused("offer", offered("Sith")).startsWith("unknown_group"));
  assert(
    yoda.refused("offer", offered("Jedi", "hans")).startsWith("not_a_member"),
  );
  luke.ask("group-join", { group: "Jedi" });
  assert(
    hans.refused("offer", offered("Jedi")).startsWith("not_in_group"),
  );
  assertEquals(luke.eventsOf("offer"), []);
  yoda.ask("offer", offered("jedi"));
  assertEquals(luke.eventsOf("offer")[0]?.group, "Jedi");
});

Deno.test("offer refuses each fault", () => {
  const { yoda, luke, harness } = two();
  const refusal = (to: string) => yoda.refused("offer", request(to));
  assertEquals(refusal("vader"), "unknown_user: There is no user vader");
  assertEquals(refusal("obiwan"), "user_offline: obiwan is offline");
  assert(refusal("yoda").startsWith("is_self"));
  for (const name of [" ", "a/b", "a\\b", "a\u0000b", "é".repeat(128)]) {
    const bad = { ...request("luke"), file: { name, size: 1 } };
    assert(yoda.refused("offer", bad).startsWith("bad_file_name"), name);
  }
  const { file: _, ...without } = request("luke");
  assert(yoda.refused("offer", without).startsWith("bad_request"));
  assertEquals(luke.eventsOf("offer"), []);
  yoda.ask("offer", request("luke"));
  yoda.ask("offer", request("luke"));
  assertEquals(luke.eventsOf("offer").length, 1, "sent again, told once");
  assert(luke.refused("offer", request("yoda")).startsWith("bad_request"));
  const hans = harness.login("hans");
  assert(
    hans.refused("answer", { offer, accept: false }).startsWith(
      "unknown_offer",
    ),
  );
  assert(
    hans.refused("offer-end", { offer, result: "cancelled" })
      .startsWith("unknown_offer"),
  );
  assert(
    yoda.refused("answer", { offer, accept: true, key })
      .startsWith("unknown_offer"),
  );
  assert(luke.refused("answer", { offer, accept: true }).startsWith("bad_req"));
});

Deno.test("offers of a user are bounded, and places come free", () => {
  const { yoda, luke } = two();
  const id = (i: number) => i.toString(16).padStart(16, "0");
  for (let i = 0; i < 64; i++) yoda.ask("offer", request("luke", id(i)));
  assert(
    yoda.refused("offer", request("luke")).startsWith("too_many_offers"),
  );
  luke.ask("answer", { offer: id(3), accept: false });
  yoda.ask("offer", request("luke"));
});

Deno.test("a server that ends tells nobody that the other side of an offer went offline", () => {
  const { harness, yoda, luke } = two();
  yoda.ask("offer", request("luke"));
  luke.ask("offer", request("yoda", "aa00ff00ff00ff00"));
  yoda.ask("answer", { offer: "aa00ff00ff00ff00", accept: true, key });
  harness.core.handleShutdown(harness.now);
  harness.drive();
  for (const client of [yoda, luke]) {
    assertEquals(client.bye, "shutting_down");
    assertEquals(client.eventsOf("offer-end"), []);
    assertEquals(client.eventsOf("offer-away"), []);
  }
});

Deno.test("an offer ends for the other side when one goes offline unanswered", () => {
  const { yoda, luke } = two();
  yoda.ask("offer", request("luke"));
  luke.disconnect();
  assertEquals(yoda.eventsOf("offer-end"), [{
    offer,
    from: "luke",
    result: "failed",
    reason: "user_offline",
  }]);
});

Deno.test("an offer that runs outlives a lost connection, and its end is told later", () => {
  const { harness, yoda, luke } = two();
  yoda.ask("offer", request("luke"));
  luke.ask("answer", { offer, accept: true, key });
  yoda.disconnect();
  assertEquals(luke.eventsOf("offer-end"), []);
  luke.ask("offer-end", { offer, result: "verified" });
  const back = harness.connect();
  back.resume(yoda.token);
  assertEquals(back.eventsOf("offer-end"), [
    { offer, from: "luke", result: "verified" },
  ]);
});

Deno.test("an offer that runs ends with a logout, and when nobody comes back", () => {
  const { harness, yoda, luke } = two();
  yoda.ask("offer", request("luke"));
  luke.ask("answer", { offer, accept: true, key });
  luke.ask("logout", {});
  assertEquals(yoda.eventsOf("offer-end").length, 1);
  const again = harness.login("luke");
  yoda.ask("offer", request("luke"));
  again.ask("answer", { offer, accept: true, key });
  again.disconnect();
  harness.advance(limits.awayMs - 10_000);
  assertEquals(yoda.eventsOf("offer-end").length, 1);
  harness.advance(30_000);
  assertEquals(yoda.eventsOf("offer-end").length, 2);
});

Deno.test("an offer that nobody answers ends after five minutes, for both", () => {
  const { harness, yoda, luke } = two();
  yoda.ask("offer", request("luke"));
  harness.advance(299_000);
  assertEquals(yoda.eventsOf("offer-end").length, 0);
  harness.advance(2_000);
  for (const client of [yoda, luke]) {
    const [end] = client.eventsOf("offer-end");
    assertEquals([end?.result, end?.reason], ["failed", "expired"]);
  }
});
