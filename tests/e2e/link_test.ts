/** The user's key goes from one device to another, with real programs. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { logIn, passwordOf, startServer } from "../support/jedi.ts";
import { LyingRelay } from "../support/link_world.ts";
import { LyingServer } from "../support/lying_server.ts";
import { clientCommand } from "../support/programs.ts";
import { runProgram } from "../support/run_program.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { type JsonEvent, TestClient } from "../support/test_client.ts";
import { noTmux, TmuxTerminal } from "../support/tmux_terminal.ts";
import { testUnless } from "../support/test_unless.ts";

/** What is told of linking from here on. */
class Told {
  readonly #client: TestClient;
  #from = 0;

  constructor(client: TestClient) {
    this.#client = client;
  }

  /** Waits for the next one in this state, and forgets those before it. */
  async next(state: string, fields: JsonEvent = {}): Promise<JsonEvent> {
    const { process } = this.#client;
    const wanted = { state, ...fields };
    const from = this.#from;
    const event = await this.#client.event("link", wanted, { from });
    const line = JSON.stringify(event);
    this.#from =
      process.out.findIndex((each, index) => index >= from && each === line) +
      1;
    return event;
  }
}

/** Everything in the folder of the keys that a device was given. */
async function givenKeys(config: string): Promise<string[]> {
  try {
    const folder = join(config, "parley", "identities");
    const paths: string[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      paths.push(join(folder, name));
    }
    return paths;
  } catch {
    return [];
  }
}

const code = (refusal: string) => refusal.split(":")[0];

Deno.test("link: both say yes to one number, and the new device is as good as the old one", async (t) => {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  await using laptop = await logIn(server, "luke", {
    args: ["--device", "laptop"],
  });
  const film = join(yoda.folder, "a.txt");
  await Deno.writeTextFile(film, "the plans");
  await yoda.succeed(`/p2pvideo luke "${film}"`);
  await laptop.succeed("/verify yoda ok");
  const { safetyNumber } = await yoda.succeed("/verify luke ok");
  await using proxy = new TcpProxy(server);
  const config = join(server.folder, "desk");
  const options = { config, identity: "new", args: ["--device", "desk"] };
  const logInDesk = (args: string[] = []) =>
    TestClient.login(proxy, "luke", passwordOf("luke"), {
      ...options,
      args: [...options.args, ...args],
    });
  await using desk = await logInDesk();
  const lacking = await desk.event("warning");
  assertMatch(String(lacking.message), /^This device does not .* \/link gets/);
  const [old, fresh] = [new Told(laptop), new Told(desk)];

  /** To the two numbers, which are the same. */
  const compare = async () => {
    await desk.succeed("/link");
    await old.next("asked", { device: "desk" });
    await laptop.succeed("/link approve");
    const [here, there] = [
      await fresh.next("compare", { device: "laptop" }),
      await old.next("compare", { device: "desk" }),
    ];
    assertMatch(String(here.number), /^\d{6}$/);
    assertEquals(here.number, there.number);
  };

  await t.step("what makes no sense is refused", async () => {
    assertEquals(code(await laptop.refused("/link")), "has_key");
    assertEquals(code(await laptop.refused("/link approve")), "not_asked");
    assertEquals(code(await laptop.refused("/link yes")), "not_asked");
    assertEquals(code(await desk.refused("/link approve")), "no_key");
    assertEquals(code(await laptop.refused("/link approve x y")), "usage");
  });

  await t.step(
    "a no, before the numbers or at them, moves nothing",
    async () => {
      await desk.succeed("/link");
      await old.next("asked");
      await laptop.succeed("/link no");
      await fresh.next("ended", { code: "refused", device: "laptop" });
      for (const [one, other] of [[desk, old], [laptop, fresh]] as const) {
        await compare();
        await (one === desk ? laptop : desk).succeed("/link yes");
        await one.succeed("/link no");
        await other.next("ended", { code: "refused" });
      }
      assertEquals(await givenKeys(config), []);
      assertEquals(code(await desk.refused("/startprivate yoda")), "no_key");
    },
  );

  await t.step("a lost connection ends it, and it can begin anew", async () => {
    await compare();
    await desk.succeed("/link yes");
    proxy.cut();
    const lost = await fresh.next("ended", { code: "lost" });
    assertMatch(String(lost.message), /^The connection was lost while linking/);
    await desk.event("welcome", { resumed: true });
    assertEquals(code(await desk.refused("/link yes")), "not_asked");
    // The one that was asked again sees that the other began anew.
    await compare();
    await desk.succeed("/link no");
    await old.next("ended", { code: "refused" });
  });

  await t.step("with a yes on both the key goes over", async () => {
    await compare();
    // Another name meanwhile is nothing to it.
    await laptop.succeed("/renamedevice desk tower");
    await desk.event("changed", { from: "desk", to: "tower" });
    await laptop.succeed("/link yes");
    await old.next("waiting", { device: "tower" });
    await desk.succeed("/link yes");
    await old.next("linked", { device: "tower" });
    await laptop.succeed("/renamedevice tower desk");
    const linked = await fresh.next("linked", { received: true });
    assertEquals(
      linked.message,
      "This device has your key now, from laptop, and knows 1 more user",
    );
    await works(desk, film);
    assertEquals(code(await desk.refused("/link")), "has_key");
  });

  /** The device is luke's as much as the other one. */
  async function works(device: TestClient, file: string): Promise<void> {
    const verified = await device.succeed("/verify yoda");
    assertEquals([verified.trust, verified.safetyNumber], [
      "verified",
      safetyNumber,
    ]);
    const seen = await yoda.succeed("/verify luke");
    assertEquals([seen.trust, seen.safetyNumber], ["verified", safetyNumber]);
    await device.succeed(`/p2pvideo yoda "${file}"`);
    await yoda.succeed(`/p2pvideo luke@desk "${file}"`);
    const { devices } = await device.succeed("/devices") as {
      devices: { name: string; key?: true }[];
    };
    assertEquals(devices.map(({ name, key }) => [name, key]), [
      ["laptop", true],
      ["desk", true],
    ]);
  }

  await t.step("and is there after a restart, and for a visit", async () => {
    await desk.finish();
    const [path = "", ...more] = await givenKeys(config);
    assertEquals(more, []);
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    const pem = join(laptop.folder, ".config", "parley", "identity.pem");
    assertEquals(await Deno.readTextFile(path), await Deno.readTextFile(pem));

    await using again = await logInDesk(["--no-color"]);
    await works(again, film);
    const warned = again.events().filter(({ event }) => event === "warning");
    assertEquals(warned, []);
    const visit = await runProgram([
      ...[...clientCommand, "127.0.0.1", String(proxy.port), "--plain"],
      ...["--user", "luke", "--exec", `/p2pvideo yoda "${film}"`],
    ], {
      env: {
        PARLEY_PASSWORD: passwordOf("luke"),
        XDG_CONFIG_HOME: config,
        XDG_STATE_HOME: join(config, "state"),
      },
    });
    assertEquals([visit.code, visit.err], [0, []]);
    const changed = yoda.events().filter(({ event }) =>
      event === "key-changed"
    );
    assertEquals(changed, []);
  });
});

Deno.test("link: a server that swaps keys shows two numbers, and a no moves nothing", async () => {
  await using server = await startServer();
  await using liar = new LyingServer(server);
  const relay = new LyingRelay();
  const swapped = new Set<unknown>();
  liar.edit = (frame) => {
    const isKey = ["ask", "offer", "reveal"].includes(String(frame.step));
    if (frame.ev !== "link" || !isKey) return frame;
    swapped.add(frame.step);
    const { step, data } = frame as never;
    return { ...frame, ...relay.meddle("", "", { step, data }) };
  };
  const password = passwordOf("luke");
  await using old = await TestClient.login(liar, "luke", password, {
    args: ["--device", "Old"],
  });
  const config = join(server.folder, "new");
  await using fresh = await TestClient.login(liar, "luke", password, {
    ...{ config, identity: "new", args: ["--device", "new"] },
  });
  await fresh.succeed("/link");
  await old.event("link", { state: "asked", device: "new" });
  await old.succeed("/link approve");
  const [here, there] = [
    await fresh.event("link", { state: "compare" }),
    await old.event("link", { state: "compare" }),
  ];
  assertEquals([...swapped], ["ask", "offer", "reveal"]);
  assert(here.number !== there.number, `both show ${here.number}`);
  await fresh.succeed("/link no");
  await old.event("link", { state: "ended", code: "refused" });
  await fresh.event("link", { state: "ended", code: "declined" });
  assertEquals(await givenKeys(config), []);
  assertEquals(liar.requests.filter(({ step }) => step === "key"), []);
});

testUnless(
  noTmux,
  "link: a terminal asks for the number, and takes the question back",
  async () => {
    await using server = await startServer();
    await using old = await logIn(server, "luke", {
      args: ["--device", "old"],
    });
    const told = new Told(old);
    const config = join(server.folder, "terminal");
    await using terminal = await TmuxTerminal.open({
      command: [
        ...[...clientCommand, "127.0.0.1", String(server.port)],
        ...["--plain", "--user", "luke", "--device", "new"],
      ],
      cwd: server.folder,
      env: {
        XDG_CONFIG_HOME: config,
        XDG_STATE_HOME: join(config, "state"),
        PARLEY_PASSWORD: passwordOf("luke"),
      },
    });
    await terminal.screen((text) => text.includes("luke>"));
    const compare = async () => {
      await terminal.type("/link", "Enter");
      await told.next("asked");
      await old.succeed("/link approve");
      const { number } = await told.next("compare");
      const question = `Does old show ${number}, too? [y/N]`;
      await terminal.screen((text) => text.includes(question));
      return question;
    };
    const first = await compare();
    await old.succeed("/link no");
    const screen = await terminal.screen((text) =>
      text.includes("old said no: nothing went over")
    );
    assert(!screen.includes(first), screen);

    // Neither a command nor a slip is a no, and the answer may be a command.
    const second = await compare();
    const isLast = (text: string) =>
      text.split("\n").filter((row) => row !== "").at(-2) === second;
    await terminal.type("/whoelsesince 5", "Enter");
    await terminal.screen((text) =>
      text.includes("luke> /whoelsesince 5") && isLast(text)
    );
    await terminal.type("x", "Enter");
    await terminal.screen((text) =>
      text.includes(`${second} x`) && isLast(text)
    );
    await terminal.type("/link yes", "Enter");
    await terminal.screen((text) => text.includes("Now say yes on old, too"));
    await old.succeed("/link yes");
    await terminal.screen((text) =>
      text.includes("This device has your key now, from old")
    );
  },
);
