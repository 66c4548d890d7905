import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { writeRandomFile } from "../support/random_file.ts";
import type { TestServer } from "../support/test_server.ts";
import { hasTmux, TmuxTerminal } from "../support/tmux_terminal.ts";

if (!hasTmux) {
  Deno.stderr.writeSync(new TextEncoder().encode(
    "terminal tests are skipped: there is no tmux\n",
  ));
}

/** A terminal in which yoda's client runs. */
function openClient(
  server: TestServer,
  folder: string,
  columns = 80,
): Promise<TmuxTerminal> {
  return TmuxTerminal.open({
    command: [...clientCommand, "127.0.0.1", String(server.port), "--plain"],
    cwd: folder,
    env: { XDG_CONFIG_HOME: join(folder, ".config") },
    columns,
  });
}

async function enter(terminal: TmuxTerminal, name: string): Promise<void> {
  await terminal.screen((text) => text.endsWith("Username:"));
  await terminal.type(name, "Enter");
  await terminal.screen((text) => text.endsWith("Password:"));
  await terminal.type(passwordOf(name), "Enter");
  await terminal.screen((text) => text.endsWith("yoda>"));
}

/** The last line that is not empty: where somebody types. */
function lastLine(screen: string): string {
  return screen.split("\n").at(-1) ?? "";
}

Deno.test({
  name: "terminal: the password is not shown; a wrong one is asked again",
  ignore: !hasTmux,
  async fn() {
    await using server = await startServer();
    await using terminal = await openClient(server, server.folder);
    await terminal.screen((text) => text.endsWith("Username:"));
    await terminal.type("yoda", "Enter");
    await terminal.screen((text) => text.endsWith("Password:"));
    await terminal.type("secret", "Enter");
    const screen = await terminal.screen((text) =>
      text.includes("Please try again") && text.endsWith("Username:")
    );
    assert(!screen.includes("secret"));
    await enter(terminal, "yoda");
    const welcome = await terminal.screen((text) => text.includes("Welcome"));
    assert(!welcome.includes(passwordOf("yoda")), welcome);
    assert(welcome.includes("Welcome to Parley, yoda!"), welcome);
    assert(welcome.includes("no messages waited for you"), welcome);
  },
});

Deno.test({
  name: "terminal: messages that arrive while a line is typed never garble it",
  ignore: !hasTmux,
  async fn() {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    await using terminal = await openClient(server, server.folder);
    await enter(terminal, "yoda");
    let typed = "";
    const words = [
      "/msgto ",
      "luke ",
      "ein ",
      "schöner ",
      "Tag ",
      "日本 ",
      "!",
    ];
    for (const [number, word] of words.entries()) {
      await terminal.type(word);
      typed += word;
      for (let burst = 0; burst < 20; burst++) {
        await luke.send(`/msgto yoda text ${number}-${burst}`);
      }
      const screen = await terminal.screen((text) =>
        text.includes(`luke: text ${number}-19`) &&
        lastLine(text) === `yoda> ${typed}`.trimEnd()
      );
      // Everything above is whole lines of messages.
      const lines = screen.split("\n").slice(-15, -1);
      for (const line of lines) {
        assert(
          /^\d\d \w{3} \d{4} [\d:]{8}, luke: text \d+-\d+$/.test(line),
          line,
        );
      }
    }
    await terminal.type("Enter");
    const got = await luke.event("message", { from: "yoda" });
    assertEquals(got.text, "ein schöner Tag 日本 !");
  },
});

Deno.test({
  name: "terminal: narrow and wide again, history, editing, clean end",
  ignore: !hasTmux,
  async fn() {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    await using terminal = await openClient(server, server.folder);
    await enter(terminal, "yoda");
    await terminal.type("/msgto luke a line to be edited");
    await terminal.resize(40);
    await luke.succeed("/msgto yoda while it is narrow");
    await terminal.screen((text) => /while it is\s+narrow/.test(text));
    await terminal.resize(80);
    await luke.succeed("/msgto yoda while it is wide");
    await terminal.screen((text) =>
      text.includes("while it is wide") &&
      lastLine(text) === "yoda> /msgto luke a line to be edited"
    );
    // Away with the last word, another one in its place.
    await terminal.type("C-w", "changed", "Enter");
    const first = await luke.event("message", { from: "yoda" });
    assertEquals(first.text, "a line to be changed");
    await terminal.type("Up", " again", "Enter");
    await luke.event("message", { text: "a line to be changed again" });
    await terminal.type("/who", "Tab");
    await terminal.type("C-u", "C-c");
    const end = await terminal.screen((text) => text.endsWith("$"));
    assert(end.includes("Bye, yoda!"), end);
    await luke.event("presence", { user: "yoda", online: false });
    // The terminal is as it was: what is typed is seen.
    await terminal.type("echo visible", "Enter");
    await terminal.screen((text) => text.includes("$ echo visible\nvisible"));
  },
});

Deno.test({
  name:
    "terminal: an offer is asked about, its progress shown under the messages",
  ignore: !hasTmux,
  async fn() {
    await using server = await startServer();
    // Slow enough to be seen on the fastest machine.
    await using luke = await logIn(server, "luke", {
      args: ["--limit", "10M"],
    });
    await writeRandomFile(join(luke.folder, "film.mp4"), 40 * 1024 * 1024);
    await using terminal = await openClient(server, server.folder, 100);
    await enter(terminal, "yoda");
    await luke.send("/p2pvideo yoda film.mp4");
    await terminal.screen((text) =>
      text.includes("luke offers film.mp4 (41.9 MB); /accept 1 or /reject 1")
    );
    await terminal.type("/accept 1", "Enter", "/msgto luke half");
    await terminal.screen((text) => /\[#+-+\] \d+ %.*MB\/s/.test(text));
    const screen = await terminal.screen((text) => text.includes("verified"));
    assert(screen.includes("luke_film.mp4"), screen);
    const after = await terminal.screen((text) => !/\[#+-*\]/.test(text));
    assertEquals(lastLine(after), "yoda> /msgto luke half");
  },
});
