/** One user at several places at once, with real programs. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { clientCommand } from "../support/programs.ts";
import { type ProgramResult, runProgram } from "../support/run_program.ts";
import { TestClient } from "../support/test_client.ts";
import type { TestServer } from "../support/test_server.ts";
import { noTmux, TmuxTerminal } from "../support/tmux_terminal.ts";
import { testUnless } from "../support/test_unless.ts";

testUnless(
  noTmux,
  "devices: two terminals, a pipe and a visit of one user each get what is theirs, once",
  async () => {
    await using server = await startServer();
    await using luke = await logIn(server, "luke");
    const config = join(server.folder, ".config");
    const options = { config, args: ["--device", "pipe"] };
    await using pipe = await logIn(server, "yoda", options);
    await using desk = await openTerminal(server, ["--device", "desk"]);
    await desk.screen((text) => text.includes("This is desk; another device"));
    await using sofa = await openTerminal(server, ["--device", "desk"]);
    await sofa.screen((text) =>
      text.includes("This is desk-2; 2 other") &&
      text.includes('another of your devices is called "desk"')
    );
    for (const terminal of [desk, sofa]) {
      await terminal.screen((text) => text.includes("yoda>"));
    }

    const told =
      "a new device logged in as you: desk-2 from 127.0.0.1; not you?";
    await desk.screen((text) => text.includes(told));
    assertEquals(
      (await pipe.event("device-login", { device: "desk" })).new,
      true,
    );

    // Everybody gets what luke says, and what yoda says elsewhere, in order.
    await luke.succeed("/msgto yoda good morning");
    await luke.event("delivered", { to: "yoda", number: 1 });
    const visit = await exec(server, "/msgto luke from a script");
    assertEquals([visit.code, visit.err], [0, []]);
    assert(!visit.out.some((line) => line.includes("good morning")));
    await luke.event("message", { from: "yoda", text: "from a script" });
    await sofa.screen((text) => text.includes("yoda to luke: from a script"));
    await desk.type("/msgto luke from the desk", "Enter");
    await desk.screen((text) => text.includes("@✓yoda to luke: from the desk"));
    const inOrder = [
      "luke: good morning",
      "yoda to luke: from a script",
      "yoda to luke: from the desk",
    ];
    assertOrder(
      await sofa.screen((text) => text.includes(inOrder.at(-1) ?? "")),
      inOrder,
    );
    await pipe.event("message", {
      text: "from the desk",
      mine: true,
      to: "luke",
    });
    // All devices of the sender hear that it has arrived.
    await pipe.event("delivered", { to: "luke", number: 3 });
    const screen = await desk.screen((text) => text.includes("from a script"));
    assertEquals(screen.split("yoda to luke: from the desk").length, 2, screen);

    // One is killed, and is the same device again.
    await pipe.process.kill();
    await luke.succeed("/msgto yoda while away");
    await using again = await logIn(server, "yoda", options);
    await again.event("message", { text: "while away" });
    const { devices } = await again.succeed("/devices") as {
      devices: { name: string; current?: true; online: boolean }[];
    };
    assertEquals(
      devices.map(({ name, current, online }) => [name, current, online])
        .sort(),
      [["desk", undefined, true], ["desk-2", undefined, true], [
        "pipe",
        true,
        true,
      ]],
    );
    assertEquals(textsOf(pipe), [
      "good morning",
      "from a script",
      "from the desk",
    ]);
    assertEquals(textsOf(again), ["while away"]);

    // Others saw one person come, and none go.
    await again.succeed("/logoutdevice desk-2");
    await sofa.screen((text) => text.includes("You were logged out from pipe"));
    assertEquals(await exitCodeIn(sofa), 3);
    await again.succeed("/renamedevice desk attic");
    await desk.type("/devices", "Enter");
    await desk.screen((text) =>
      text.includes("attic, this one, online, first login")
    );
    assertEquals(
      luke.events().filter(({ event }) => event === "presence")
        .map(({ user, online }) => [user, online]),
      [["yoda", true]],
    );
    assertEquals(await again.finish(), 0);
  },
);

testUnless(
  noTmux,
  "devices: where one may be logged in, a second one is refused, asked, or takes over",
  async () => {
    await using server = await startServer("--sessions", "1");
    await using first = await logIn(server, "yoda");
    const refusal =
      /^This account is already logged in since [0-9: A-Za-z]+ from 127\.0\.0\.1$/;
    const script = await TestClient.start(server, {
      ...{ user: "yoda", password: passwordOf("yoda"), json: false },
    });
    await using _ = script;
    assertEquals((await script.process.end()).code, 3);
    const [line = "", ...rest] = script.process.err;
    const [why = "", hint] = line.split("; ");
    assert(refusal.test(why), line);
    assertEquals([hint, rest], ["--take-over logs in here instead", []]);
    // A visit is in nobody's way.
    assertEquals((await exec(server, "/activeuser")).code, 0);
    // Unless it is to be there for others.
    assertEquals((await exec(server, "/activeuser", "--receive")).code, 3);

    await using plain = await openTerminal(server, ["--plain-ui"]);
    await plain.screen((text) => /here instead\? \[y\/N\]$/.test(text));
    await plain.type("n", "Enter");
    assertEquals(await exitCodeIn(plain), 3);
    assertEquals(first.process.ended, undefined);

    await using terminal = await openTerminal(server, []);
    await terminal.screen((text) =>
      text.includes("log in here instead? [y/N]")
    );
    await terminal.type("y", "Enter");
    const shown = await terminal.screen((text) =>
      text.includes("nobody else is online")
    );
    // The one that was taken over counts no more.
    assert(!shown.includes("another device of yours"), shown);
    assertEquals((await first.process.end()).code, 3);
    const end = first.events().findLast(({ event }) =>
      event === "disconnected"
    );
    assertEquals(end, {
      event: "disconnected",
      code: "taken_over",
      message: "Your session was taken over from 127.0.0.1",
      retrying: false,
    });

    // It keeps nothing of which device it is, and says so.
    const config = join(server.folder, "full");
    const state = join(config, "state");
    await Deno.mkdir(config);
    await Deno.writeTextFile(state, "no folder");
    const options = {
      ...{ config, args: ["--take-over"], identity: "new" as const },
    };
    await using third = await logIn(server, "yoda", options);
    await third.event("warning", {
      message: `cannot write to "${join(state, "parley", "devices")}": ` +
        "Not a directory; so each start is another device (/devices)",
    });
    // No other device can be there to give it the user's key.
    const copy = "As this server lets you in on one device at a time, copy " +
      "identity.pem from one that has it and start here with --identity FILE";
    await third.event("warning", {
      message: "This device does not have your key: it can chat, but neither " +
        `call nor send or receive files. ${copy}, or /link new makes this ` +
        "one's key yours",
    });
    assertEquals(
      await third.refused("/link"),
      `unknown_device: No other device can give you your key here. ${copy}; ` +
        "when none has it any more, /link new",
    );
    const screen = await terminal.screen((text) => text.includes("taken over"));
    assertStringIncludes(screen, "Your session was taken over from 127.0.0.1");
    assertEquals(await exitCodeIn(terminal), 3);
    assertEquals(await third.finish(), 0);
  },
);

/** A terminal of the installation that all of yoda's clients are of. */
function openTerminal(
  server: TestServer,
  args: readonly string[],
): Promise<TmuxTerminal> {
  return TmuxTerminal.open({
    command: [...commandOf(server), ...args],
    cwd: server.folder,
    env: { ...environmentOf(server), HOME: server.folder },
    columns: 100,
  });
}

/** Runs one command of yoda's beside whatever else runs. */
function exec(
  server: TestServer,
  command: string,
  ...args: string[]
): Promise<ProgramResult> {
  const { folder: cwd } = server;
  const env = environmentOf(server);
  const line = [...commandOf(server), "--exec", command, ...args];
  return runProgram(line, { cwd, env });
}

function commandOf(server: TestServer): string[] {
  const place = ["127.0.0.1", String(server.port), "--plain"];
  return [...clientCommand, ...place, "--user", "yoda"];
}

function environmentOf({ folder }: TestServer) {
  return {
    XDG_CONFIG_HOME: join(folder, ".config"),
    XDG_STATE_HOME: join(folder, ".config", "state"),
    PARLEY_PASSWORD: passwordOf("yoda"),
  };
}

/** The exit code of what ran in the terminal last. */
async function exitCodeIn(terminal: TmuxTerminal): Promise<number> {
  await terminal.screen((text) => text.endsWith("$"));
  await terminal.type("echo =$?=", "Enter");
  const screen = await terminal.screen((text) => /^=\d+=$/m.test(text));
  return Number(/^=(\d+)=$/m.exec(screen)?.[1]);
}

/** The messages that a client showed. */
function textsOf(client: TestClient): unknown[] {
  return client.events().filter(({ event }) => event === "message")
    .map(({ text }) => text);
}

function assertOrder(screen: string, texts: readonly string[]): void {
  const places = texts.map((text) => screen.indexOf(text));
  assert(!places.includes(-1), screen);
  assertEquals(places.toSorted((one, other) => one - other), places, screen);
}
