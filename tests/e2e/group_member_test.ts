import { assert, assertEquals } from "@std/assert";
import { restart } from "../support/restart.ts";
import { checkRefusals } from "../support/check_refusals.ts";
import { logIn, startServer } from "../support/jedi.ts";
import { type JsonEvent, TestClient } from "../support/test_client.ts";
import { userCommand } from "../support/user_command.ts";

function texts(client: TestClient): unknown[] {
  return client.events().filter((each) => each.event === "message")
    .map((each) => each.text);
}

async function roles(client: TestClient, group: string): Promise<JsonEvent> {
  const { leader, joined, invited } = await client.succeed(`/members ${group}`);
  return { leader, joined, invited };
}

Deno.test("a broadcast group: only its leader posts, and who leads may change", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await checkRefusals(yoda, [
    ["/createbroadcast", "usage", "/createbroadcast GROUP USER"],
    ["/createbroadcast no.good luke", "bad_group_name"],
    ["/createbroadcast News", "no_other_user"],
    ["/createbroadcast News vader", "unknown_user"],
  ]);
  const made = await yoda.succeed("/createbroadcast News luke leia");
  assertEquals(made.members, ["yoda", "luke", "leia"]);
  await checkRefusals(yoda, [["/createbroadcast news luke", "group_exists"]]);
  await luke.event("invited", { group: "News", leaderOnly: true });
  await luke.succeed("/joingroup news");
  await yoda.succeed("/groupmsg News first");
  await luke.event("message", { text: "first" });
  await checkRefusals(luke, [["/groupmsg news x", "leader_only", "yoda"]]);
  await yoda.succeed("/promote News luke");
  await luke.event("leader", { leader: "luke", by: "yoda", me: true });
  await checkRefusals(yoda, [["/groupmsg news x", "leader_only", "luke"]]);
  await luke.succeed("/groupmsg News second");
  await yoda.event("message", { text: "second" });
  await restart(server, "SIGKILL", yoda, luke);
  await checkRefusals(yoda, [["/groupmsg news x", "leader_only", "luke"]]);
  const log = await server.dataWhen(
    "News_messagelog.txt",
    (text) => text.split("\n").length === 3,
  );
  assert(log.includes("; yoda; first\n2; ") && log.endsWith("luke; second\n"));
});

Deno.test("members: adding, removing, promoting, leaving, with every refusal and a restart", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  await yoda.succeed("/creategroup Jedi luke");
  await luke.succeed("/joingroup Jedi");

  await t.step("every refusal", async () => {
    for (const name of ["addmember", "removemember", "promote"]) {
      await checkRefusals(yoda, [
        [`/${name}`, "usage", `/${name} GROUP USER`],
        [`/${name} Jedi`, "usage"],
        [`/${name} Jedi luke leia`, "usage"],
        [`/${name} sith luke`, "unknown_group"],
        [`/${name} Jedi vader`, "unknown_user", "vader"],
      ]);
      await checkRefusals(luke, [
        [`/${name} Jedi leia`, "leader_only", "yoda, who leads Jedi"],
      ]);
      await checkRefusals(leia, [[`/${name} Jedi luke`, "not_in_group"]]);
    }
    await checkRefusals(yoda, [
      ["/addmember Jedi luke", "already_member", "already in"],
      ["/addmember Jedi yoda", "already_member"],
      ["/removemember Jedi leia", "not_a_member"],
      ["/removemember Jedi yoda", "is_self", "/leavegroup"],
      ["/promote Jedi leia", "not_a_member"],
      ["/promote Jedi yoda", "already_leader"],
    ]);
    await checkRefusals(leia, [
      ["/leavegroup", "usage"],
      ["/leavegroup Jedi now", "usage"],
      ["/leavegroup Jedi", "not_in_group"],
      ["/leavegroup sith", "unknown_group"],
    ]);
  });

  await t.step("adding invites, and the invitation can go again", async () => {
    await yoda.succeed("/addmember jedi leia");
    await leia.event("invited", { group: "Jedi", by: "yoda" });
    await checkRefusals(yoda, [
      ["/addmember Jedi leia", "already_member", "invited"],
      ["/promote Jedi leia", "not_a_member", "has not joined"],
    ]);
    const declined = await leia.succeed("/leavegroup Jedi");
    assertEquals([declined.declined, declined.ended], [true, false]);
    await yoda.event("left", { user: "leia", why: "declined" });
    await luke.event("left", { user: "leia", why: "declined" });
    await yoda.succeed("/addmember Jedi leia");
    const withdrawn = await yoda.succeed("/removemember Jedi leia");
    assertEquals(withdrawn.invited, true);
    await leia.event("removed", { group: "Jedi", by: "yoda", me: true });
    await checkRefusals(leia, [["/joingroup Jedi", "not_invited"]]);
  });

  await t.step("nothing reaches who was removed", async () => {
    await yoda.succeed("/addmember Jedi leia");
    await leia.succeed("/joingroup Jedi");
    await yoda.succeed("/groupmsg Jedi all three");
    await leia.event("message", { text: "all three" });
    await yoda.succeed("/removemember Jedi leia");
    await leia.event("removed", { user: "leia", me: true }, {
      from: leia.process.out.findIndex((line) => line.includes("all three")),
    });
    await luke.event("removed", { user: "leia", by: "yoda", me: false });
    await yoda.succeed("/groupmsg Jedi the two of us");
    await luke.event("message", { text: "the two of us" });
    await checkRefusals(leia, [["/groupmsg Jedi x", "not_in_group"]]);
    assertEquals(texts(leia), ["all three"]);
  });

  await t.step("what was sent before a removal still arrives", async () => {
    await yoda.succeed("/addmember Jedi obiwan");
    {
      await using obiwan = await logIn(server, "obiwan");
      await obiwan.succeed("/joingroup Jedi");
      await obiwan.finish();
    }
    await yoda.succeed("/groupmsg Jedi before");
    await yoda.succeed("/removemember Jedi obiwan");
    await yoda.succeed("/groupmsg Jedi after");
    await restart(server, "SIGKILL", yoda, luke, leia);
    await using obiwan = await logIn(server, "obiwan");
    await obiwan.event("message", { text: "before", kept: true });
    assertEquals((await obiwan.succeed("/groups")).groups, []);
    assertEquals(texts(obiwan), ["before"]);
  });

  await t.step("the longest-joined succeeds a leader who leaves", async () => {
    await yoda.succeed("/addmember Jedi leia");
    await leia.succeed("/joingroup Jedi");
    const left = await yoda.succeed("/leavegroup jedi");
    assertEquals([left.leader, left.ended], ["luke", false]);
    await luke.event("left", { user: "yoda", why: "left" });
    await luke.event("leader", { leader: "luke", me: true });
    await leia.event("leader", { leader: "luke", me: false });
    await restart(server, "SIGKILL", yoda, luke, leia);
    assertEquals(await roles(leia, "Jedi"), {
      leader: "luke",
      joined: ["luke", "leia"],
      invited: [],
    });
  });

  await t.step("the last one ends it; a new one begins a new log", async () => {
    const before = await server.dataWhen(
      "Jedi_messagelog.txt",
      (text) => text.includes("; after\n"),
    );
    await luke.succeed("/addmember Jedi yoda");
    await yoda.event("invited", { group: "Jedi", by: "luke" });
    await leia.succeed("/leavegroup Jedi");
    const left = await luke.succeed("/leavegroup Jedi");
    assertEquals(left.ended, true);
    await yoda.event("group-end", { group: "Jedi" });
    await checkRefusals(yoda, [["/joingroup Jedi", "unknown_group"]]);
    await yoda.succeed("/creategroup Jedi luke");
    const sent = await yoda.succeed("/groupmsg Jedi anew");
    assertEquals(sent.number, 1);
    await server.restart("SIGKILL");
    const log = await server.dataWhen(
      "Jedi_messagelog.txt",
      (text) => text.endsWith("; anew\n") && text.startsWith("1; "),
    );
    assertEquals(log.split("\n").length, 2);
    assertEquals(await server.data("Jedi_messagelog.1.txt"), before);
  });
});

Deno.test("accounts that are removed, while the server runs or not, leave their groups", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  await yoda.succeed("/creategroup Jedi luke leia obiwan");
  await luke.succeed("/joingroup Jedi");
  await leia.succeed("/joingroup Jedi");
  const remove = async (name: string) => {
    const { code, text } = await userCommand(server, ["remove", name]);
    assertEquals(code, 0, text);
  };
  await remove("yoda");
  await luke.event("left", { user: "yoda", why: "account-removed" });
  await leia.event("leader", { leader: "luke" });
  assertEquals(await roles(leia, "Jedi"), {
    leader: "luke",
    joined: ["luke", "leia"],
    invited: ["obiwan"],
  });
  await server.stop("SIGKILL");
  await remove("luke");
  await server.restart();
  await leia.event("welcome", { resumed: true });
  assertEquals(await roles(leia, "Jedi"), {
    leader: "leia",
    joined: ["leia"],
    invited: ["obiwan"],
  });
});

Deno.test("the text of each group command says what happened", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await TestText.start(server);
  await yoda.succeed("/creategroup Jedi luke");
  await luke.succeed("/joingroup Jedi");
  await yoda.succeed("/addmember Jedi leia");
  await leia.shows("yoda invites you to group chat Jedi; /joingroup Jedi");
  await leia.type("/joingroup Jedi");
  await yoda.event("joined", { user: "leia" });
  await yoda.succeed("/promote Jedi leia");
  await leia.shows("you lead group chat Jedi now (by yoda)");
  await leia.type("/removemember Jedi yoda");
  await leia.shows("yoda is no longer in group chat Jedi");
  await leia.type("/addmember Jedi yoda");
  await leia.shows("yoda is invited to group chat Jedi");
  await leia.type("/removemember Jedi yoda");
  await leia.shows("yoda is no longer invited to group chat Jedi");
  await leia.type("/promote Jedi luke");
  await leia.shows("luke leads group chat Jedi now");
  await luke.succeed("/leavegroup Jedi");
  await leia.shows("luke left group chat Jedi");
  await leia.shows("you lead group chat Jedi now");
  await leia.type("/leavegroup Jedi");
  await leia.shows("you left group chat Jedi; it has ended");
  await leia.type("/createbroadcast News luke");
  await leia.shows(
    "group chat News created, in which you alone may post; invited: luke",
  );
  await leia.type("/groupmsg News anybody there?");
  await leia.showsLike(
    /^message sent at .{20} \(number 1\), but nobody got it: nobody else has joined News; invited: luke$/,
  );
  await luke.succeed("/joingroup News");
  assertEquals((await luke.succeed("/history News")).messages, []);
  await leia.type("/setgroup News history on");
  await leia.shows("who joins News later can read what was said before");
  await luke.event("group-set", { group: "News", history: true, by: "leia" });
  const past = (await luke.succeed("/history News")).messages as JsonEvent[];
  assertEquals(past.map(({ text }) => text), ["anybody there?"]);
  await leia.type("/members News");
  await leia.shows("group chat News, led by leia, who alone may post");
  await checkRefusals(luke, [
    ["/setgroup News history off", "leader_only", "leia"],
    ["/setgroup Sith history on", "unknown_group"],
    ["/setgroup News history maybe", "usage", "history is on or off"],
    ["/setgroup News colour red", "usage", '"colour" is nothing that can be'],
    ["/setgroup News history", "usage"],
  ]);
  await checkRefusals(yoda, [["/setgroup News history on", "not_in_group"]]);
});

/** A client that prints text. */
class TestText implements AsyncDisposable {
  readonly #client: TestClient;

  constructor(client: TestClient) {
    this.#client = client;
  }

  static async start(
    server: Parameters<typeof logIn>[0],
  ): Promise<TestText> {
    const client = await TestClient.start(server, {
      user: "leia",
      password: "aiel",
      json: false,
    });
    const text = new TestText(client);
    await text.shows("Welcome to Parley, leia!");
    return text;
  }

  type(line: string): Promise<void> {
    return this.#client.send(line);
  }

  async shows(line: string): Promise<void> {
    await this.#client.process.waitFor(line, (each) => each === line);
  }

  async showsLike(line: RegExp): Promise<void> {
    await this.#client.process.waitFor(`${line}`, (each) => line.test(each));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }
}
