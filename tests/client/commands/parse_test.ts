import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { parseCommand } from "../../../lib/client/commands/parse.ts";
import {
  type Command,
  commandTable,
} from "../../../lib/client/commands/table.ts";

function message(line: string): string {
  const parsed = parseCommand(line);
  assert("message" in parsed, `${line} was taken for a command`);
  return parsed.message;
}

Deno.test("parseCommand: reads every example of the table as its command", () => {
  for (const row of commandTable) {
    const parsed = parseCommand(row.example);
    assert("command" in parsed, row.example);
    assertEquals(parsed.command.command, row.name);
  }
});

Deno.test("parseCommand: takes the text as the rest of the line as typed", () => {
  assertEquals(parseCommand('/msgto leia  do "or"  do not '), {
    command: { command: "msgto", to: ["leia"], text: 'do "or"  do not ' },
  });
  assertEquals(parseCommand("  /groupmsg jedi //x"), {
    command: { command: "groupmsg", group: "jedi", text: "//x" },
  });
});

Deno.test("parseCommand: a text may be of several lines, none of which is a command", () => {
  assertEquals(parseCommand("/msgto leia a\n/logout\nb"), {
    command: { command: "msgto", to: ["leia"], text: "a\n/logout\nb" },
  });
  const chat = { kind: "user", name: "leia" } as const;
  for (const text of ["a\n/logout", "\n/logout", " \n /logout"]) {
    assertEquals(parseCommand(text, chat), {
      command: { command: "msgto", to: ["leia"], text },
    });
  }
  assertStringIncludes(message("/logout\nnow"), "/logout␊now");
});

Deno.test("parseCommand: tells a missing text from a blank one", () => {
  assertEquals(message("/msgto leia"), "usage: /msgto USER[,USER…] TEXT");
  assertEquals(
    message('/send luke "my films/ b.mp4'),
    'usage: /p2pvideo USER PATH…; the " before my films/ b.mp4 is not closed',
  );
  assertEquals(
    message('/send luke "a.mp4" " '),
    'usage: /p2pvideo USER PATH…; the " before the end is not closed',
  );
  assertEquals(
    message("/accept 1 only 'a.mp4"),
    "usage: /accept N [only PATTERN…]; the ' before a.mp4 is not closed",
  );
  assertEquals(message("/msgto leia "), "usage: /msgto USER[,USER…] TEXT");
  assertEquals(parseCommand("/msgto leia    "), {
    command: { command: "msgto", to: ["leia"], text: "   " },
  });
});

Deno.test("parseCommand: /setprofile clears a field with -, and shows it without a value", () => {
  const cases: [string, object][] = [
    ["/setprofile status", {}],
    ["/setprofile status  ", {}],
    ["/setprofile status -", { value: "" }],
    ['/setprofile status ""', { value: "" }],
    ["/setprofile status - meditating", { value: "- meditating" }],
    ['/setprofile status  do "or"  do not', { value: 'do "or"  do not' }],
  ];
  for (const [line, value] of cases) {
    assertEquals(parseCommand(line), {
      command: { command: "setprofile", field: "status", ...value },
    } as never);
  }
});

Deno.test("parseCommand: sends once to a receiver named twice and refuses empty names", () => {
  assertEquals(parseCommand("/msgto leia,luke,leia hi"), {
    command: { command: "msgto", to: ["leia", "luke"], text: "hi" },
  });
  assertStringIncludes(message("/msgto leia,,luke hi"), "usage: /msgto");
});

Deno.test("parseCommand: /msgto takes a count of receivers, and @ before a name", () => {
  const cases: [string, string[], string][] = [
    ["/msgto 2 luke leia do or  do not ", ["luke", "leia"], "do or  do not "],
    ["message 1  luke   hi", ["luke"], "hi"],
    ["/msgto 2 luke luke hi", ["luke"], "hi"],
    ["/msgto 2 luke leia   ", ["luke", "leia"], "  "],
    ["/msgto @2 luke leia", ["2"], "luke leia"],
    ["/msgto 2,luke hi", ["2", "luke"], "hi"],
    ["/msgto @luke,@2 hi", ["luke", "2"], "hi"],
  ];
  for (const [line, to, text] of cases) {
    assertEquals(parseCommand(line), {
      command: { command: "msgto", to, text },
    });
  }
  const faults: [string, string][] = [
    ["/msgto 2 luke leia", "after 2 come 2 users and the text"],
    ["/msgto 2 luke", "after 2 come 2 users and the text"],
    ["/msgto 1 hi", "after 1 come one user and the text"],
    ["/msgto 0 hi", "0 is not a number of users from 1 to 64"],
    ["/msgto 65 hi", "a user of that name is @65"],
    [`/msgto ${Array.from({ length: 65 }, (_, n) => `u${n}`)} x`, "65 users"],
    ["/msgto @ hi", "usage: /msgto USER[,USER…] TEXT"],
    ["/msgto 2 luke @ hi", "usage: /msgto USER[,USER…] TEXT"],
  ];
  for (const [line, expected] of faults) {
    assertStringIncludes(message(line), expected);
  }
});

Deno.test("parseCommand: @ may stand before every user, and # before every group", () => {
  const pairs = [
    ["/groupmsg #jedi #hi @luke", "/groupmsg jedi #hi @luke"],
    ["/creategroup #jedi @luke leia", "/creategroup jedi luke leia"],
    ["/join #jedi", "/joingroup jedi"],
    ["/leavegroup #jedi", "/leavegroup jedi"],
    ["/members #jedi", "/members jedi"],
    ["/topic #jedi #1", "/topic jedi #1"],
    ["/setgroup #jedi history on", "/setgroup jedi history on"],
    ["/promote #jedi @luke", "/promote jedi luke"],
    ["/deletegroupmsg #jedi 3", "/deletegroupmsg jedi 3"],
    ["/groupvideo #jedi #1.mp4", "/groupvideo jedi #1.mp4"],
    ["/send @luke @home.mp4", "/send luke @home.mp4"],
    ["/send @luke@laptop a.mp4", "/send luke@laptop a.mp4"],
    ["/block @luke", "/block luke"],
    ["/unblock @luke", "/unblock luke"],
    ["/profile @luke", "/profile luke"],
    ["/verify @luke ok", "/verify luke ok"],
    ["/receive @luke", "/receive luke"],
    ["/startprivate @luke", "/startprivate luke"],
    ["/private @luke @hi", "/private luke @hi"],
    ["/stopprivate @luke", "/stopprivate luke"],
  ] as const;
  for (const [line, same] of pairs) {
    assertEquals(parseCommand(line), parseCommand(same), line);
    assert("command" in parseCommand(line), line);
  }
});

Deno.test("parseCommand: quoted arguments may hold blanks and quotation marks", () => {
  const cases: [string, string][] = [
    ['/p2pvideo luke "my film.mp4"', "my film.mp4"],
    ['/p2pvideo luke "a \\"b\\" \\\\ c"', 'a "b" \\ c'],
    ['/p2pvideo luke "C:\\films\\one two.mp4"', "C:\\films\\one two.mp4"],
    ["/p2pvideo luke C:\\films\\one.mp4", "C:\\films\\one.mp4"],
    // What terminals write when a file is dropped on them.
    ["/p2pvideo luke '/full/my film.mp4'", "/full/my film.mp4"],
    ["/p2pvideo luke '/full/my film.mp4' ", "/full/my film.mp4"],
    ["/p2pvideo luke /full/my\\ film.mp4", "/full/my film.mp4"],
    ["/p2pvideo luke /full/my film.mp4", "/full/my film.mp4"],
    ["/p2pvideo luke /full/my film.mp4  ", "/full/my film.mp4"],
    ["/p2pvideo luke '/full/it'\\''s my film.mp4'", "/full/it's my film.mp4"],
    ["/p2pvideo luke /full/it\\'s\\ \\(1\\).mp4", "/full/it's (1).mp4"],
    ["/p2pvideo luke ~/my  film.mp4", "~/my  film.mp4"],
    ["/p2pvideo luke it's.mp4", "it's.mp4"],
    ["/p2pvideo luke '70s.mp4", "'70s.mp4"],
    ["/p2pvideo luke my\\ film.mp4", "my film.mp4"],
    ["/p2pvideo luke /full/a\\b.mp4", "/full/a\\b.mp4"],
    ["/p2pvideo luke C:\\my films\\(1) two.mp4", "C:\\my films\\(1) two.mp4"],
    ["/p2pvideo luke C:\\films\\ old\\a.mp4", "C:\\films\\ old\\a.mp4"],
    ["/p2pvideo luke \\\\nas\\my films\\a.mp4", "\\\\nas\\my films\\a.mp4"],
  ];
  for (const [line, file] of cases) {
    for (const name of ["/p2pvideo", "/send", "UPD"]) {
      const typed = line.replace("/p2pvideo", name);
      assertEquals(withoutParts(parseCommand(typed)), {
        command: { command: "p2pvideo", to: "luke", file },
      }, typed);
    }
    assertEquals(
      withoutParts(
        parseCommand(line.replace("p2pvideo luke", "groupvideo jedi")),
      ),
      {
        command: { command: "groupvideo", group: "jedi", file },
      },
    );
  }
  for (const open of ["'a", '"a', '"a" "b']) {
    const parsed = parseCommand(`/p2pvideo luke ${open}`);
    assertEquals("problem" in parsed, open !== "'a", open);
  }
});

/** The same without what a path with blanks could be besides. */
function withoutParts(parsed: ReturnType<typeof parseCommand>) {
  if (!("command" in parsed) || !("files" in parsed.command)) return parsed;
  const { files: _, ...command } = parsed.command;
  return { command };
}

Deno.test("parseCommand: several paths, each perhaps quoted, or one with blanks", () => {
  const cases: [string, object][] = [
    ["a.mp4 b.mp4", { file: "a.mp4 b.mp4", files: ["a.mp4", "b.mp4"] }],
    ["'a b' c", { file: "", files: ["a b", "c"] }],
    ['"a" b\\ c', { file: "", files: ["a", "b c"] }],
    ["--links trip", { file: "trip", files: ["trip"], links: true }],
    ["--links", { file: "--links" }],
    ["a b --when-back", { file: "a b", files: ["a", "b"], whenBack: true }],
    ["'a b' --when-back", { file: "a b", files: ["a b"], whenBack: true }],
    ["--when-back --links trip", {
      ...{ file: "trip", files: ["trip"], whenBack: true, links: true },
    }],
    ["--when-back", { file: "--when-back" }],
    ["trip/", { file: "trip/" }],
  ];
  for (const [typed, expected] of cases) {
    assertEquals(parseCommand(`/send luke ${typed}`), {
      command: { command: "p2pvideo", to: "luke", ...expected },
    } as unknown);
  }
});

Deno.test("parseCommand: what is piped in has a name, and goes to one user", () => {
  assertEquals(parseCommand("/send luke - --name 'a b'"), {
    command: { command: "p2pvideo", to: "luke", file: "-", input: "a b" },
  });
  const needsName =
    "/p2pvideo USER PATH…; - is what is piped in; it needs a name: - --name backup.tar";
  for (const rest of ["-", "- --name", "- x", "- --name a b"]) {
    assertStringIncludes(message(`/send luke ${rest}`), "usage: ");
  }
  assertStringIncludes(message("/send luke -"), needsName);
  for (const name of ["../a", "a\\\\b"]) {
    const text = message(`/send luke - --name ${name}`);
    assertStringIncludes(text, "is a path; give a name alone");
  }
  const toGroup = message("/groupvideo jedi - --name a");
  assertStringIncludes(toGroup, "what is piped in goes to one user");
  // A file of that name, and folders beside it.
  assertEquals(parseCommand("/send luke ./-"), {
    command: { command: "p2pvideo", to: "luke", file: "./-" },
  });
});

Deno.test("parseCommand: wrong argument counts and kinds give the usage", () => {
  for (
    const line of [
      "/msgto",
      "/activeuser now",
      "/creategroup",
      "/createbroadcast",
      "/leavegroup",
      "/leavegroup a b",
      "/addmember a",
      "/addmember a b c",
      "/removemember",
      "/removemember a",
      "/promote a",
      "/promote a b c",
      "/joingroup",
      "/joingroup a b",
      "/groupmsg",
      "/groupmsg jedi",
      "/groups all",
      "/block",
      "/block a b",
      "/unblock",
      "/blocked a",
      "/profile a b",
      "/setprofile",
      "/changepassword x",
      "/rename",
      "/rename a b",
      "/members",
      "/members a b",
      "/broadcast",
      "/broadcast ",
      "/whoelsesince",
      "/whoelsesince ten",
      "/whoelsesince 1.5",
      "/whoelsesince -1",
      "/whoelsesince 1 2",
      "/history luke 0",
      "/history luke 501",
      "/history luke ten",
      "/history luke 5 6",
      "/history luke 5 before",
      "/history luke 5 before x",
      "/history luke 5 before 6 7",
      "/deletemsg",
      "/deletemsg 0",
      "/deletemsg x",
      "/deletemsg 1 2",
      "/deletegroupmsg",
      "/deletegroupmsg jedi",
      "/deletegroupmsg jedi x",
      "/deletegroupmsg jedi 1 2",
      "/p2pvideo luke",
      "/p2pvideo luke@ a.mp4",
      "/p2pvideo luke@lap@top a.mp4",
      "/startprivate luke@",
      "/private luke",
      "/transfers --every",
      '/p2pvideo luke "open',
      '/p2pvideo luke ""',
      "/accept",
      "/accept 1 --to",
      "/accept 1 --to -",
      "/accept 1 --to films only",
      "/accept 0",
      "/accept one",
      "/accept 1 2",
      "/reject",
      "/cancel -1",
      "/transfers 1",
      "/help a b",
      "/logout now",
      "/quit now",
    ]
  ) assertStringIncludes(message(line), "usage: /");
});

Deno.test("parseCommand: who a file or a private session is for", () => {
  const command = "p2pvideo";
  const file = "a.mp4";
  const peers = [
    ["luke@laptop", { to: "luke", device: "laptop" }],
    ['"luke@the laptop"', { to: "luke", device: "the laptop" }],
    ["me", { to: "me" }],
    ["me@desktop", { to: "me", device: "desktop" }],
  ] as const;
  for (const [typed, peer] of peers) {
    const parsed = parseCommand(`/p2pvideo ${typed} ${file}`);
    assertEquals(parsed, { command: { command, ...peer, file } });
  }
  assertEquals(parseCommand("/startprivate me@desktop"), {
    command: { command: "startprivate", user: "me", device: "desktop" },
  });
  assertStringIncludes(
    message("/startprivate luke@"),
    '"luke@" must be a user, or one of a user\'s devices, as luke@laptop',
  );
  for (const all of [true, false]) {
    assertEquals(parseCommand(all ? "/transfers --all" : "/transfers"), {
      command: { command: "transfers", all },
    });
  }
});

Deno.test("parseCommand: says what is no number", () => {
  assertEquals(
    message("/whoelsesince ten"),
    'usage: /whoelsesince SECONDS; "ten" is not a whole number',
  );
  assertStringIncludes(message("/history luke x"), '"x" is not a count from 1');
  assertStringIncludes(message("/deletemsg x"), '"x" is no message number');
});

Deno.test("parseCommand: /last takes a count", () => {
  assertEquals(parseCommand("/last"), {
    command: { command: "last", count: 1 },
  });
  assertEquals(parseCommand("/last 3"), {
    command: { command: "last", count: 3 },
  });
  for (const count of ["0", "501", "luke", "1 2"]) {
    assertStringIncludes(message(`/last ${count}`), "usage: /last [COUNT]");
  }
});

Deno.test("parseCommand: /history takes name, count and place, all optional", () => {
  const cases: [string, object][] = [
    ["/history", {}],
    ["/history 50", { count: 50 }],
    ["/history luke", { name: "luke" }],
    ["/history luke 50", { name: "luke", count: 50 }],
    ["/history luke before 7", { name: "luke", before: 7 }],
    ["/history 50 before 7", { count: 50, before: 7 }],
    ["/history before 7", { before: 7 }],
    ["/history @2026 5 before 7", { name: "@2026", count: 5, before: 7 }],
    ["/history #before 5", { name: "#before", count: 5 }],
    ["/history before", { name: "before" }],
    ["/history more", { more: true }],
    ["/history @more", { name: "@more" }],
  ];
  for (const [line, fields] of cases) {
    assertEquals(parseCommand(line), {
      command: { command: "history", ...fields },
    } as never);
  }
});

Deno.test("parseCommand: a group without users is left to the server to refuse", () => {
  assertEquals(parseCommand("/creategroup jedi"), {
    command: { command: "creategroup", group: "jedi", users: [] },
  });
});

Deno.test("parseCommand: knows aliases and ignores the case of commands", () => {
  for (const line of ["/quit", "/exit", "/LOGOUT"]) {
    assertEquals(parseCommand(line), { command: { command: "logout" } });
  }
});

Deno.test("parseCommand: an unknown command suggests the nearest one", () => {
  assertStringIncludes(message("/msgt leia hi"), "did you mean /msgto?");
  assertStringIncludes(message("/msgt leia hi"), "Unknown command /msgt;");
  assertStringIncludes(message("/"), "Unknown command /");
});

Deno.test("parseCommand: a line without slash says how commands look", () => {
  assertStringIncludes(message("hello there"), "Commands start with a slash");
  assertStringIncludes(message("groups"), "did you mean /groups?");
  assertStringIncludes(message("hello there"), "/chat USER makes lines");
  // Somebody has just written.
  const answer = parseCommand("hello there", undefined, "#jedi");
  assert("problem" in answer);
  assertStringIncludes(answer.message, "/chat #jedi makes lines");
});

Deno.test("parseCommand: no line throws", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...commandTable), (s, r) => {
      parseCommand(s);
      parseCommand(`/${r.name} ${s}`);
    }),
  );
});

Deno.test("/search takes words and, at the end, a chat; quotes keep both apart", () => {
  for (
    const [line, given] of [
      ["/search death star", { words: "death star" }],
      ["/search plans @leia", { words: "plans", name: "@leia" }],
      ['/search "do or" do #jedi before 12', {
        ...{ words: '"do or" do', name: "#jedi", before: 12 },
      }],
      ['/search "@leia"', { words: '"@leia"' }],
      ["/search @leia", { words: "@leia" }],
      ["/search more", { more: true }],
      ['/search "more"', { words: '"more"' }],
    ] as const
  ) {
    assertEquals(parseCommand(line), {
      command: { command: "search", ...given } as Command,
    }, line);
  }
  for (const line of ["/search", "/search  ", "/search x before 0"]) {
    assert("problem" in parseCommand(line), line);
  }
});

Deno.test("parseCommand: what is accepted can go into a folder", () => {
  const accepted = (line: string) => {
    const parsed = parseCommand(line, undefined);
    return "command" in parsed ? parsed.command : parsed;
  };
  for (const rest of ["--to", "--to -", "only a --to"]) {
    assertStringIncludes(message(`/accept 3 ${rest}`), "--to takes a folder");
  }
  assertEquals(accepted('/accept 3 --to "my films"'), {
    command: "accept",
    transfer: 3,
    into: "my films",
  });
  for (const rest of ["--to films only *.mp4 a", "only *.mp4 a --to films"]) {
    assertEquals(accepted(`/accept 3 ${rest}`), {
      command: "accept",
      transfer: 3,
      into: "films",
      only: ["*.mp4", "a"],
    });
  }
});

Deno.test("parseCommand: a word that is no option says which one may be meant", () => {
  const cases = [
    ["/accept 1 onyl *.mp4", "only"],
    ["/accept 1 --too films", "--to"],
    ["/accept 1 --to films onyl *.mp4", "only"],
    ["/receive luke --ot films", "--to"],
    ["/receive luke --too", "--to"],
    ["/transfers --al", "--all"],
    ["/call luke --voic", "--voice"],
    ["/call answer 1 --voise", "--voice"],
    ["/verify luke okk", "ok"],
  ] as const;
  for (const [line, meant] of cases) {
    const text = message(line);
    assertMatch(text, /^usage: /);
    assert(text.endsWith(`; did you mean ${meant}?`), `${line}: ${text}`);
  }
  for (
    const line of [
      ...[
        "/accept 1 --to",
        "/accept 1 2",
        "/accept 1 only",
        "/receive luke --to",
      ],
      ...[
        "/transfers 1",
        "/call luke --voice --voice x",
        "/receive luke films",
      ],
    ]
  ) assert(!message(line).includes("did you mean"), line);
});
