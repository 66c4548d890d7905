import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ClientView } from "../../../lib/client/events/client_view.ts";
import type { PresenceChoice } from "../../../lib/client/commands/program.ts";
import { PresenceNews } from "../../../lib/client/session/presence_news.ts";
import { groupDigest } from "../../../lib/wire/group_digest.ts";
import { SessionHarness } from "../session_harness.ts";
import { logIn, openedSession } from "../logged_in.ts";

/** News in virtual time, and what was told of it: `5 +luke`, in seconds. */
class Watch {
  readonly view = new ClientView("localhost:6000");
  readonly told: string[] = [];
  readonly news: PresenceNews;
  #now = 0;

  constructor(choice: PresenceChoice, settleMs?: number) {
    const view = this.view;
    const emit: ConstructorParameters<typeof PresenceNews>[0]["emit"] = (
      event,
    ) => {
      view.handleEvent(event);
      if (event.event !== "presence") return;
      const sign = event.online ? "+" : "-";
      this.told.push(`${this.#now / 1000} ${sign}${event.user}`);
    };
    this.news = new PresenceNews({ view, emit }, choice, settleMs);
  }

  /** `+luke`: comes, `-luke`: goes. */
  at(seconds: number, change: string): this {
    this.to(seconds);
    const online = change.startsWith("+");
    const news = { event: "presence", user: change.slice(1) } as const;
    this.news.handle({ ...news, online, at: this.#now }, this.#now);
    return this;
  }

  /** The client's connection is gone; those who are online stay known. */
  lose(): this {
    this.news.handleDisconnected(this.#now);
    return this;
  }

  /** It is there again; nobody else is. */
  open(): this {
    this.news.handleOpened(this.#now);
    this.view.handleEvent({ event: "directory", users: [] });
    return this;
  }

  to(seconds: number): this {
    for (;;) {
      const due = this.news.pollTimeout();
      if (due === undefined || due > seconds * 1000) break;
      this.#now = due;
      this.news.handleTimeout(due);
    }
    this.#now = seconds * 1000;
    return this;
  }
}

Deno.test("PresenceNews: a coming is told at once, a going when it lasts, a short one of either not", () => {
  const watch = new Watch("all").at(0, "+luke").at(100, "-luke").to(159);
  assertEquals(watch.told, ["0 +luke"]);
  assertEquals(watch.view.person("luke")?.online, false);
  assertEquals(watch.to(161).told, ["0 +luke", "160 -luke"]);
  // Back while this client had no connection, which is lost again.
  const apart = new Watch("all").at(0, "+luke").at(100, "-luke").lose().open();
  const users = [{ user: "luke", since: 1, ip: "192.0.2.1", udpPort: 1 }];
  apart.view.handleEvent({ event: "directory", users });
  const gone = { event: "disconnected", code: "x", message: "gone" } as const;
  apart.lose().view.handleEvent({ ...gone, retrying: true });
  assertEquals(apart.to(1000).told, ["0 +luke"]);
  // Away for less than a minute, again and again.
  const lost = new Watch("all").at(0, "+luke").at(70, "-luke").at(71, "+luke")
    .at(80, "-luke").at(139, "+luke").to(1000);
  assertEquals(lost.told, ["0 +luke"]);
  // There for less than a minute: that one line, and one the next time.
  const visit = new Watch("all").at(0, "+luke").at(30, "-luke").to(500)
    .at(500, "+luke");
  assertEquals(visit.told, ["0 +luke", "500 +luke"]);
});

Deno.test("PresenceNews: who comes back after the server, as this client does, was never away", () => {
  const watch = new Watch("all").at(0, "+luke").at(0, "+leia").at(0, "+hans");
  watch.to(200).lose().to(230);
  // Again before all are back.
  watch.open().at(231, "+luke").lose().to(240).open();
  watch.at(241, "+leia").at(242, "+vader").at(301, "+hans");
  assertEquals(watch.told.slice(3), ["242 +vader", "301 +hans"]);
  // Who goes then is told of as ever.
  assertEquals(watch.at(310, "-leia").to(400).told.slice(5), ["370 -leia"]);
});

Deno.test("PresenceNews: one line a minute of each at most, whatever they do", () => {
  const step = fc.tuple(fc.integer({ min: 1, max: 90 }), fc.boolean());
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const watch = new Watch("all");
    let now = 0;
    for (const [wait, online] of steps) {
      now += wait;
      watch.at(now, online ? "+luke" : "-luke");
    }
    watch.to(now + 60);
    const times = watch.told.map((line) => parseInt(line));
    for (const [index, at] of times.entries()) {
      const before = times[index - 1];
      if (before !== undefined && watch.told[index - 1]?.includes("+")) {
        assertEquals(at - before >= 60, true, watch.told.join());
      }
    }
  }));
});

Deno.test("PresenceNews: known are those one talks to or shares a group with; off is nobody", () => {
  const lines = (choice: PresenceChoice) => {
    const watch = new Watch(choice);
    const { view } = watch;
    const me = { event: "welcome", user: "yoda", waiting: 0 } as const;
    view.handleEvent({ ...me, resumed: false });
    const place = { id: 1, number: 1, at: 1 };
    const said = { kind: "private", ...place, text: "x" } as const;
    view.handleEvent({ event: "message", ...said, from: "luke", kept: false });
    view.handleEvent({
      event: "directory",
      recent: [{ conversation: "@han", messages: [] }],
    });
    const group = { leader: "yoda", leaderOnly: false, invited: ["lando"] };
    const joined = ["yoda", "leia"];
    view.handleEvent({
      event: "directory",
      group: { ...group, group: "jedi", joined },
    });
    view.handleEvent({ event: "joined", group: "jedi", user: "ben", at: 1 });
    for (const user of ["luke", "han", "leia", "ben", "lando", "vader"]) {
      watch.at(1, `+${user}`);
    }
    view.handleEvent({ event: "chat", kind: "user", name: "vader" });
    watch.at(200, "-vader").at(300, "-lando").to(400);
    return watch.told.map((line) => line.split(" ")[1]).join(" ");
  };
  assertEquals(lines("known"), "+luke +han +leia +ben -vader");
  assertEquals(
    lines("all"),
    "+luke +han +leia +ben +lando +vader -vader -lando",
  );
  assertEquals(lines("off"), "");
});

Deno.test("PresenceNews: a script is told everything at once, unless it chooses", () => {
  const watch = new Watch("all", 0);
  watch.at(0, "+luke").at(1, "-luke").at(2, "+luke");
  watch.news.choice = "known";
  watch.at(3, "-luke").at(3, "+vader");
  assertEquals(watch.told, ["0 +luke", "1 -luke", "2 +luke"]);
});

Deno.test("PresenceNews: who came back while there was no connection has not gone", () => {
  const watch = new Watch("all").at(0, "+luke").at(100, "-luke");
  const users = [{ user: "luke", since: 1, ip: "192.0.2.1", udpPort: 0 }];
  watch.view.handleEvent({ event: "directory", users });
  assertEquals(watch.to(500).told, ["0 +luke"]);
});

Deno.test("PresenceNews: a crowd that comes and goes is bounded", () => {
  const watch = new Watch("all");
  for (let n = 0; n < 5000; n++) watch.at(0, `-u${n}`);
  assertEquals(watch.to(60).told.length, 2000);
});

Deno.test("a login asks for company, and tells when all is known; /presence says and chooses", () => {
  const harness = new SessionHarness("always", {
    learnNames: true,
    presence: "known",
  });
  logIn(harness);
  const presence = (user: string, online: boolean) =>
    harness.server({ ev: "presence", user, online, at: 1 });
  const told = () =>
    harness.events.flatMap((each) =>
      each.event === "presence" ? [`${each.user} ${each.online}`] : []
    );
  const row = { leader: "yoda", joined: true, leaderOnly: false, size: 2 };
  harness.answer("groups", { groups: [{ group: "jedi", ...row }] });
  harness.answer("blocked", { users: [] });
  harness.answer("who", { users: [] });
  const members = { group: "jedi", leader: "yoda", leaderOnly: false };
  const joined = ["yoda", "leia"];
  harness.answer("group-members", { ...members, joined, invited: [] });
  const arrived = () => harness.quiet.some((each) => each.event === "arrived");
  assertEquals(arrived(), false);
  const said = { number: 1, at: 1, text: "x" };
  harness.answer("history", {
    messages: [
      { id: 1, kind: "private", ...said, from: "yoda", to: "luke" },
      { id: 2, kind: "private", ...said, from: "han", to: "yoda" },
      { id: 3, kind: "broadcast", ...said, from: "vader" },
    ],
  });
  assertEquals(arrived(), true);
  for (const user of ["luke", "han", "leia", "vader"]) presence(user, true);
  assertEquals(told(), ["luke true", "han true", "leia true"]);
  harness.pass(100_000);
  presence("luke", false);
  presence("vader", false);
  assertEquals(told().length, 3);
  assertEquals(harness.view.person("vader")?.online, false);
  for (let i = 0; i < 100 && told().length === 3; i++) harness.toTimeout();
  assertEquals(told().at(-1), "luke false");
  const answerTo = (line: string) => harness.outcome(harness.line(line));
  const answer = { presence: "known" as const };
  const outcome = { command: "presence" as const, ok: true as const };
  assertEquals(answerTo("/presence"), { ...outcome, answer });
  answerTo("/presence OFF");
  assertEquals(answerTo("/presence"), {
    ...outcome,
    answer: { presence: "off" },
  });
  presence("han", true);
  assertEquals(told().at(-1), "luke false");
  const wrong = answerTo("/presence some");
  assertEquals(!wrong.ok && wrong.message, usage);
});

Deno.test("after a reconnection the history is not asked for again, and what can have changed is", () => {
  const harness = new SessionHarness("always", { learnNames: true });
  logIn(harness);
  const answerNames = () => {
    harness.answer("groups", { groups: [] });
    harness.answer("blocked", { users: [] });
    harness.answer("who", { users: [] });
  };
  const hasAsked = () => harness.sent.some((each) => each.do === "history");
  answerNames();
  const said = { number: 1, at: 1, text: "x" };
  const messages = [
    { id: 1, kind: "private", ...said, from: "yoda", to: "luke" },
  ];
  harness.answer("history", { messages });
  harness.sent.length = 0;
  harness.lose();
  harness.toTimeout();
  harness.connect();
  harness.answer("resume", openedSession("t2"));
  answerNames();
  assertEquals(hasAsked(), false);
  assertEquals(harness.view.person("luke")?.talks, true);
});

Deno.test("after a reconnection the members of those groups are asked for that are not as they were known", () => {
  const harness = new SessionHarness("always", { learnNames: true });
  logIn(harness);
  const about = { leader: "yoda", leaderOnly: false };
  const groups = new Map(
    ["jedi", "sith", "old"].map((group) => [group, ["yoda", "luke"]]),
  );
  /** Answers all that is asked of groups; returns for which. */
  const answer = () => {
    const rows = [...groups].map(([group, members]) => {
      const digest = groupDigest({ members, history: true, topic: "" });
      return {
        ...{ group, ...about, joined: true, size: members.length },
        // One of an older server.
        ...group !== "old" && { digest },
      };
    });
    assertEquals(harness.answer("groups", { groups: rows }).digests, true);
    harness.answer("blocked", { users: [] });
    harness.answer("who", { users: [] });
    const asked: string[] = [];
    while (harness.sent.some((each) => each.do === "group-members")) {
      const { id, group } = harness.take("group-members");
      asked.push(String(group));
      const joined = groups.get(String(group)) ?? [];
      const ok = { group, ...about, history: true, joined, invited: [] };
      harness.server({ re: id, ok });
    }
    return asked.sort();
  };
  const comeBack = (token: string) => {
    harness.sent.length = 0;
    harness.lose();
    harness.toTimeout();
    harness.connect();
    harness.answer("resume", openedSession(token));
  };
  assertEquals(answer(), ["jedi", "old", "sith"]);
  comeBack("t2");
  assertEquals(answer(), ["old"]);
  // What was told meanwhile is known; what happened while away is not.
  const news = { group: "jedi", user: "leia", at: 1 };
  harness.server({ ev: "joined", ...news });
  groups.set("jedi", ["yoda", "luke", "leia"]);
  comeBack("t3");
  assertEquals(answer(), ["old"]);
  groups.set("jedi", ["yoda", "luke"]);
  groups.set("sith", ["yoda", "vader"]);
  comeBack("t4");
  assertEquals(answer(), ["jedi", "old", "sith"]);
  assertEquals(harness.view.group("sith")?.members, ["yoda", "vader"]);
  assertEquals(harness.view.group("jedi")?.members, ["yoda", "luke"]);
});

const usage = 'usage: /presence [all|known|off]; "some" is none of all, ' +
  "known, off";
