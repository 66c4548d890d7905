import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { writeRandomFile } from "../support/random_file.ts";
import type { TestClient } from "../support/test_client.ts";
import type { TestServer } from "../support/test_server.ts";
import { noTmux, TmuxTerminal } from "../support/tmux_terminal.ts";
import { testUnless } from "../support/test_unless.ts";

/** A terminal in which yoda's client runs. */
function openClient(
  server: TestServer,
  folder: string,
  options: {
    readonly columns?: number;
    /** `TERM`; what tmux says by default. */
    readonly term?: string;
  } = {},
): Promise<TmuxTerminal> {
  const { columns = 80, term } = options;
  const launcher = term === undefined ? [] : ["env", `TERM=${term}`];
  return TmuxTerminal.open({
    command: [...launcher, ...commandOf(server)],
    cwd: folder,
    env: {
      XDG_CONFIG_HOME: join(folder, ".config"),
      XDG_STATE_HOME: join(folder, ".state"),
      HOME: folder,
      // With colour, whatever whoever runs the tests prefers.
      NO_COLOR: "",
    },
    columns,
  });
}

function commandOf(server: TestServer): string[] {
  return [...clientCommand, "127.0.0.1", String(server.port), "--plain"];
}

async function enter(terminal: TmuxTerminal, name: string): Promise<void> {
  await terminal.screen((text) => inputLine(text) === "Username:");
  await terminal.type(name, "Enter");
  await terminal.screen((text) => inputLine(text) === "Password:");
  await terminal.type(passwordOf(name), "Enter");
  await terminal.screen((text) => inputLine(text) === `${name}>`);
}

/** Where somebody types: the line above the status row and the hints. */
function inputLine(screen: string): string {
  const lines = screen.split("\n");
  const status = lines.findLastIndex((line) => line.startsWith("-- "));
  if (status < 0) return "";
  const hints = /^\[|\d+\/\d+$/.test(lines[status - 1] ?? "") ? 1 : 0;
  return (lines[status - 1 - hints] ?? "").trimEnd();
}

/** Waits until that is what stands in the line being typed. */
function typed(terminal: TmuxTerminal, line: string): Promise<string> {
  return terminal.screen((text) => inputLine(text) === line);
}

testUnless(
  noTmux,
  "terminal: the password is not shown; a wrong one is asked again",
  async () => {
    await using server = await startServer();
    await using terminal = await openClient(server, server.folder);
    await typed(terminal, "Username:");
    await terminal.type("yoda", "Enter");
    await typed(terminal, "Password:");
    await terminal.type("secret", "Enter");
    const screen = await terminal.screen((text) =>
      text.includes("Please try again") && inputLine(text) === "Username:"
    );
    assert(!screen.includes("secret"));
    await enter(terminal, "yoda");
    const welcome = await terminal.screen((text) => text.includes("Welcome"));
    assert(!welcome.includes(passwordOf("yoda")), welcome);
    assert(welcome.includes("Welcome to Parley, yoda!"), welcome);
    await terminal.screen((text) =>
      text.includes(" - nobody else is online; no messages waited\n")
    );
    assert(/\n-- yoda at 127\.0\.0\.1:\d+$/.test(welcome), welcome);
  },
);

testUnless(
  noTmux,
  "terminal: a hundred messages a second never garble the line being typed",
  async () => {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    await using terminal = await openClient(server, server.folder);
    await enter(terminal, "yoda");
    await terminal.screen((text) =>
      /^\S+ - online: luke; no messages waited$/m.test(text)
    );
    const flood = sendSteadily(luke, 200);
    const text = "ein schöner Tag 日本 👨‍👩‍👧 e\u0301!";
    await terminal.type("/msgto luke ");
    for (const part of text.match(/.{1,4}/gu) ?? []) await terminal.type(part);
    await flood;
    const screen = await terminal.screen((text) =>
      text.includes("luke: text 199") && inputLine(text).endsWith("!")
    );
    assertEquals(
      inputLine(screen).normalize("NFC").replaceAll("\u200d", ""),
      `yoda> /msgto luke ${text}`.normalize("NFC").replaceAll("\u200d", ""),
    );
    // All that has scrolled by is whole lines, in order, each of them once.
    const lines = (await terminal.everything()).split("\n")
      .filter((line) => /: text \d/.test(line));
    assertEquals(
      lines.map((line) => line.replace(/^[\d:]{8} /, "")),
      Array.from({ length: 200 }, (_, number) => `@ luke: text ${number}`),
    );
    // None of them stood there long enough to be read.
    assert(/-- unread luke \d+$/.test(screen), screen);
    await terminal.type("Enter");
    const got = await luke.event("message", { from: "yoda" });
    assertEquals(got.text, text);
    // A line that goes nowhere was perhaps meant for who wrote last.
    await terminal.type("hello", "Enter");
    await terminal.screen((text) =>
      text.includes("! Commands start with a slash; /chat luke makes lines")
    );
  },
);

/** Sends `count` messages to yoda, a hundred a second. */
async function sendSteadily(client: TestClient, count: number): Promise<void> {
  const start = performance.now();
  for (let number = 0; number < count; number++) {
    await client.send(`/msgto yoda text ${number}`);
    const wait = start + number * 10 - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

testUnless(
  noTmux,
  "terminal: narrow and wide again, editing, history of two runs, clean end",
  async () => {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    await using terminal = await openClient(server, server.folder);
    await enter(terminal, "yoda");
    await terminal.type("/msgto luke a line to be edited");
    // As wide as the terminal finds it, it is one row.
    await terminal.type("C-c", "ทำกำ คำ ".repeat(12), "Left", "Left", "Left");
    const thai = await terminal.screen((text) => /คำ.*\n-- yoda/.test(text));
    assertEquals(thai.split("\n").filter((row) => /ทำ/.test(row)).length, 1);
    await terminal.type("C-c", "C-y", "C-c", "/msgto luke a line to be edited");
    await terminal.resize(40);
    await luke.succeed("/msgto yoda this is said while it is quite narrow");
    const narrow = await terminal.screen((text) => text.includes("narrow"));
    // Wrapped between words, under the text.
    assert(
      /@ luke: this is said while it\n {11}is quite narrow\n/.test(narrow),
      narrow,
    );
    await terminal.resize(80);
    await luke.succeed("/msgto yoda while it is wide");
    await terminal.screen((text) =>
      text.includes("while it is wide") &&
      inputLine(text) === "yoda> /msgto luke a line to be edited"
    );
    // Away with the last word, another one in its place.
    await terminal.type("C-w", "changed", "Enter");
    const first = await luke.event("message", { from: "yoda" });
    assertEquals(first.text, "a line to be changed");
    await terminal.type("Up", " again", "Enter");
    await luke.event("message", { text: "a line to be changed again" });
    await terminal.type("/private luke hush", "Enter", "C-u", "C-c");
    const end = await terminal.screen((text) => text.endsWith("$"));
    assert(end.includes("Bye, yoda!"), end);
    await luke.event("presence", { user: "yoda", online: false });
    // The terminal is as it was: what is typed is seen.
    await terminal.type("echo visible", "Enter");
    await terminal.screen((text) => text.includes("$ echo visible\nvisible"));
    // The next run knows the lines of this one; but nothing said in private.
    const command = [...commandOf(server), "--user", "yoda"].join(" ");
    await terminal.type("clear", "Enter", command, "Enter");
    await typed(terminal, "Password of yoda:");
    await terminal.type("C-c");
    await terminal.screen((text) => text.endsWith("$"));
    await terminal.type("echo code $?", "Enter");
    await terminal.screen((text) => text.includes("\ncode 130"));
    await terminal.type("clear", "Enter", command, "Enter");
    await typed(terminal, "Password of yoda:");
    await terminal.type(passwordOf("yoda"), "Enter");
    await typed(terminal, "yoda>");
    await terminal.type("Up");
    await typed(terminal, "yoda> /msgto luke a line to be changed again");
    await terminal.type("C-u", "C-r", "edi");
    await typed(terminal, "not found: edi_ >");
    const from = luke.process.out.length;
    await terminal.type("C-g", "C-r", "changed", "C-r", "Enter");
    await luke.event("message", { text: "a line to be changed" }, { from });
  },
);

testUnless(
  noTmux,
  "terminal: pasted lines are sent after a question, in a chat as one message; a path with blanks is completed",
  async () => {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    const folder = join(server.folder, "my films");
    await Deno.mkdir(folder);
    for (const name of ["a new hope.mp4", "a new day.mp4", "other.txt"]) {
      await Deno.writeTextFile(join(folder, name), name);
    }
    await using terminal = await openClient(server, server.folder);
    await enter(terminal, "yoda");
    const pasted = Array.from({ length: 7 }, (_, n) => `/msgto luke line ${n}`);
    await terminal.paste(`${pasted.join("\n")}\n`);
    await terminal.screen((text) => text.includes("send 7 lines? (y/n)"));
    await terminal.type("n", "x");
    await typed(terminal, "yoda> x");
    await terminal.type("BSpace");
    await terminal.paste(`${pasted.join("\n")}\n`);
    await terminal.screen((text) => text.includes("send 7 lines? (y/n)"));
    await terminal.type("y");
    await luke.event("message", { text: "line 6" });
    const texts = luke.events().filter(({ event }) => event === "message")
      .map(({ text }) => text);
    assertEquals(
      texts,
      pasted.map((line) => line.slice("/msgto luke ".length)),
    );
    await terminal.type("/chat luke", "Enter");
    await typed(terminal, "yoda [luke] >");
    const lines = "to leave type\n/logout\nor close the window";
    await terminal.paste(`${lines}\n`);
    await terminal.screen((text) =>
      text.includes("send 3 lines to luke as one message? [Y/n]")
    );
    await terminal.type("Enter");
    await luke.event("message", { text: lines });
    await terminal.type("one", "\x1b\r", "/logout", "Enter");
    await luke.event("message", { text: "one\n/logout" });
    await terminal.screen((text) =>
      /\n\S+ @✓yoda to luke: one\n {15}\/logout\n/.test(text)
    );
    // A paste without an end: Ctrl-C gives the keyboard back, and then a line.
    // Read in one go with other keys it is part of the paste: typed again then.
    let line = "";
    for (let tries = 0; line !== "yoda [luke] > kept"; tries++) {
      assert(tries < 5, line);
      await terminal.type("\x1b[200~lost", "C-c", "kept");
      line = inputLine(
        await terminal.screen((text) => inputLine(text).endsWith("kept")),
      );
      await terminal.type("C-c");
      await typed(terminal, "yoda [luke] >");
    }
    // Or it is waited for in vain.
    await terminal.type("\x1b[200~late");
    await typed(terminal, "yoda [luke] > late");
    await terminal.type("C-u", "/chat", "Enter");
    await typed(terminal, "yoda>");
    await terminal.type("/p2pvideo luke ~/my", "Tab");
    await typed(terminal, "yoda> /p2pvideo luke ~/my\\ films/");
    await terminal.type("a", "Tab");
    const screen = await typed(
      terminal,
      'yoda> /p2pvideo luke "~/my films/a new day.mp4"',
    );
    assert(screen.includes("[a new day.mp4] a new hope.mp4  1/2"), screen);
    await terminal.type("Tab");
    await typed(terminal, 'yoda> /p2pvideo luke "~/my films/a new hope.mp4"');
    await terminal.type("Enter");
    const offered = await luke.event("transfer", { state: "verified" });
    assertEquals(offered.name, "a new hope.mp4");
  },
);

testUnless(
  noTmux,
  "terminal: suspended and back, ended from outside, the terminal is given back",
  async () => {
    await using server = await startServer();
    await using terminal = await openClient(server, server.folder);
    await enter(terminal, "yoda");
    await terminal.type("half a", "C-z");
    const stopped = await terminal.screen((text) => /Stopped/.test(text));
    assert(!stopped.includes("half a"), stopped);
    await terminal.type("echo vis''ible", "Enter");
    await terminal.screen((text) => text.includes("\nvisible"));
    await terminal.type("clear; fg", "Enter");
    await typed(terminal, "yoda> half a");
    await terminal.type(" line", "Left");
    await typed(terminal, "yoda> half a line");
    await terminal.type("C-z");
    await terminal.screen((text) => /Stopped/.test(text));
    // Whoever ends it from outside finds the terminal as it was.
    const job = join(server.folder, "job");
    await terminal.type(`jobs -p > ${job}; clear; fg`, "Enter");
    await typed(terminal, "yoda> half a line");
    Deno.kill(Number(await Deno.readTextFile(job)), "SIGTERM");
    const words = "\n- not sent, kept for the next run (↑): half a line\n";
    await terminal.screen((text) => text.includes(words) && text.endsWith("$"));
    const history = join(server.folder, ".state/parley/history");
    const path = join(history, `127.0.0.1_${server.port}`);
    assertEquals(await Deno.readTextFile(path), "half a line\n");
    await terminal.type("stty -a | grep -o ' icanon\\| echo '", "Enter");
    await terminal.screen((text) => / icanon\n echo\s*\n/.test(text));
  },
);

testUnless(
  noTmux,
  "terminal: what is typed without a connection waits in sight; Enter tries it at once",
  async () => {
    await using server = await startServer();
    await using terminal = await openClient(server, server.folder);
    await enter(terminal, "yoda");
    await server.stop();
    await terminal.screen((text) =>
      /\n-- offline, again in \d+ s \(Enter: now\) -- yoda at [^\n]*$/.test(
        text,
      )
    );
    await typed(terminal, "yoda (offline)>");
    await terminal.type("/msgto luke hello", "Enter", "/members jedi", "Enter");
    await terminal.screen((text) =>
      /\n\S+ @…yoda to luke: hello\n\S+ -…\/members jedi\nyoda/.test(text) &&
      / s \(Enter: now\); 2 lines wait -- yoda/.test(text)
    );
    await terminal.type("half");
    await typed(terminal, "yoda (offline)> half");
    await server.startAgain();
    await terminal.type("C-u", "Enter");
    const back = await terminal.screen((text) =>
      text.includes("@✓yoda to luke: hello") &&
      text.includes("yoda (offline)> /members jedi") &&
      text.includes("! The group chat does not exist")
    );
    assert(/\n\S+ - kept for luke, who is offline\n/.test(back), back);
    assert(!back.includes("…"), back);
    assert(/\n-- yoda at \S+$/.test(back), back);
  },
);

testUnless(
  noTmux,
  "terminal: a crash gives the terminal back and says in one line why",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "parley-crash-" });
    const program = fromFileUrl(
      new URL("../support/crashing_terminal.ts", import.meta.url),
    );
    try {
      const run = ["run", "--quiet", "--frozen", "--no-check", "-A"];
      await using terminal = await TmuxTerminal.open({
        command: [Deno.execPath(), ...run, program],
        cwd: folder,
        env: { XDG_STATE_HOME: folder },
      });
      await typed(terminal, "yoda>");
      await terminal.type("ein Bär", "Enter");
      const screen = await terminal.screen((text) => text.endsWith("$"));
      const words = 'Parley failed: nobody expected "ein Bär"\n$';
      assert(screen.endsWith(words), screen);
      assert(!screen.includes("-- yoda"), screen);
      await terminal.type("stty -a | grep -o ' icanon\\| echo '", "Enter");
      await terminal.screen((text) => / icanon\n echo\s*\n/.test(text));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

testUnless(
  noTmux,
  "terminal: the plain mode never redraws and hides passwords all the same",
  async () => {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    await using terminal = await openClient(server, server.folder, {
      term: "dumb",
    });
    const recorded = join(server.folder, "recorded");
    await terminal.screen((text) => text.endsWith("Username:"));
    await terminal.record(recorded);
    await terminal.type("yoda", "Enter");
    await terminal.screen((text) => text.endsWith("Password:"));
    await terminal.type(passwordOf("yoda"), "Enter");
    await terminal.screen((text) => text.includes("Welcome to Parley, yoda!"));
    await terminal.screen((text) =>
      /^online: luke; no messages waited$/m.test(text)
    );
    await luke.succeed("/msgto yoda hello yoda");
    await terminal.screen((text) => text.includes("luke: hello yoda"));
    // There is no prompt: an empty line asks to whom one writes.
    await terminal.type("Enter");
    await terminal.screen((text) =>
      /^yoda at [^;]*; no chat is open[^;]*; unread: luke 1$/m.test(text)
    );
    await terminal.type("/chat luke", "Enter");
    await terminal.screen((text) =>
      text.includes("lines without a slash go to luke now; /chat stops that")
    );
    await luke.succeed("/rename lucas");
    const moved = await terminal.screen((text) =>
      text.includes("lines without a slash go to lucas now")
    );
    // The answer to /chat told it; nothing else does so again.
    assertEquals(moved.split("lines without a slash go to luke now").length, 2);
    await terminal.type("Enter");
    await terminal.screen((text) =>
      /^yoda at [^;]*; lines without a slash go to lucas$/m.test(text)
    );
    await terminal.type("/chat", "Enter");
    await terminal.screen((text) => text.includes("the chat is closed"));
    await terminal.type("/notify off", "Enter");
    await terminal.screen((text) => text.includes("the bell does not ring"));
    await terminal.type("/presence all", "Enter", "/presence", "Enter");
    await terminal.screen((text) =>
      text.split("you are told of everybody who comes and goes").length === 3
    );
    await using _leia = await logIn(server, "leia");
    await terminal.screen((text) => /^leia is online$/m.test(text));
    // What has left the screen is told again, without a bell, of a chat that opens.
    await terminal.type("/help all", "Enter", "/chat lucas", "Enter");
    await terminal.screen((text) =>
      /^the last with lucas:\n[^\n]*, lucas: hello yoda$/m.test(text)
    );
    await terminal.type("/chat", "Enter");
    await terminal.screen((text) => /^the chat is closed$/m.test(text));
    await terminal.type("/changepassword", "Enter");
    await terminal.screen((text) => text.endsWith("Old password:"));
    await terminal.type("nonsense", "Enter");
    // Told at once: nothing more is asked.
    const wrong = await terminal.screen((text) =>
      text.includes("The old password is wrong")
    );
    assert(!wrong.includes("New password"), wrong);
    await terminal.type("/changepassword", "Enter");
    await terminal.screen((text) => text.endsWith("Old password:"));
    await terminal.type(passwordOf("yoda"), "Enter");
    await terminal.screen((text) =>
      text.endsWith("New password (at least 8 characters):")
    );
    await terminal.type("short", "Enter");
    const short = await terminal.screen((text) => text.includes("too short"));
    assert(!short.includes("The same again"), short);
    await server.stop();
    await terminal.screen((text) => text.includes("Enter on an empty line"));
    await terminal.type("/msgto leia one", "Enter");
    await terminal.screen((text) =>
      /^offline: what you send waits for the connection$/m.test(text)
    );
    await terminal.type("/msgto leia two", "Enter");
    await server.startAgain();
    await terminal.type("Enter");
    const back = await terminal.screen((text) =>
      text.split("message sent at").length === 3
    );
    assertEquals(back.split("offline: what you send").length, 2, back);
    // `deno task` hands on what the terminal has sent already.
    await terminal.type("half a line", "C-c", "C-c");
    // The terminal does not tell whether there was a line to clear.
    await terminal.screen((text) => text.includes("Ctrl-C again logs out"));
    await terminal.type("/logout", "Enter");
    const end = await terminal.screen((text) => text.endsWith("$"));
    assert(end.includes("Bye, yoda!"), end);
    assert(!end.includes("nonsense") && !end.includes("adoy"), end);
    const written = await Deno.readTextFile(recorded);
    const session = written.slice(0, written.indexOf("Bye, yoda!"));
    assert(session.includes("Welcome"));
    assert(!session.includes("\x1b"), JSON.stringify(session));
    assertEquals(session.split("\x07").length, 2);
  },
);

testUnless(
  noTmux,
  "terminal: an offer is asked about, its progress shown under the messages",
  async () => {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    await writeRandomFile(join(luke.folder, "film.mp4"), 60_000_000);
    // Slow enough to be seen, on a busy machine, too.
    await luke.succeed("/limit 2M");
    await using terminal = await openClient(server, server.folder, {
      columns: 100,
    });
    await enter(terminal, "yoda");
    await luke.send("/p2pvideo yoda film.mp4");
    const offered = await terminal.screen((text) =>
      text.includes(
        "luke offers film.mp4 (60.0 MB, video); /accept 1 or /reject 1",
      )
    );
    assert(
      offered.includes(
        "1 < film.mp4 luke, 60.0 MB, offered, /accept 1 or /reject 1",
      ),
      offered,
    );
    await terminal.type("/accept 1", "Enter", "C-c");
    await terminal.screen((text) =>
      text.includes("film.mp4 from luke; Ctrl-C again ends that and logs out")
    );
    await terminal.type("/msgto luke half");
    const running = await terminal.screen((text) =>
      /\[#+-+\] \d+ %.*MB\/s.* left, this machine\n/.test(text)
    );
    assert(running.endsWith("-- 1 transfer"), running);
    await luke.succeed("/limit off");
    const screen = await terminal.screen((text) => text.includes("verified"));
    assert(screen.includes("luke_film.mp4"), screen);
    const after = await terminal.screen((text) => !/\[#+-*\]/.test(text));
    assertEquals(inputLine(after), "yoda> /msgto luke half");
  },
);
