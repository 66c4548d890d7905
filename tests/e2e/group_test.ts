import { assertEquals, assertMatch } from "@std/assert";
import { restart } from "../support/restart.ts";
import { checkRefusals } from "../support/check_refusals.ts";
import { logIn, startServer } from "../support/jedi.ts";

Deno.test("groups: create, invite, join, post, list, every refusal, restart", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");

  await t.step("creating", async () => {
    await checkRefusals(yoda, [
      ["/creategroup", "usage", "/creategroup GROUP USER"],
      ["/creategroup no.good luke", "bad_group_name"],
      ["/creategroup Jedi", "no_other_user"],
      ["/creategroup Jedi yoda", "no_other_user"],
      ["/creategroup Jedi luke vader", "unknown_user", "vader"],
    ]);
    assertEquals((await yoda.succeed("/groups")).groups, []);
    const made = await yoda.succeed("/creategroup Jedi luke obiwan");
    assertEquals(made.group, "Jedi");
    assertEquals(made.members, ["yoda", "luke", "obiwan"]);
    await luke.event("invited", { group: "Jedi", by: "yoda" });
    const taken = await luke.refused("/creategroup jEDI yoda");
    assertMatch(taken, /^group_exists: .*group chat \(Name: jedi\) already/i);
  });

  await t.step("joining", async () => {
    await checkRefusals(luke, [
      ["/joingroup", "usage"],
      ["/joingroup sith", "unknown_group", "does not exist"],
      ["/groupmsg Jedi hi", "not_joined", "Please join the group before"],
    ]);
    await checkRefusals(leia, [["/joingroup Jedi", "not_invited"]]);
    await luke.succeed("/joingroup jedi");
    await yoda.event("joined", { group: "Jedi", user: "luke" });
    await checkRefusals(luke, [["/joingroup Jedi", "already_joined"]]);
  });

  await t.step("posting", async () => {
    await checkRefusals(leia, [
      ["/groupmsg Jedi hi", "not_in_group", "You are not in this group chat"],
      ["/groupmsg sith hi", "unknown_group", "The group chat does not exist"],
      ["/groupmsg Jedi", "usage"],
    ]);
    const sent = await yoda.succeed("/groupmsg JEDI hello there");
    assertEquals(sent.number, 1);
    const got = await luke.event("message", { text: "hello there" });
    assertEquals([got.kind, got.group, got.from], ["group", "Jedi", "yoda"]);
    await luke.succeed("/groupmsg Jedi master");
    await yoda.event("message", { text: "master" });
  });

  await t.step("listing", async () => {
    await checkRefusals(leia, [
      ["/members Jedi", "not_in_group"],
      ["/members sith", "unknown_group"],
      ["/members", "usage"],
      ["/groups x", "usage"],
    ]);
    const members = await luke.succeed("/members jedi");
    assertEquals(members.leader, "yoda");
    assertEquals(members.joined, ["yoda", "luke"]);
    assertEquals(members.invited, ["obiwan"]);
    assertEquals((await leia.succeed("/groups")).groups, []);
    assertEquals((await luke.succeed("/groups")).groups, [{
      group: "Jedi",
      leader: "yoda",
      joined: true,
      leaderOnly: false,
      size: 2,
    }]);
  });

  await t.step(
    "who was offline is invited and gets nothing before joining",
    async () => {
      await using obiwan = await logIn(server, "obiwan");
      await obiwan.event("invited", { group: "Jedi" });
      await obiwan.succeed("/joingroup Jedi");
      await luke.succeed("/groupmsg Jedi welcome");
      await obiwan.event("message", { text: "welcome" });
      const texts = obiwan.events().filter((e) => e.event === "message");
      assertEquals(texts.map((e) => e.text), ["welcome"]);
      assertEquals(await obiwan.finish(), 0);
    },
  );

  await t.step(
    "an offline member gets it later; all outlives a restart",
    async () => {
      await yoda.succeed("/groupmsg Jedi while you were away");
      await restart(server, "SIGTERM", yoda, luke);
      await using obiwan = await logIn(server, "obiwan");
      const got = await obiwan.event("message", { group: "Jedi" });
      assertEquals([got.text, got.kept], ["while you were away", true]);
      assertEquals((await yoda.succeed("/groupmsg jedi on we go")).number, 5);
      await luke.event("message", { text: "on we go" });
      await obiwan.event("message", { text: "on we go" });
      const log = await server.dataWhen(
        "Jedi_messagelog.txt",
        (text) => text.split("\n").length === 6,
      );
      const rows = log.trimEnd().split("\n");
      assertEquals(
        rows.map((row) => row.replace(/\d\d \w{3} \d{4} [\d:]{8}/, "TIME")),
        [
          "1; TIME; yoda; hello there",
          "2; TIME; luke; master",
          "3; TIME; luke; welcome",
          "4; TIME; yoda; while you were away",
          "5; TIME; yoda; on we go",
        ],
      );
      assertEquals(await server.data("messagelog.txt"), "");
    },
  );

  await t.step("a name may have - and _, and so has its log", async () => {
    await luke.succeed("/creategroup my-team_2 yoda");
    await yoda.succeed("/joingroup MY-team_2");
    await luke.succeed("/groupmsg my-team_2 hello team");
    await yoda.event("message", { group: "my-team_2", text: "hello team" });
    await server.dataWhen(
      "my-team_2_messagelog.txt",
      (text) => text.endsWith("; luke; hello team\n"),
    );
  });
});
