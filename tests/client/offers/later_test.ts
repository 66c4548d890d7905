/** What is kept until its receivers are back, in virtual time. */
import { assert, assertEquals } from "@std/assert";
import { plainPalette } from "../../../lib/cli/palette.ts";
import type {
  ClientEvent,
  CommandOutcome,
} from "../../../lib/client/events/client_event.ts";
import type { ClientEffect } from "../../../lib/client/events/client_effect.ts";
import { Later } from "../../../lib/client/offers/later.ts";
import { OpenOffers } from "../../../lib/client/offers/open_offers.ts";
import type { PeerHost } from "../../../lib/client/offers/peer_host.ts";
import type { KeptTry } from "../../../lib/client/offers/transfer.ts";
import type { Transfers } from "../../../lib/client/offers/transfers.ts";
import { renderText } from "../../../lib/client/text/render_text.ts";
import type { SentPaths } from "../../../lib/client/commands/transfer_info.ts";
import type { RequestFields } from "../../../lib/wire/request.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { MemoryKept } from "../../support/memory_kept.ts";
import { onePath } from "../../support/one_path.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

type Asked = RequestFields<"offer-later">;

/** One time that something is offered. */
interface Try {
  readonly user: string;
  readonly what: SentPaths;
  readonly kept: KeptTry;
  end(outcome?: { code: string; announced?: boolean }): void;
}

/** A client of yoda's with a server and transfers that a test plays. */
class Desk {
  readonly memory: MemoryKept;
  readonly later: Later;
  readonly events: ClientEvent[] = [];
  readonly effects: ClientEffect[] = [];
  readonly outcomes = new Map<number, CommandOutcome>();
  readonly asked: { fields: Asked; reply: (reply: object) => void }[] = [];
  readonly tries: Try[] = [];
  readonly online = new Set<string>();
  hasLater = true;
  mono = 1000;

  constructor(memory = new MemoryKept(), seed = 1) {
    this.memory = memory;
    const host = {
      random: new SeededRandom(seed),
      self: () => "yoda",
      emit: (event: ClientEvent) => this.events.push(event),
      effect: (effect: ClientEffect) => this.effects.push(effect),
      settle: (n: number, outcome: CommandOutcome) => {
        assert(!this.outcomes.has(n), `${n} was settled twice`);
        this.outcomes.set(n, outcome);
      },
      request: (_: string, fields: Asked, reply: (reply: object) => void) =>
        this.asked.push({ fields, reply }),
    } as unknown as PeerHost;
    const offers = new OpenOffers(host);
    const transfers = {
      send: (
        { user }: { user: string },
        what: SentPaths,
        report: (outcome: CommandOutcome) => void,
        _group: string | undefined,
        kept: KeptTry,
      ) => {
        const end: Try["end"] = (outcome) => {
          const index = this.tries.findIndex((each) => each.end === end);
          assert(this.tries.splice(index, 1).length === 1);
          const command = "p2pvideo";
          const message = outcome?.code ?? "";
          report(
            (outcome === undefined
              ? { command, ok: true, answer: { user, ms: 1 } }
              : { command, ok: false, message, ...outcome }) as CommandOutcome,
          );
        };
        this.tries.push({ user, what, kept, end });
      },
    } as unknown as Transfers;
    this.later = new Later(host, offers, transfers, {
      memory: this.memory,
      now: () => ({ mono: this.mono, wall: 5_000 + this.mono }),
      hasLater: () => this.hasLater,
    });
  }

  open(): this {
    this.later.handleOpened("s", "0123456789abcdef");
    return this;
  }

  /** A file is looked at: it is there. */
  look(file: object = film, more: object = {}): void {
    const effect = this.effects.findLast((each) =>
      each.effect === "prepare-offer"
    );
    assert(effect?.effect === "prepare-offer");
    this.later.handleTransferEvent({
      ...{ event: "offer-ready", id: effect.id, key: "", addresses: [] },
      ...{ paths: ["/x/film.mp4"], file: file as typeof film, ...more },
    });
  }

  /** The server answers all that it was asked. */
  answer(refusals: Record<string, string> = {}): void {
    for (let each; (each = this.asked.shift()) !== undefined;) {
      const to = each.fields.to.map(({ user }) => {
        const code = refusals[user];
        if (code !== undefined) return { online: false, code, message: code };
        return { user, account, online: this.online.has(user) };
      });
      each.reply({ ok: { to } });
    }
  }

  /** `/send luke film.mp4 --when-back`, up to the server's answer. */
  send(n = 1, user = "luke"): this {
    this.later.send({ user }, onePath("film.mp4"), n);
    this.look();
    this.answer();
    return this;
  }

  come(user: string): void {
    this.online.add(user);
    this.later.handlePresence(user, true);
  }

  /** Time passes, with what is due on the way. */
  pass(ms: number): void {
    const end = this.mono + ms;
    for (let at; (at = this.later.pollTimeout()) <= end;) {
      this.mono = Math.max(at, this.mono);
      this.later.handleTimeout({ mono: this.mono, wall: 0 });
    }
    this.mono = end;
  }

  /** Who is being offered it. */
  get tried(): string[] {
    return this.tries.map(({ user }) => user);
  }

  /** What the user reads since the last time. */
  lines(): string[] {
    return this.events.splice(0).flatMap((event) =>
      renderText(event, plainPalette)
    );
  }

  codeOf(n: number): string {
    const outcome = this.outcomes.get(n);
    if (outcome === undefined) return "open";
    if (!outcome.ok) return outcome.code;
    const { answer } = outcome;
    return "state" in answer && answer.state === "waiting" ? "waiting" : "ok";
  }
}

const account = "00ff00ff00ff00ff";
const film = { name: "film.mp4", size: 9, fingerprint: "f" };

Deno.test("Later: it waits for who is away, is offered when they come, and is gone when they have it", () => {
  const desk = new Desk().open().send();
  assertEquals(desk.codeOf(1), "waiting");
  assertEquals(desk.lines(), ["1: film.mp4 (9 B) waits for luke"]);
  const [kept] = desk.memory.offers.values();
  assertEquals(kept?.to, [{ user: "luke", account }]);
  assertEquals(kept?.paths, ["/x/film.mp4"]);
  desk.pass(3_600_000);
  assertEquals(desk.tried, []);
  desk.come("leia");
  assertEquals(desk.tried, []);
  desk.come("luke");
  assertEquals(desk.tried, ["luke"]);
  // It has its number from then on, and is listed as a transfer.
  assertEquals(desk.tries[0]?.kept.number, 1);
  assertEquals(desk.later.list(), []);
  desk.tries[0]?.end();
  assertEquals(desk.memory.offers.size, 1);
  assertEquals(desk.asked.map(({ fields }) => fields.to), [[]]);
  desk.answer();
  assertEquals(desk.memory.offers.size, 0);
  assertEquals(desk.lines(), []);
});

Deno.test("Later: who is online is offered it at once, and the command has that outcome", () => {
  const desk = new Desk().open();
  desk.online.add("luke");
  desk.send();
  assertEquals([desk.codeOf(1), desk.tried], ["open", ["luke"]]);
  assertEquals(desk.lines(), []);
  desk.tries[0]?.end();
  assertEquals(desk.codeOf(1), "ok");
  for (const [n, code] of [[2, "rejected"], [3, "cancelled"]] as const) {
    desk.send(n);
    desk.tries[0]?.end({ code, announced: true });
    assertEquals(desk.codeOf(n), code);
    desk.answer();
    assertEquals(desk.memory.offers.size, 0);
  }
  // The transfer told why; nothing is told twice.
  assertEquals(desk.lines(), []);
});

Deno.test("Later: what broke off is offered again, ever later, and at once when they come back", () => {
  const desk = new Desk().open().send();
  desk.lines();
  desk.come("luke");
  desk.tries[0]?.end({ code: "unreachable", announced: true });
  assertEquals(desk.lines(), [
    "1: film.mp4 (9 B) waits for luke: unreachable",
  ]);
  const pauses: number[] = [];
  for (let each = 0; each < 9; each++) {
    const before = desk.mono;
    while (desk.tried.length === 0) {
      const at = desk.later.pollTimeout();
      desk.mono = Math.max(at, desk.mono);
      desk.later.handleTimeout({ mono: desk.mono, wall: 0 });
    }
    pauses.push((desk.mono - before) / 1000);
    desk.tries[0]?.end({ code: "no_key" });
  }
  assertEquals(pauses, [15, 30, 60, 120, 240, 480, 960, 1800, 1800]);
  // The same reason is not told again and again.
  assertEquals(desk.lines(), ["1: film.mp4 (9 B) waits for luke: no_key"]);
  desk.later.handlePresence("luke", false);
  desk.pass(3_600_000);
  assertEquals(desk.tried, []);
  // Who comes and goes within a moment is not offered it each time.
  desk.come("luke");
  assertEquals(desk.tried, ["luke"]);
  desk.tries[0]?.end({ code: "user_offline" });
  desk.later.handlePresence("luke", false);
  desk.come("luke");
  assertEquals(desk.tried, []);
  desk.pass(5_000);
  assertEquals(desk.tried, ["luke"]);
  assertEquals(desk.lines(), []);
});

Deno.test("Later: it outlives the client, and a connection", () => {
  const desk = new Desk().open().send();
  desk.come("luke");
  // A kill while it is being sent: it is written down until it has arrived.
  desk.memory.close();
  const next = new Desk(desk.memory, 2);
  next.online.add("luke");
  next.open();
  assertEquals(next.asked[0]?.fields.to, [{ user: "luke", account }]);
  next.answer();
  assertEquals(next.tried, ["luke"]);
  next.later.handleDisconnected();
  next.tries[0]?.end({ code: "user_offline", announced: true });
  next.pass(3_600_000);
  assertEquals(next.tried, []);
  next.open();
  next.answer();
  assertEquals(next.tried, ["luke"]);
  // The client ends: that is not the end of what is kept.
  next.later.close();
  next.tries[0]?.end({ code: "cancelled", announced: true });
  assertEquals([...desk.memory.offers.values()][0]?.to.length, 1);
});

Deno.test("Later: what another client leaves is taken over, but not by a command that leaves at once", () => {
  const other = new Desk().open();
  const desk = new Desk(other.memory, 2).open();
  other.send();
  desk.pass(59_000);
  assertEquals(desk.later.list(), []);
  other.later.close();
  const visit = new Desk(other.memory, 3);
  visit.later.handleOpened("s", account, true);
  assertEquals(visit.later.list(), []);
  desk.pass(2_000);
  desk.answer();
  assertEquals(desk.later.list().map(({ user }) => user), ["luke"]);
  assertEquals(desk.lines(), ["1: film.mp4 (9 B) waits for luke"]);
});

Deno.test("Later: /cancel takes it back, also while it is known to nobody", () => {
  const desk = new Desk().open().send();
  desk.lines();
  assertEquals(desk.later.cancel(2), false);
  assertEquals(desk.later.cancel(1), true);
  assertEquals(desk.lines(), ["1: film.mp4 to luke waits no longer"]);
  assertEquals(desk.later.list(), []);
  // The server was not told yet: the next client does.
  desk.memory.close();
  const next = new Desk(desk.memory, 2).open();
  assertEquals(next.asked.map(({ fields }) => fields.to), [[]]);
  next.answer();
  assertEquals([next.memory.offers.size, next.lines()], [0, []]);
  // Before the server has said whether anybody is there.
  next.later.send({ user: "luke" }, onePath("film.mp4"), 5);
  next.look();
  next.later.cancel(1);
  assertEquals(next.codeOf(5), "cancelled");
  next.online.add("luke");
  next.answer();
  assertEquals([next.tried, next.memory.offers.size], [[], 0]);
});

Deno.test("Later: what waits without a file that cannot be read says so", () => {
  const desk = new Desk().open();
  desk.later.send({ user: "luke" }, onePath("film.mp4"), 1);
  const unreadable = { unreadable: 1, unreadablePaths: ["film.mp4/a"] };
  desk.look(film, { unreadable });
  desk.answer();
  const without = 'without 1 file that cannot be read ("film.mp4/a")';
  assertEquals(desk.codeOf(1), "waiting");
  assertEquals(desk.lines(), [`1: film.mp4 (9 B) waits for luke, ${without}`]);
  desk.come("luke");
  desk.tries[0]?.kept.ready(
    { event: "offer-ready", id: "", key: "", file: film } as never,
  );
  assertEquals(desk.later.list().map((each) => each.unreadable), []);
  desk.tries[0]?.end({ code: "lost" });
  assertEquals(desk.lines(), ["1: film.mp4 (9 B) waits for luke: lost"]);
});

Deno.test("Later: what is refused for good, changed or is gone is told in one line", () => {
  const desk = new Desk().open();
  desk.later.send({ user: "nobody" }, onePath("film.mp4"), 1);
  desk.look();
  desk.answer({ nobody: "unknown_user" });
  assertEquals([desk.codeOf(1), desk.memory.offers.size], ["unknown_user", 0]);
  assertEquals(desk.lines(), []);
  desk.send(2);
  desk.lines();
  desk.come("luke");
  const ready = (file: object, more: object = {}) =>
    desk.tries[0]?.kept.ready(
      { event: "offer-ready", id: "", key: "", file, ...more } as never,
    );
  assertEquals(ready(film), undefined);
  const larger = { ...film, size: 10 };
  assertEquals(ready(larger), "it changed since it began to wait");
  assertEquals(ready(larger), undefined);
  const missing = { missing: ["/x/a"], paths: ["/x/b"] };
  assertEquals(ready(film, missing), '"/x/a" is no longer there');
  assertEquals([...desk.memory.offers.values()][0]?.paths, ["/x/b"]);
  desk.tries[0]?.end({ code: "unreadable" });
  assertEquals(desk.lines(), [
    "1: film.mp4 to luke failed: unreadable; it waits no longer",
  ]);
  desk.answer();
  assertEquals(desk.memory.offers.size, 0);
  // Blocked meanwhile: the server says so at the next login.
  desk.send(3, "leia");
  desk.lines();
  desk.later.handleDisconnected();
  desk.open();
  desk.answer({ leia: "not_delivered" });
  assertEquals(desk.lines(), [
    "2: film.mp4 to leia failed: not_delivered; it waits no longer",
  ]);
});

Deno.test("Later: what cannot be kept is refused, and so it is where the server knows of nothing", () => {
  const desk = new Desk().open();
  desk.memory.fault = "the disk is full";
  desk.later.send({ user: "luke" }, onePath("film.mp4"), 1);
  desk.look();
  const outcome = desk.outcomes.get(1);
  assert(outcome?.ok === false);
  assertEquals(outcome.message, "it cannot wait: the disk is full");
  desk.later.send({ user: "luke" }, onePath("film.mp4"), 2);
  const effect = desk.effects.at(-1);
  assert(effect?.effect === "prepare-offer");
  desk.later.handleTransferEvent({
    ...{ event: "failed", id: effect.id, failure: "unreadable" },
    message: "no",
  });
  assertEquals(desk.codeOf(2), "unreadable");
  const many = Array(limits.laterReceivers + 1).fill("luke");
  desk.later.sendAll("jedi", many, onePath("film.mp4"), 3);
  assertEquals(desk.codeOf(3), "too_many_offers");
  desk.hasLater = false;
  desk.later.send({ user: "luke" }, onePath("film.mp4"), 4);
  assertEquals(desk.codeOf(4), "no_later");
  desk.memory.faults = ["it is damaged"];
  assertEquals(desk.lines(), []);
  desk.hasLater = true;
  desk.open();
  assertEquals(desk.lines(), ["Warning: it is damaged"]);
});

Deno.test("Later: without a connection it waits at once", () => {
  const desk = new Desk().open();
  desk.later.handleDisconnected();
  desk.later.send({ user: "luke" }, onePath("film.mp4"), 1);
  desk.look();
  assertEquals(desk.codeOf(1), "waiting");
  assertEquals(desk.lines(), ["1: film.mp4 (9 B) waits for luke"]);
  desk.open();
  desk.online.add("luke");
  desk.answer();
  assertEquals(desk.tried, ["luke"]);
});

Deno.test("Later: of a group each member has it in their own time", () => {
  const desk = new Desk().open();
  desk.online.add("han");
  desk.later.sendAll("jedi", ["luke", "han", "leia"], onePath("film.mp4"), 1);
  desk.look();
  desk.answer();
  assertEquals([desk.tried, desk.codeOf(1)], [["han"], "open"]);
  assertEquals(desk.tries[0]?.kept.number, undefined);
  assertEquals(desk.lines(), [
    "1: film.mp4 (9 B) waits for luke and 2 more of jedi",
  ]);
  desk.tries[0]?.end();
  const outcome = desk.outcomes.get(1);
  assert(outcome?.ok && outcome.command === "groupvideo");
  assertEquals(
    outcome.answer.results.map(({ user, ok, code }) => [user, ok, code]),
    [["luke", false, "waiting"], ["leia", false, "waiting"], [
      "han",
      true,
      undefined,
    ]],
  );
  const line = renderText({ event: "result", n: 1, outcome }, plainPalette);
  assertEquals(line, ["film.mp4 reached han of jedi; waits for luke, leia"]);
  desk.answer();
  assertEquals(desk.lines(), [
    "1: film.mp4 (9 B) waits for luke and 1 more of jedi",
  ]);
  desk.come("leia");
  desk.tries[0]?.end({ code: "rejected", announced: true });
  desk.answer();
  assertEquals(desk.lines(), ["1: film.mp4 (9 B) waits for luke of jedi"]);
  const [kept] = desk.memory.offers.values();
  assertEquals(kept?.to, [{ user: "luke", account }]);
  desk.come("luke");
  assertEquals(desk.later.list().map(({ left }) => left), [1]);
  desk.tries[0]?.end();
  desk.answer();
  assertEquals(desk.lines(), ["1: film.mp4 waits for nobody of jedi any more"]);
  assertEquals([desk.memory.offers.size, desk.later.list()], [0, []]);
});

Deno.test("Later: no more than 16 are offered at a time", () => {
  const desk = new Desk().open();
  const users = Array.from({ length: 20 }, (_, index) => `u${index}`);
  for (const user of users) desk.online.add(user);
  desk.later.sendAll("jedi", users, onePath("film.mp4"), 1);
  desk.look();
  desk.answer();
  for (let left = 20; left > 0; left--) {
    assertEquals(desk.tries.length, Math.min(left, 16));
    desk.tries[0]?.end();
    desk.answer();
  }
  assertEquals(desk.codeOf(1), "ok");
  assertEquals(desk.memory.offers.size, 0);
});

Deno.test("Later: who has another name is the same person", () => {
  const desk = new Desk().open().send();
  desk.later.handleRenamed("luke", "farmboy");
  desk.come("luke");
  assertEquals(desk.tried, []);
  desk.come("farmboy");
  assertEquals(desk.tried, ["farmboy"]);
  const [kept] = desk.memory.offers.values();
  assertEquals(kept?.to, [{ user: "farmboy", account }]);
});
