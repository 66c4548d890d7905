import { onePath } from "../../support/one_path.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import { endText } from "../../../lib/client/offers/end_text.ts";
import type {
  SessionCloseReason,
  SessionEvent,
} from "../../../lib/client/events/session_port.ts";
import type { TransferFailure } from "../../../lib/client/events/transfer_port.ts";
import { type EndReason, endReasons } from "../../../lib/wire/end_reason.ts";
import { decodeRequest } from "../../../lib/wire/request.ts";
import { decodeServerFrame } from "../../../lib/wire/server_frame.ts";
import {
  type CloseReason,
  closeReasons,
} from "../../../lib/engine/packets/packet.ts";
import { type OffersPeer, OffersWorld } from "../offers_harness.ts";

/** What a local error may name and the other side must not read. */
const secrets = [
  "/home/yoda/diary/film.mp4",
  "192.0.2.77:40404",
  "Yoda Minch",
  "C:\\Users\\yoda",
];
const planted = secrets.join(" ");
const key = "A".repeat(43);
const addresses = [{ ip: "127.0.0.1", port: 9 }];
const file = { name: "film.mp4", size: 1_000_000, fingerprint: "f" };

/** Where a failure of a transfer can come: who fails, and how far it is. */
const stages = ["preparing", "offered", "sending", "answering", "receiving"];

/**
 * What the other side is told of each; a new failure must be added here. One
 * counts as a cancellation, which has no reason.
 */
const failures: Record<Exclude<TransferFailure, "closed">, EndReason> = {
  unreadable: "unreadable",
  changed: "changed",
  space: "space",
  storage: "storage",
  removed: "removed",
  unreachable: "unreachable",
  integrity: "integrity",
  internal: "failed",
};

Deno.test("what fails a transfer is told to the other side as a code, at every stage", () => {
  for (const [failure, reason] of Object.entries(failures)) {
    for (const stage of stages) {
      const { world, id, mine, other } = transferAt(stage);
      const why = failure as TransferFailure;
      mine.tell({ event: "failed", id, failure: why, message: planted });
      world.settle();
      // Without a path the other side waits for what it finds out itself.
      other.now += 5_000;
      other.offers.handleTimeout(other.instant);
      const about = `${failure} while ${stage}`;
      assertStringIncludes(lastMessage(mine, stage) ?? planted, planted, about);
      assertUntold(world, other, about);
      if (stage === "preparing") continue;
      assertEquals(lastReason(world), reason, about);
      const told = { kind: "file", user: mine.name, file } as const;
      assertEquals(lastMessage(other), endText(reason, told), about);
    }
  }
});

Deno.test("how a transfer was closed by a datagram is told in this side's words", () => {
  for (const reason of closeReasons) {
    const { world, id, mine, other } = transferAt("receiving");
    mine.tell({ event: "closed", id, reason });
    // Whose quota is used up is the server's to say.
    mine.now += 5_000;
    mine.offers.handleTimeout(mine.instant);
    world.settle();
    const message = lastMessage(mine) ?? "";
    assert(/yoda|film\.mp4/.test(message), `${reason}: ${message}`);
    assertUntold(world, other, reason);
    const isPlain = reason !== "cancelled" satisfies CloseReason;
    const state = isPlain ? "failed" : "cancelled";
    assertEquals(lastInfo(mine)?.state, state, reason);
  }
});

Deno.test("who leaves without an answer went offline, and rejected nothing", () => {
  const { other: sender, mine: receiver, world } = transferAt("asked");
  sender.start("luke");
  world.settle();
  receiver.offers.close();
  world.settle();
  const shown = sender.events.flatMap((event) =>
    event.event === "transfer" || event.event === "session"
      ? [[event.event, event.info.state, event.message]]
      : []
  );
  const why = "luke went offline";
  assertEquals(shown.slice(-2), [
    ["transfer", "failed", why],
    ["session", "failed", why],
  ]);
  const outcome = sender.outcomes.get(1);
  assert(outcome !== undefined && !outcome.ok);
  assertEquals(outcome.code, "user_offline");
});

Deno.test("a client that ends in the middle of a transfer went offline, and cancelled nothing", () => {
  for (const stage of ["sending", "receiving"]) {
    const { world, id, mine, other } = transferAt(stage);
    const { size } = file;
    const progress = { event: "progress", id, bytes: 600_000, size } as const;
    other.tell({ ...progress, rate: 1 });
    mine.offers.close();
    world.settle();
    const close = mine.effects.findLast(({ effect }) =>
      effect === "cancel-transfer"
    );
    assert(close?.effect === "cancel-transfer");
    assertEquals(close.reason, "left", stage);
    const end = lastShown(other);
    const why = `${mine.name} went offline`;
    assertEquals([end?.info.state, end?.message], ["failed", why], stage);
    // What arrived is there for another time.
    assertEquals(end?.resumable, true, stage);
  }
});

Deno.test("what ends before a block arrived, or can be of no use, goes on nowhere", () => {
  const cases = [
    { bytes: 600_000, reason: "internal", resumable: true },
    { bytes: 6, reason: "internal", resumable: undefined },
    { bytes: 600_000, reason: "changed", resumable: undefined },
    { bytes: 600_000, reason: "removed", resumable: undefined },
  ] as const;
  for (const { bytes, reason, resumable } of cases) {
    const { id, mine } = transferAt("sending");
    mine.tell({ event: "progress", id, bytes, size: file.size, rate: 1 });
    mine.tell({ event: "closed", id, reason });
    assertEquals(lastShown(mine)?.resumable, resumable, reason);
  }
});

Deno.test("what fails a private session is told to the other side as a code, at every stage", () => {
  const told: Record<SessionCloseReason, EndReason | undefined> = {
    peer: undefined,
    lost: "unreachable",
    failed: "integrity",
  };
  const ends = Object.entries(told).map(([reason, code]) => {
    const why = { reason: reason as SessionCloseReason, unconfirmed: 0 };
    return [{ event: "session-closed", ...why }, code] as const;
  });
  const never = (["unreachable", "failed"] as const).map((failure) =>
    [{ event: "session-failed", failure }, failure] as const
  );
  for (const [end, code] of [...ends, ...never]) {
    for (const isOfferer of [true, false]) {
      for (const isOpen of [true, false]) {
        const world = new OffersWorld();
        world.yoda.start("luke");
        if (!isOpen && isOfferer) world.yoda.ways[2].length = 0;
        world.settle();
        if (isOpen) world.luke.offers.accept(1, world.luke.n);
        world.settle();
        const mine = isOfferer ? world.yoda : world.luke;
        const other = isOfferer ? world.luke : world.yoda;
        const [session] = mine.offers.open.sessions();
        const id = session?.id ?? "";
        const event = { ...end, id, message: planted } as SessionEvent;
        mine.tell(event);
        world.settle();
        const about = `${JSON.stringify(end)} ${isOfferer} ${isOpen}`;
        assertUntold(world, other, about);
        if (isOpen) assertEquals(lastReason(world), code, about);
      }
    }
  }
});

Deno.test("a peer who is not trusted reads that, and not what is wrong", () => {
  for (const kind of ["offer", "answer"]) {
    const world = new OffersWorld("always", "always");
    world.meddle = (frame) =>
      ("accept" in frame) === (kind === "answer")
        ? { ...frame, signature: "A".repeat(86) }
        : frame;
    world.yoda.start("luke");
    world.settle();
    assertEquals(lastReason(world), "untrusted", kind);
  }
});

Deno.test("every reason that crosses the wire is a code, at both edges", () => {
  const offer = "00ff00ff00ff00ff";
  const frames = [
    { offer, accept: false },
    { offer, result: "failed" },
    { offer, result: "cancelled" },
  ];
  const names = ["answer", "offer-end", "offer-end"];
  for (const reason of [...endReasons, planted, "newer", ""]) {
    const known = (endReasons as readonly string[]).includes(reason);
    const expected = known ? reason : "failed";
    frames.forEach((frame, i) => {
      const sent = { id: 1, do: names[i], ...frame, reason, code: planted };
      const decoded = decodeRequest(JSON.stringify(sent));
      assert("request" in decoded);
      const { reason: passed } = decoded.request as { reason?: string };
      assertEquals(passed, expected);
      assert(!JSON.stringify(decoded).includes(secrets[0] ?? ""));
      const event = { ev: names[i], from: "yoda", ...frame, reason };
      const read = decodeServerFrame(JSON.stringify(event));
      assert(read.kind === "event");
      assertEquals((read.event as { reason?: string }).reason, expected);
    });
  }
});

Deno.test("endText: every reason has a line for both kinds, which names the one or the other", () => {
  for (const reason of endReasons) {
    for (const kind of ["file", "session"] as const) {
      const text = endText(reason, {
        kind,
        user: "luke",
        file: { name: "a.mp4" },
      });
      assert(!text.includes("\n") && text.length > 10, text);
      const isNamed = /luke|a\.mp4/.test(text) || reason === "expired";
      assert(isNamed, `${reason}: ${text}`);
    }
  }
});

/** A transfer from yoda to luke, and whose failure is tried. */
function transferAt(stage: string) {
  const world = new OffersWorld();
  const { yoda, luke } = world;
  const path = `/home/yoda/diary/${file.name}`;
  yoda.offers.transfers.send({ user: "luke" }, onePath(path), yoda.n);
  const [{ id = "" } = {}] = yoda.offers.open.transfers();
  const isSender = ["preparing", "offered", "sending"].includes(stage);
  const [mine, other] = isSender ? [yoda, luke] : [luke, yoda];
  const end = { world, id, mine, other };
  if (stage === "preparing") return end;
  yoda.tell({ event: "offer-ready", id, file, key, addresses });
  world.settle();
  if (stage === "offered" || stage === "asked") return end;
  luke.offers.accept(1, luke.n);
  if (stage === "answering") return end;
  luke.tell({ event: "answer-ready", id, key, addresses });
  world.settle();
  return end;
}

/** Neither the server nor the other side's user saw anything of it. */
function assertUntold(world: OffersWorld, other: OffersPeer, about: string) {
  const passed = JSON.stringify([world.requests, world.yoda.sent, other.events])
    .replaceAll("\\\\", "\\");
  for (const secret of secrets) {
    assert(!passed.includes(secret), `${about}: ${secret} in ${passed}`);
  }
}

function lastReason(world: OffersWorld): string | undefined {
  return (world.requests as { do: string; reason?: string }[]).findLast((
    { do: name },
  ) => name === "answer" || name === "offer-end")?.reason;
}

function lastShown(peer: OffersPeer) {
  return peer.events.findLast((
    event,
  ): event is Extract<ClientEvent, { event: "transfer" }> =>
    event.event === "transfer"
  );
}

function lastInfo(peer: OffersPeer) {
  return lastShown(peer)?.info;
}

/** Of an offer that was never shown, its command's. */
function lastMessage(peer: OffersPeer, stage?: string): string | undefined {
  if (stage !== "preparing") return lastShown(peer)?.message;
  const outcome = peer.outcomes.get(1);
  return outcome !== undefined && !outcome.ok ? outcome.message : undefined;
}
