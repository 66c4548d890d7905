/**
 * Offers between people with several devices: all are asked, one answer counts,
 * and everything after that is between two devices.
 */
import { assert, assertEquals } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import { encodeBind } from "../../../lib/wire/rendezvous_datagram.ts";
import { limits } from "../../../lib/wire/limits.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";
import { offerOf, peerKey as key } from "../../support/limit_case.ts";

const request = offerOf(1);
const { offer } = request;
const accept = { offer, accept: true, key } as const;

/** yoda, and luke with two devices. */
function three() {
  const harness = new CoreHarness();
  const yoda = harness.loginFrom("yoda", "cave");
  const laptop = harness.loginFrom("luke", "laptop");
  const desktop = harness.loginFrom("luke", "desktop");
  return { harness, yoda, laptop, desktop };
}

/** Everything that a client was told of offers, in order. */
function told({ events }: TestClient): string[] {
  return events.flatMap((event) => {
    switch (event.ev) {
      case "offer":
        return `offer from ${event.from}${
          event.device === undefined ? "" : ` at ${event.device}`
        }`;
      case "answer":
        return `${event.accept ? "accepted" : `rejected: ${event.reason}`}${
          event.device === undefined ? "" : ` on ${event.device}`
        }`;
      case "answered":
        return `${event.accept ? "answered" : "rejected"} on ${event.device}`;
      case "offer-away":
        return `${event.from} is ${event.silent ? "silent" : "away"}`;
      case "offer-end":
        return `${event.result}: ${event.reason}`;
      default:
        return [];
    }
  });
}

function codeOf(refusal: string): string {
  return refusal.split(":")[0] ?? "";
}

Deno.test("offer: every device of the receiver is asked, no visit and not the one that offers", () => {
  const { harness, yoda, laptop, desktop } = three();
  const visit = harness.loginFrom("luke", "script", { visit: true });
  const other = harness.loginFrom("yoda", "swamp");
  yoda.ask("offer", request);
  assertEquals([laptop, desktop, visit, other].map(told), [
    ["offer from yoda"],
    ["offer from yoda"],
    [],
    [],
  ]);
});

Deno.test("offer: the first answer wins, and the other device is told which", () => {
  const { yoda, laptop, desktop } = three();
  yoda.ask("offer", request);
  laptop.ask("answer", accept);
  assertEquals(
    desktop.refused("answer", accept),
    "unknown_offer: It was answered on laptop",
  );
  assertEquals(told(yoda), ["accepted"]);
  assertEquals(told(desktop), ["offer from yoda", "answered on laptop"]);
  // The reply was lost: who won has won, who was too slow stays it.
  laptop.ask("answer", accept);
  assertEquals(codeOf(desktop.refused("answer", accept)), "unknown_offer");
  const no = { offer, accept: false } as const;
  assertEquals(codeOf(desktop.refused("answer", no)), "unknown_offer");
  assertEquals(
    codeOf(desktop.refused("offer-end", { offer, result: "failed" })),
    "unknown_offer",
  );
  assertEquals(told(yoda), ["accepted"]);
  // What follows is between the two.
  yoda.ask("offer-end", { offer, result: "verified" });
  assertEquals(told(laptop).at(-1), "verified: undefined");
  assertEquals(told(desktop).length, 2);
});

Deno.test("offer: a device that is logged out while it is away has no part in anything any more", () => {
  const { harness, yoda, laptop, desktop } = three();
  const { id, key: code } = laptop.ask("rendezvous", {});
  yoda.ask("offer", request);
  laptop.ask("answer", accept);
  laptop.disconnect();
  assertEquals(told(yoda), ["accepted", "luke is away"]);
  desktop.ask("device-end", { device: "laptop" });
  assertEquals(told(yoda).at(-1), "failed: user_offline");
  const bind = encodeBind(decodeHex(id), decodeBase64Url(code), 1);
  const from = { ip: "192.0.2.1", port: 1 };
  assertEquals(harness.handleDatagram(bind, from), undefined);
});

Deno.test("offer: a person's no is one for all devices, an automatic one for its own; the last decides", () => {
  const { harness, yoda, laptop, desktop } = three();
  yoda.ask("offer", request);
  laptop.ask("answer", { offer, accept: false, reason: "rejected" });
  assertEquals(told(yoda), ["rejected: rejected"]);
  assertEquals(told(desktop), ["offer from yoda", "rejected on laptop"]);

  const again = offerOf(2);
  const no = { offer: again.offer, accept: false } as const;
  yoda.ask("offer", again);
  laptop.ask("answer", { ...no, reason: "space" });
  laptop.ask("answer", { ...no, reason: "space" });
  assertEquals(told(yoda).length, 1, "the desktop has not answered");
  assertEquals(told(desktop).at(-1), "offer from yoda");
  desktop.ask("answer", { ...no, reason: "rejected", automatic: true });
  assertEquals(told(yoda).slice(1), ["rejected: rejected"]);
  assertEquals(told(laptop).length, 2, "it knows");

  const third = offerOf(3);
  yoda.ask("offer", third);
  laptop.ask("answer", { ...no, offer: third.offer, reason: "busy" });
  desktop.ask("answer", { ...accept, offer: third.offer });
  assertEquals(told(yoda).at(-1), "accepted");
  const steps = harness.transferLog.map((line) => line.split("; ")[4]);
  assertEquals(steps, [
    ...["offered", "rejected"],
    ...["offered", "rejected"],
    ...["offered", "accepted"],
  ]);
});

Deno.test("offer: taken back, all devices are told; taken back as one accepts, that one is told", () => {
  const { yoda, laptop, desktop } = three();
  yoda.ask("offer", request);
  yoda.ask("offer-end", { offer, result: "cancelled" });
  for (const device of [laptop, desktop]) {
    assertEquals(told(device).slice(1), ["cancelled: undefined"]);
    assertEquals(codeOf(device.refused("answer", accept)), "unknown_offer");
  }
  const again = offerOf(2);
  yoda.ask("offer", again);
  laptop.ask("answer", { ...accept, offer: again.offer });
  yoda.ask("offer-end", { offer: again.offer, result: "cancelled" });
  assertEquals(told(laptop).slice(3), ["cancelled: undefined"]);
  assertEquals(told(desktop).slice(3), ["answered on laptop"]);
});

Deno.test("offer: nobody answers: all are told after five minutes", () => {
  const { harness, yoda, laptop, desktop } = three();
  yoda.ask("offer", request);
  harness.advance(limits.offerMs);
  for (const each of [yoda, laptop, desktop]) {
    assertEquals(told(each).at(-1), "failed: expired");
  }
});

Deno.test("offer: devices that log out or die leave it to the others, the last one ends it", () => {
  for (const last of ["logout", "loss", "end"] as const) {
    const { yoda, laptop, desktop } = three();
    yoda.ask("offer", request);
    laptop.disconnect();
    assertEquals(told(yoda), []);
    if (last === "logout") desktop.ask("logout", {});
    else if (last === "loss") desktop.disconnect();
    else {
      const reason = "user_offline";
      desktop.ask("offer-end", { offer, result: "failed", reason });
    }
    assertEquals(told(yoda), ["failed: user_offline"], last);
  }
});

Deno.test("offer: who died before the answer came through may still say yes", () => {
  const { harness, yoda, laptop, desktop } = three();
  yoda.ask("offer", request);
  laptop.disconnect();
  const back = harness.connect();
  back.entry = laptop.entry;
  back.resume(laptop.token);
  back.ask("answer", accept);
  assertEquals(told(yoda), ["accepted"]);
  assertEquals(told(desktop).at(-1), "answered on laptop");
});

Deno.test("offer: a client killed and started again at once has no offer of before", () => {
  const { harness, yoda, laptop, desktop } = three();
  yoda.ask("offer", request);
  laptop.ask("offer", { ...offerOf(2), to: "yoda" });
  harness.loginFrom("luke", "laptop");
  assertEquals(laptop.bye, "session_moved");
  assertEquals(told(yoda).slice(0, 2), [
    "offer from luke",
    "failed: user_offline",
  ]);
  desktop.ask("answer", accept);
  assertEquals(told(yoda).at(-1), "accepted");
});

Deno.test("offer: a client killed and started again leaves it to the other side whether a transfer runs", () => {
  const { harness, yoda, laptop } = three();
  yoda.ask("offer", request);
  laptop.ask("answer", accept);
  harness.loginFrom("luke", "laptop");
  assertEquals(told(yoda), ["accepted", "luke is away"]);
  harness.loginFrom("yoda", "cave");
  assertEquals(told(laptop), ["offer from yoda"], "it is not there");
});

Deno.test("offer: the device that accepted is one side of it: its end, its loss, its coming back", () => {
  const { harness, yoda, laptop, desktop } = three();
  yoda.ask("offer", request);
  laptop.ask("answer", accept);
  // The other device's end is none of this.
  desktop.ask("logout", {});
  assertEquals(told(yoda), ["accepted"]);
  laptop.disconnect();
  assertEquals(told(yoda), ["accepted", "luke is away"]);
  yoda.ask("offer-end", { offer, result: "cancelled" });
  const back = harness.connect();
  back.entry = laptop.entry;
  back.resume(laptop.token);
  assertEquals(told(back), ["cancelled: undefined"]);

  const again = offerOf(2);
  yoda.ask("offer", again);
  back.ask("answer", { ...accept, offer: again.offer });
  harness.loginFrom("luke", "desktop");
  back.disconnect();
  harness.advance(limits.tokenMs);
  assertEquals(told(yoda).at(-1), "luke is away");
  harness.advance(limits.awayMs - limits.tokenMs);
  assertEquals(told(yoda).at(-1), "failed: user_offline");
});

Deno.test("offer: who is not heard any more may sleep, and comes back to its transfer", () => {
  const { harness, yoda, laptop } = three();
  yoda.ask("offer", request);
  laptop.ask("answer", accept);
  laptop.alive = false;
  harness.advance(limits.deadMs);
  assertEquals(told(yoda), ["accepted", "luke is silent"]);
  // It logs in anew, its token is too old; whether it is the same is to be seen.
  harness.advance(limits.tokenMs);
  const back = harness.loginFrom("luke", "laptop");
  assertEquals(told(yoda), ["accepted", "luke is silent", "luke is away"]);
  back.ask("offer-end", { offer, result: "verified" });
  assertEquals(told(yoda).at(-1), "verified: undefined");
});

Deno.test("offer: to one device by its name; others hear nothing", () => {
  const { yoda, laptop, desktop } = three();
  yoda.ask("offer", { ...request, device: "LAPTOP" });
  assertEquals([laptop, desktop].map(told), [["offer from yoda"], []]);
  assertEquals(codeOf(desktop.refused("answer", accept)), "unknown_offer");
  laptop.ask("answer", accept);
  assertEquals(told(yoda), ["accepted on laptop"]);
  assertEquals(
    yoda.refused("offer", { ...offerOf(2), device: "phone" }),
    "unknown_device: luke is online on no device called phone",
  );
  // One that is there and offline is no different to others.
  desktop.ask("logout", {});
  assertEquals(
    yoda.refused("offer", { ...offerOf(2), device: "desktop" }),
    "unknown_device: luke is online on no device called desktop",
  );
});

Deno.test("offer: to oneself goes to the user's other devices, refused where there is none", () => {
  const { harness, yoda, laptop, desktop } = three();
  laptop.ask("offer", { ...request, to: "luke" });
  assertEquals([told(laptop), told(desktop)], [[], [
    "offer from luke at laptop",
  ]]);
  desktop.ask("answer", accept);
  assertEquals(told(laptop), ["accepted on desktop"]);
  assertEquals(
    yoda.refused("offer", { ...offerOf(2), to: "yoda" }),
    "is_self: You cannot offer something to yourself while you are online on no other device",
  );
  const mine = { ...offerOf(2), to: "luke" };
  assertEquals(
    laptop.refused("offer", { ...mine, device: "laptop" }),
    "unknown_device: This is the device laptop itself",
  );
  assertEquals(
    codeOf(laptop.refused("offer", { ...mine, device: "phone" })),
    "unknown_device",
  );
  // A script's command offers like a device, and is asked nothing.
  const visit = harness.loginFrom("luke", "script", { visit: true });
  visit.ask("offer", { ...mine, device: "desktop" });
  assertEquals(told(desktop).at(-1), "offer from luke");
  desktop.ask("answer", { ...accept, offer: mine.offer });
  assertEquals(told(visit), ["accepted on desktop"]);
});

Deno.test("offer: goes to no device without its user's key, and says so where none has it", () => {
  const harness = new CoreHarness();
  const [mine, other] = ["A".repeat(43), "E".repeat(43)];
  const yoda = harness.loginFrom("yoda", "cave");
  const laptop = harness.loginFrom("luke", "laptop", { identity: mine });
  const desktop = harness.loginFrom("luke", "desktop", { identity: other });
  yoda.ask("offer", request);
  assertEquals([laptop, desktop].map(told), [["offer from yoda"], []]);
  assertEquals(
    yoda.refused("offer", { ...offerOf(2), device: "desktop" }),
    "no_key: The device desktop does not have luke's key",
  );
  laptop.ask("logout", {});
  assertEquals(
    yoda.refused("offer", offerOf(3)),
    "no_key: No device of luke that is online has luke's key",
  );
});

Deno.test("offer: a client that knows of no devices loses it as one that was taken back", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const old = harness.login("luke");
  const laptop = harness.loginFrom("luke", "laptop");
  yoda.ask("offer", request);
  laptop.ask("answer", accept);
  assertEquals(told(old), ["offer from yoda", "cancelled: undefined"]);
  assertEquals(told(yoda), ["accepted"]);
});

Deno.test("offer: blocked, what runs ends on the device that it runs on", () => {
  const { yoda, laptop, desktop } = three();
  yoda.ask("offer", request);
  yoda.ask("offer", offerOf(2));
  laptop.ask("answer", accept);
  desktop.ask("block", { user: "yoda" });
  assertEquals(told(laptop).slice(2), ["failed: blocked", "failed: blocked"]);
  assertEquals(told(desktop).slice(2), [
    "answered on laptop",
    "failed: blocked",
  ]);
  assertEquals(told(yoda), [
    "accepted",
    "rejected: rejected",
    "cancelled: undefined",
  ]);
});

Deno.test("offer: each device is seen where it is, and its other sides alone are told", () => {
  const { harness, yoda, laptop, desktop } = three();
  const bind = (client: TestClient, port: number) => {
    const issued = client.ask("rendezvous", {});
    const [id, key] = [decodeHex(issued.id), decodeBase64Url(issued.key)];
    const from = { ip: "203.0.113.5", port };
    assert(harness.handleDatagram(encodeBind(id, key, 1), from));
    harness.drive();
    return from;
  };
  const [atLaptop, atDesktop] = [bind(laptop, 1), bind(desktop, 2)];
  yoda.ask("offer", request);
  laptop.ask("answer", accept);
  assertEquals(yoda.eventsOf("answer")[0]?.addresses?.[0], atLaptop);
  bind(desktop, 3);
  assertEquals(yoda.eventsOf("candidates"), []);
  const moved = bind(laptop, 4);
  assertEquals(yoda.eventsOf("candidates"), [
    { offer, from: "luke", addresses: [moved] },
  ]);
  bind(yoda, 5);
  assertEquals(laptop.eventsOf("candidates").length, 1);
  assertEquals(desktop.eventsOf("candidates").length, 0);
  assert(atDesktop.port === 2);
});

Deno.test("device-offers: what the user's other devices do", () => {
  const { harness, yoda, laptop, desktop } = three();
  const list = (client: TestClient) =>
    client.ask("device-offers", {}).offers.map((each) =>
      `${each.device}: ${each.direction} ${each.kind} ${each.user} ` +
      `${each.file?.name} ${each.accepted}`
    );
  yoda.ask("offer", request);
  assertEquals(list(desktop), [], "it waits here, too");
  laptop.ask("answer", accept);
  desktop.ask("offer", { ...offerOf(2, "b.mp4"), to: "yoda" });
  desktop.ask("offer", { ...offerOf(3, "c.mp4"), to: "luke" });
  const visit = harness.loginFrom("luke", "script", { visit: true });
  const { file: _, ...session } = offerOf(4);
  visit.ask("offer", { ...session, kind: "session", to: "yoda" });
  assertEquals(list(desktop), [
    "undefined: outgoing session yoda undefined false",
    "laptop: incoming file yoda a.mp4 true",
  ]);
  assertEquals(list(laptop), [
    "desktop: outgoing file yoda b.mp4 false",
    "desktop: outgoing file luke c.mp4 false",
    "undefined: outgoing session yoda undefined false",
  ]);
  assertEquals(list(yoda), []);
});

Deno.test("limit deviceOffers: a user's devices are told of no more than so many", () => {
  const senders = ["a", "b", "c", "d", "e"];
  const harness = new CoreHarness({ users: ["luke", ...senders] });
  const laptop = harness.loginFrom("luke", "laptop");
  const desktop = harness.loginFrom("luke", "desktop");
  for (const [index, name] of senders.entries()) {
    const sender = harness.login(name);
    for (let i = 0; i < limits.offersPerUser; i++) {
      const each = offerOf(1 + index * limits.offersPerUser + i);
      sender.ask("offer", each);
      laptop.ask("answer", { ...accept, offer: each.offer });
    }
  }
  const { offers } = desktop.ask("device-offers", {});
  assertEquals(offers.length, limits.deviceOffers);
});

/** An offer of a folder. */
const folder = {
  ...request,
  file: {
    ...request.file,
    tree: { files: 2, folders: 1, roots: 1, list: 40 },
  },
} as const;

Deno.test("offer: a folder goes to the devices that can take it alone", () => {
  const { harness, yoda, laptop, desktop } = three();
  const old = harness.loginFrom("luke", "old", { features: ["devices"] });
  yoda.ask("offer", folder);
  assertEquals([laptop, desktop, old].map(told), [
    ["offer from yoda"],
    ["offer from yoda"],
    [],
  ]);
  assertEquals(laptop.eventsOf("offer")[0]?.file, folder.file);
  harness.loginFrom("leia", "old", { features: ["devices"] });
  const refusal = yoda.refused("offer", {
    ...folder,
    ...{ offer: "00000000000000aa", to: "leia" },
  });
  assertEquals(
    refusal,
    "no_folders: leia's Parley is too old to take folders and several files " +
      "at once; send an archive",
  );
});

Deno.test("offer: what comes from a pipe goes to devices that can take it", () => {
  const { harness, yoda, laptop, desktop } = three();
  const old = harness.loginFrom("luke", "old", {
    features: ["devices", "trees"],
  });
  const file = { name: "backup.tar", size: 0, stream: true };
  const about = { offer, to: "luke", key, addresses: [] };
  const stream = { ...about, kind: "file", file } as const;
  yoda.ask("offer", stream);
  assertEquals(laptop.eventsOf("offer")[0]?.file, file);
  assertEquals(desktop.eventsOf("offer").length, 1);
  assertEquals(old.eventsOf("offer"), []);
  laptop.ask("logout", {});
  desktop.ask("logout", {});
  assertEquals(
    yoda.refused("offer", { ...stream, offer: "00000000000000aa" }),
    "no_streams: luke's Parley is too old to take what comes from a pipe; " +
      "send it as a file",
  );
});

Deno.test("offer-list: each device gets the list by a transfer of its own, and the offer waits on", () => {
  const { harness, yoda, laptop, desktop } = three();
  const other = harness.loginFrom("leia", "pad");
  yoda.ask("offer", folder);
  const addresses = [{ ip: "10.0.0.9", port: 5 }];
  const ask = (list: string) => ({ offer, list, key, addresses });
  const [one, two] = ["00000000000000b1", "00000000000000b2"] as const;
  laptop.ask("offer-list", ask(one));
  desktop.ask("offer-list", ask(two));
  // Sent again after a lost reply.
  laptop.ask("offer-list", ask(one));
  assertEquals(
    yoda.eventsOf("offer-list").map(({ list, from }) => [list, from]),
    [[one, "luke"], [two, "luke"]],
  );
  const refused = [
    other.refused("offer-list", ask("00000000000000b3")),
    desktop.refused("offer-list", ask(one)),
    desktop.refused("offer-list", { ...ask(two), offer: two }),
  ];
  assertEquals(refused.map(codeOf), [
    "unknown_offer",
    "bad_request",
    "unknown_offer",
  ]);
  laptop.ask("offer-end", { offer: one, result: "verified" });
  assertEquals(yoda.eventsOf("offer-end").map(({ offer }) => offer), [one]);
  desktop.ask("answer", accept);
  assertEquals(told(laptop).at(-1), "answered on desktop");
  assertEquals(
    codeOf(laptop.refused("offer-list", ask("00000000000000b4"))),
    "unknown_offer",
  );
  // Nothing of a list is in the log, and it is no offer to people.
  assertEquals(laptop.ask("device-offers", {}).offers.map(({ file }) => file), [
    { name: folder.file.name, size: folder.file.size, roots: 1 },
  ]);
  const steps = harness.transferLog.map((line) => line.split("; ")[4]);
  assertEquals(steps, ["offered", "accepted"]);
});

Deno.test("offer-list: a list of a plain file there is none, and each counts as an offer", () => {
  const { yoda, laptop } = three();
  yoda.ask("offer", request);
  const ask = (list: number) => ({
    ...{ offer, key, addresses: [] },
    list: list.toString(16).padStart(16, "0"),
  });
  assertEquals(codeOf(laptop.refused("offer-list", ask(1))), "unknown_offer");
  yoda.ask("offer-end", { offer, result: "cancelled" });
  yoda.ask("offer", folder);
  for (let list = 1; list < limits.offersPerUser; list++) {
    laptop.ask("offer-list", ask(list + 0x100));
  }
  const refusal = laptop.refused("offer-list", ask(2));
  assertEquals(codeOf(refusal), "too_many_offers");
});
