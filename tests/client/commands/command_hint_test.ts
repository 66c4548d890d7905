import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  commandHint,
  habits,
} from "../../../lib/client/commands/command_hint.ts";
import { findCommand } from "../../../lib/client/commands/table.ts";
import { help } from "../../../lib/client/commands/help.ts";
import { parseCommand } from "../../../lib/client/commands/parse.ts";

Deno.test("commands of other programs with the same arguments work", () => {
  const cases: [string, object][] = [
    ["/nick master", { command: "rename", to: "master" }],
    ["/whois leia", { command: "profile", user: "leia" }],
    ["/names jedi", { command: "members", group: "jedi" }],
    ["/ignore hans", { command: "block", user: "hans" }],
    ["/unignore hans", { command: "unblock", user: "hans" }],
    ["/upload luke a.mp4", { command: "p2pvideo", to: "luke", file: "a.mp4" }],
    ["/deletep2pmsg 6", { command: "deletemsg", number: 6 }],
  ];
  for (const [line, command] of cases) {
    assertEquals(parseCommand(line), { command } as never);
  }
});

Deno.test("a command of other programs names the one that does it here", () => {
  const cases: [string, string][] = [
    ["/list", "/list; did you mean /groups or /activeuser? /help all lists"],
    ["/kick", "/kick; did you mean /removemember GROUP USER? /help"],
    ["/INVITE leia", "/INVITE; did you mean /addmember GROUP USER? /help"],
    [
      "/clear",
      "/clear; Ctrl-L clears the screen; /help all lists all commands",
    ],
    ["/me waves", "/me; /chat USER|GROUP makes lines without a slash go"],
    ["/msgt", "/msgt; did you mean /msgto? /help all lists all commands"],
    ["/xyzzy", "Unknown command /xyzzy; /help all lists all commands"],
    ["/", "Unknown command /; /help all lists all commands"],
    [`/${"x".repeat(4096)}`, "; /help all lists all commands"],
  ];
  for (const [line, expected] of cases) {
    const parsed = parseCommand(line);
    assert("message" in parsed, line);
    assertEquals(parsed.problem, "unknown_command");
    assertStringIncludes(parsed.message, expected);
  }
  const topics: [string, string][] = [
    ["kick", "Unknown command /kick; did you mean /removemember GROUP USER?"],
    ["xyzzy", "Unknown command /xyzzy; /help all lists all commands"],
  ];
  for (const [topic, message] of topics) assertEquals(help(topic), { message });
});

Deno.test("habits: none is a command, each names one", () => {
  for (const [word, meant] of habits) {
    assertEquals(findCommand(word), undefined, word);
    if (typeof meant === "string") continue;
    for (const name of meant) assert(findCommand(name) !== undefined, name);
    assertStringIncludes(commandHint(`/${word}`) ?? "", `/${meant[0]}`);
  }
});
