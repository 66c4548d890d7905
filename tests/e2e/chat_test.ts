import { assert, assertEquals } from "@std/assert";
import { restart } from "../support/restart.ts";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { noTmux, TmuxTerminal } from "../support/tmux_terminal.ts";
import { testUnless } from "../support/test_unless.ts";

Deno.test("/chat: plain lines go to a user or a group, until it is closed", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  await using leia = await logIn(server, "leia");
  await yoda.succeed("/creategroup Jedi luke");
  await yoda.succeed("/creategroup leia luke");
  await luke.succeed("/joingroup Jedi");
  await luke.succeed("/joingroup leia");

  await t.step("refusals and hints", async () => {
    const refusals = [
      ["/chat luke leia", "usage", "/chat [USER|GROUP]"],
      ["/chat", "no_chat", "No chat is open"],
      ["hello", "not_a_command", "/chat USER"],
      ["//hello", "not_a_command", "No chat is open"],
      ["/chat vader", "unknown_name", "vader"],
      ["/chat #sith", "unknown_group", ""],
      ["/chat @Jedi", "unknown_user", "Jedi"],
      ["/chat yoda", "is_self", ""],
    ] as const;
    for (const [line, code, part] of refusals) {
      const answer = await yoda.refused(line);
      assert(answer.startsWith(`${code}: `), `${line}: ${answer}`);
      assert(answer.includes(part), `${line}: ${answer}`);
    }
    assert((await leia.refused("/chat Jedi")).startsWith("not_in_group"));
    assert(!yoda.events().some((each) => each.event === "chat"));
  });

  await t.step("with a user", async () => {
    const answer = await yoda.succeed("/chat luke");
    assertEquals([answer.kind, answer.name], ["user", "luke"]);
    await yoda.event("chat", { kind: "user", name: "luke" });
    const sent = await yoda.succeed("  OUT is no command here");
    assertEquals(sent.command, "msgto");
    await luke.event("message", {
      from: "yoda",
      kind: "private",
      text: "  OUT is no command here",
    });
    await yoda.succeed("//msgto is a command");
    await luke.event("message", { text: "/msgto is a command" });
    assertEquals((await yoda.succeed("/activeuser")).command, "activeuser");
    const log = await server.dataWhen(
      "messagelog.txt",
      (text) => text.split("\n").length === 3,
    );
    assert(log.endsWith("; yoda; luke; /msgto is a command\n"));
  });

  await t.step("with a group, over a restart of the server", async () => {
    await yoda.succeed("/chat jedi");
    await yoda.event("chat", { kind: "group", name: "Jedi" });
    assertEquals((await yoda.succeed("hello")).command, "groupmsg");
    await luke.event("message", { group: "Jedi", text: "hello" });
    await restart(server, "SIGKILL", yoda, luke);
    await yoda.succeed("still here");
    await luke.event("message", { group: "Jedi", text: "still here" });
  });

  await t.step("a name that is both is the user", async () => {
    const both = await yoda.succeed("/chat leia");
    assertEquals([both.kind, both.ambiguous], ["user", true]);
    await yoda.succeed("to one");
    await leia.event("message", { kind: "private", text: "to one" });
    const group = await yoda.succeed("/chat #leia");
    assertEquals([group.kind, group.name], ["group", "leia"]);
    await yoda.succeed("to all");
    await luke.event("message", { group: "leia", text: "to all" });
  });

  await t.step("it ends when asked, and with the group", async () => {
    assertEquals((await yoda.succeed("/chat")).kind, "none");
    assert((await yoda.refused("x")).startsWith("not_a_command"));
    await luke.succeed("/chat Jedi");
    await yoda.succeed("/groupmsg Jedi the last of it");
    await luke.event("message", { group: "Jedi", text: "the last of it" });
    await yoda.succeed("/removemember Jedi luke");
    await luke.event("chat", { kind: "none" });
    const refusal = await luke.refused("x");
    assert(refusal.startsWith("not_a_command"), refusal);
    // What it may have been meant for is where luke still is.
    assert(refusal.includes("/chat #leia makes lines"), refusal);
    await yoda.succeed("/chat Jedi");
    await yoda.succeed("/leavegroup Jedi");
    assert((await yoda.refused("x")).startsWith("not_a_command"));
  });
});

Deno.test("words of older protocols and aliases work through the client", async () => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using luke = await logIn(server, "luke");
  for (const line of ["ATU", "whoelse", "/ATU", "/who", "/users"]) {
    const answer = await yoda.succeed(line);
    assertEquals((answer.users as { user: string }[])[0]?.user, "luke", line);
  }
  for (const line of ["message", "/msg", "/w", "/message"]) {
    await yoda.succeed(`${line} luke by ${line}`);
    await luke.event("message", { kind: "private", text: `by ${line}` });
  }
  const first = await yoda.succeed("SRB luke leia");
  assertEquals([first.group, first.members], [
    "lukeleia",
    ["yoda", "luke", "leia"],
  ]);
  assertEquals((await yoda.succeed("SRB luke leia")).group, "lukeleia2");
  assert((await yoda.refused("SRB")).startsWith("usage: usage: /SRB"));
  assert((await yoda.refused("SRB vader")).startsWith("unknown_user"));
  assert((await yoda.refused("SRB yoda")).startsWith("no_other_user"));
  await luke.event("invited", { group: "lukeleia" });
  await luke.succeed("/join lukeleia");
  await yoda.succeed("SRM lukeleia hello there");
  await luke.event("message", { group: "lukeleia", text: "hello there" });
  const since = new Date(Date.now() - 60_000).toISOString();
  await yoda.succeed("BCM to all");
  await luke.event("message", { kind: "broadcast", text: "to all" });
  const texts = async (line: string) =>
    ((await luke.succeed(line)).messages as { text: string }[])
      .map(({ text }) => text);
  assertEquals(await texts(`RDM b ${since}`), ["to all"]);
  assertEquals(await texts(`RDM s ${since}`), ["hello there"]);
  const later = Math.ceil(Date.now() / 1000) + 60;
  assertEquals(await texts(`RDM b ${later}`), []);
  const seen = await luke.succeed("whoelsesince 60");
  assertEquals((seen.users as { user: string }[])[0]?.user, "yoda");
  await luke.succeed("/part lukeleia");
  await yoda.event("left", { user: "luke" });
  assert((await yoda.refused("SRM sith x")).startsWith("unknown_group"));
  const film = `${yoda.folder}/my film.mp4`;
  await Deno.writeTextFile(film, "a film");
  const sent = await yoda.succeed(`UPD luke "${film}"`);
  assertEquals([sent.command, sent.state], ["p2pvideo", "verified"]);
  const received = await Deno.readTextFile(`${luke.folder}/yoda_my film.mp4`);
  assertEquals(received, "a film");
  await yoda.succeed(`/send luke "${film}"`);
  await luke.send("OUT");
  await luke.event("goodbye");
  assertEquals((await luke.process.end()).code, 0);
});

testUnless(
  noTmux,
  "terminal: the prompt shows where lines without a slash go, and a chat what was said last",
  async () => {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    for (const n of [1, 2, 3, 4]) {
      await luke.succeed(`/msgto yoda number ${n}, said while you were away`);
    }
    await luke.succeed("/deletemsg 2");
    await using terminal = await TmuxTerminal.open({
      command: [
        ...clientCommand,
        "127.0.0.1",
        String(server.port),
        "--plain",
        "--user",
        "yoda",
      ],
      cwd: server.folder,
      // The status row shows its width by dashes where there is no colour.
      env: { PARLEY_PASSWORD: passwordOf("yoda"), NO_COLOR: "1" },
    });
    const prompt = (end: string) =>
      terminal.screen((text) =>
        text.split("\n").some((line) => line.trimEnd() === end)
      );
    await prompt("yoda>");
    await terminal.screen((text) =>
      text.includes("number 4, said") && text.includes("unread luke 3")
    );
    await terminal.type("C-l");
    await terminal.screen((text) => !text.includes("number 4"));
    // Typed ahead of the server's answer: it belongs to the chat all the same.
    await terminal.type("/chat lu", "Tab", "Enter", "plain", "Enter");
    await luke.event("message", { from: "yoda", text: "plain" });
    await prompt("yoda [luke] >");
    const clock = "\\d\\d:\\d\\d:\\d\\d";
    const said = (n: number) =>
      `${clock} @ luke: number ${n}, said while you were away\n`;
    // Where the words are stored before that answer, they stand above it, and
    // who has answered has read everything.
    const heading = "--- (the last with luke: 3 unread|earlier with luke) ---";
    const first = await terminal.screen((text) =>
      /\n-- yoda at \S+ -- chat luke[ -]*$/.test(text) &&
      text.includes("✓yoda to") && new RegExp(heading).test(text)
    );
    const recalled = `${heading}\n` + said(1) + said(3) + said(4);
    assert(new RegExp(recalled).test(first), first);
    assertEquals(first.split(": plain").length, 2, first);
    await terminal.type("plain words", "Enter");
    await luke.event("message", { from: "yoda", text: "plain words" });
    // What stands there is not shown again.
    await terminal.type("/chat", "Enter");
    await prompt("yoda>");
    await terminal.type("/chat luke", "Enter", "and more", "Enter");
    await luke.event("message", { from: "yoda", text: "and more" });
    const again = await terminal.screen((text) =>
      text.includes("✓yoda to luke: and more")
    );
    assertEquals(again.split("number 4, said").length, 2, again);
    for (
      const [columns, row] of [[40, "said while"], [
        100,
        "said while you were away",
      ]] as const
    ) {
      await terminal.resize(columns);
      // A terminal tells what runs in it only some time later.
      await terminal.screen((text) =>
        text.split("\n").at(-1)?.length === columns - 1
      );
      await terminal.type("C-l");
      await terminal.screen((text) => !text.includes("and more"));
      await terminal.type("/chat luke", "Enter");
      const wide = await terminal.screen((text) =>
        text.includes("yoda to luke: and more")
      );
      assert(wide.includes("\n--- the last with luke ---\n"), wide);
      assert(new RegExp(`number 4, ${row}\n`).test(wide), wide);
    }
    await terminal.resize(80);
    await luke.succeed("/creategroup Jedi yoda");
    await terminal.screen((text) => text.includes("luke invites you"));
    await terminal.type("/joingroup Jedi", "Enter");
    await luke.event("joined", { user: "yoda" });
    await terminal.type("/chat jedi", "Enter");
    await prompt("yoda [#Jedi] >");
    await luke.succeed("/removemember Jedi yoda");
    const screen = await prompt("yoda>");
    assert(screen.includes("luke removed you from group chat Jedi"), screen);
    assert(screen.includes("the chat is closed"), screen);
  },
);
