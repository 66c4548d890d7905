import { assertEquals } from "@std/assert";
import type { TransferInfo } from "../../../../lib/client/events/client_event.ts";
import {
  mediaOf,
  mediumOf,
  placeOf,
  transferCard,
} from "../../../../lib/client/ui/page/model/transfer_card.ts";

const info: TransferInfo = {
  transfer: 1,
  direction: "incoming",
  kind: "file",
  user: "luke",
  name: "film\u202e.mp4",
  size: 2_000_000,
  state: "offered",
  bytes: 0,
  rate: 0,
  paused: false,
};

Deno.test("an offer can be accepted or rejected, one's own be taken back", () => {
  const card = transferCard({ info });
  assertEquals(card.title, "film<U+202E>.mp4");
  assertEquals(card.about, "2.0 MB");
  assertEquals(card.actions, ["accept", "reject"]);
  const own = transferCard({ info: { ...info, direction: "outgoing" } });
  assertEquals(own.state, "Waiting for luke to accept");
  assertEquals(own.actions, ["cancel"]);
});

Deno.test("one that waits says for whom, and can be taken back", () => {
  const waiting = { ...info, direction: "outgoing", state: "waiting" } as const;
  const card = transferCard({ info: waiting, message: "luke went offline" });
  assertEquals(card.state, "Waits until luke is online");
  assertEquals([card.actions, card.details], [["cancel"], [
    "luke went offline",
  ]]);
  const group = transferCard({ info: { ...waiting, group: "jedi", left: 3 } });
  assertEquals(group.state, "Waits until luke and 2 more are online");
});

Deno.test("a running one tells how far, how fast, how long, which way and what is lost", () => {
  const card = transferCard({
    info: {
      ...info,
      state: "running",
      bytes: 1_000_000,
      rate: 100_000,
      via: "direct-v4",
      rtt: 18.4,
      loss: 0.021,
    },
  });
  assertEquals(card.part, 0.5);
  assertEquals(card.details, [
    "1.0 of 2.0 MB",
    "100 kB/s",
    "10 s left",
    "directly over IPv4",
    "18 ms",
    "2.1 % lost",
  ]);
});

Deno.test("a running one can be paused, and one that the user paused go on", () => {
  const running = { ...info, state: "running", bytes: 10, rate: 99 } as const;
  assertEquals(transferCard({ info: running }).actions, ["pause", "cancel"]);
  const paused = transferCard({
    info: { ...running, paused: true, pausedBy: ["me", "user"] },
  });
  assertEquals(paused.state, "Paused by you and luke");
  assertEquals(paused.actions, ["resume", "cancel"]);
  // Neither how fast it was nor how long it would take then.
  assertEquals(paused.details, ["10 B of 2.0 MB"]);
  const other = transferCard({
    info: { ...running, paused: true, pausedBy: ["user"] },
  });
  assertEquals(other.actions, ["pause", "cancel"]);
});

Deno.test("of what comes from a pipe nobody knows how much is left", () => {
  const card = transferCard({
    info: {
      ...info,
      stream: true,
      size: 0,
      state: "running",
      bytes: 1000,
      rate: 100,
    },
  });
  assertEquals(card.part, undefined);
  assertEquals(card.about, "");
  assertEquals(card.details, ["1.0 kB", "100 B/s"]);
});

Deno.test("the end says where it is, or why there is none and that it goes on", () => {
  const done = transferCard({
    info: { ...info, state: "verified", files: 3 },
    summary: { ms: 2000, rate: 1_000_000, path: "/home/yoda/film.mp4" },
  });
  assertEquals(done.about, "3 files, 2.0 MB");
  assertEquals(done.details, ["2.0 s, 1.0 MB/s", "/home/yoda/film.mp4"]);
  const broken = transferCard({
    info: { ...info, state: "failed" },
    message: "luke's client has gone",
    resumable: true,
  });
  assertEquals(broken.state, "Failed: luke's client has gone");
  assertEquals(broken.details.length, 1);
  assertEquals(broken.actions, []);
});

Deno.test("what a file shows as goes by its ending; what runs code shows as nothing", () => {
  assertEquals(mediaOf("a.PNG"), "image");
  assertEquals(mediaOf("film.mp4"), "video");
  assertEquals(mediaOf("song.flac"), "audio");
  for (const name of ["a.svg", "a.html", "a.pdf", "png", "a.png.exe"]) {
    assertEquals(mediaOf(name), undefined, name);
  }
});

Deno.test("what can be shown while it arrives, and of one's own", () => {
  const film = { ...info, name: "film.mp4" };
  const running = { ...film, state: "running" } as const;
  const coming = { kind: "video", isArriving: true, isMine: false } as const;
  assertEquals(mediumOf(running), coming);
  const there = { ...running, state: "verified" } as const;
  assertEquals(mediumOf(there), { ...coming, isArriving: false });
  assertEquals(mediumOf({ ...there, name: "a.pdf" }), {
    isArriving: false,
    isMine: false,
  });
  const picture = { name: "a.png", direction: "outgoing" } as const;
  assertEquals(mediumOf({ ...running, ...picture }), {
    kind: "image",
    isArriving: false,
    isMine: true,
  });
  const nothing = [
    film,
    { ...running, name: "a.pdf" },
    { ...running, stream: true },
    { ...running, files: 2 },
    { ...running, direction: "outgoing" },
    { ...running, state: "cancelled" },
  ] as const;
  for (const each of nothing) assertEquals(mediumOf(each), undefined);
});

Deno.test("a file stands in the chat of its other side, or of the group", () => {
  assertEquals(placeOf(info), "@luke");
  assertEquals(placeOf({ ...info, group: "jedi" }), "#jedi");
});
