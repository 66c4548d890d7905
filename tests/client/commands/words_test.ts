import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Command,
  commandTable,
} from "../../../lib/client/commands/table.ts";
import { help } from "../../../lib/client/commands/help.ts";
import { parseCommand } from "../../../lib/client/commands/parse.ts";

/** Words of older protocols, each with what it stands for. */
const words: readonly (readonly [line: string, command: Command])[] = [
  ["ATU", { command: "activeuser" }],
  ["whoelse", { command: "activeuser" }],
  ["SRB luke leia luke", { command: "srb", users: ["luke", "leia"] }],
  ["SRM jedi  hello all", {
    command: "groupmsg",
    group: "jedi",
    text: "hello all",
  }],
  ['UPD luke "my film.mp4"', {
    command: "p2pvideo",
    to: "luke",
    file: "my film.mp4",
  }],
  ["BCM hello  all", { command: "broadcast", text: "hello  all" }],
  ["broadcast hello", { command: "broadcast", text: "hello" }],
  ["whoelsesince 60", { command: "whoelsesince", seconds: 60 }],
  ["RDM b 1780349944", {
    command: "rdm",
    kind: "broadcast",
    since: 1_780_349_944_000,
  }],
  ["RDM s 01 Jun 2026 21:39:04 before 12", {
    command: "rdm",
    kind: "group",
    since: new Date(2026, 5, 1, 21, 39, 4).getTime(),
    before: 12,
  }],
  ["OUT", { command: "logout" }],
  ["logout", { command: "logout" }],
  ["message leia do or do not", {
    command: "msgto",
    to: ["leia"],
    text: "do or do not",
  }],
];

function problem(line: string): string {
  const parsed = parseCommand(line);
  assert("message" in parsed, `${line} was taken for a command`);
  return parsed.message;
}

Deno.test("parseCommand: the words of older protocols work with and without slash", () => {
  for (const [line, command] of words) {
    assertEquals(parseCommand(line), { command });
    assertEquals(parseCommand(`/${line}`), { command });
    const [word = ""] = line.split(" ");
    const lower = `/${word.toLowerCase()}${line.slice(word.length)}`;
    assertEquals(parseCommand(lower), { command });
  }
});

Deno.test("parseCommand: a word without slash is one only as written, and in front", () => {
  for (
    const line of ["out", "Out", "atu", "MESSAGE leia x", "well OUT", "OUT!"]
  ) {
    assertStringIncludes(problem(line), "Commands start with a slash");
  }
  for (
    const line of [
      "ATU x",
      "SRB",
      "SRM jedi",
      "UPD luke",
      "OUT now",
      "message leia",
      "BCM",
      "RDM",
      "RDM b",
      "RDM x 1780349944",
      "RDM b yesterday",
      "RDM b 1780349944 before noon",
      "whoelsesince soon",
    ]
  ) {
    assertStringIncludes(problem(line), "usage: /");
  }
});

Deno.test("parseCommand: aliases of other programs need their slash", () => {
  const cases: readonly (readonly [string, Command])[] = [
    ["msg leia hi", { command: "msgto", to: ["leia"], text: "hi" }],
    ["w leia hi", { command: "msgto", to: ["leia"], text: "hi" }],
    ["who", { command: "activeuser" }],
    ["users", { command: "activeuser" }],
    ["join jedi", { command: "joingroup", group: "jedi" }],
    ["part jedi", { command: "leavegroup", group: "jedi" }],
    ["send luke a.mp4", { command: "p2pvideo", to: "luke", file: "a.mp4" }],
  ];
  for (const [line, command] of cases) {
    assertEquals(parseCommand(`/${line}`), { command });
    problem(line);
  }
});

Deno.test("parseCommand: with a chat open every line without a slash is text", () => {
  const luke = { kind: "user", name: "luke" } as const;
  const jedi = { kind: "group", name: "jedi" } as const;
  for (
    const text of ["hello", "OUT", "SRM jedi x", "logout", "  two  blanks "]
  ) {
    assertEquals(parseCommand(text, luke), {
      command: { command: "msgto", to: ["luke"], text },
    });
    assertEquals(parseCommand(text, jedi), {
      command: { command: "groupmsg", group: "jedi", text },
    });
  }
  assertEquals(parseCommand("//etc/passwd is a file", luke), {
    command: { command: "msgto", to: ["luke"], text: "/etc/passwd is a file" },
  });
  assertEquals(parseCommand("/OUT", luke), { command: { command: "logout" } });
  assertEquals(parseCommand("/chat", luke), { command: { command: "chat" } });
  const unknown = parseCommand("/nonsense", luke);
  assert("problem" in unknown && unknown.problem === "unknown_command");
});

Deno.test("parseCommand: without a chat a line says how to open one", () => {
  assertStringIncludes(problem("hello there"), "/chat USER");
  assertStringIncludes(problem("//hello"), "No chat is open");
});

Deno.test("every name, alias and word of the table is of one command", () => {
  const seen = new Map<string, string>();
  for (const row of commandTable) {
    const names = [row.name, ...row.aliases, ...row.words ?? []];
    for (const name of new Set(names.map((each) => each.toLowerCase()))) {
      assertEquals(seen.get(name), undefined, name);
      seen.set(name, row.name);
    }
  }
});

Deno.test("help tells the words and aliases of a command", () => {
  const answer = help("SRM");
  assert("entries" in answer);
  assertEquals(answer.entries[0]?.usage, "/groupmsg GROUP TEXT");
  assertEquals(answer.entries[0]?.words, ["SRM"]);
  const msgto = help("w");
  assert("entries" in msgto);
  assertEquals(msgto.entries[0]?.aliases, ["/msg", "/w"]);
});
