/** Several nodes that share their clients over NATS. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { accountLine } from "../support/account_line.ts";
import { passwordOf } from "../support/jedi.ts";
import {
  ConnectionEnded,
  ProtocolClient,
  RequestRefused,
} from "../support/protocol_client.ts";
import { userCommand } from "../support/user_command.ts";
import {
  callBrowser,
  callState,
  callTab,
  connects,
  hearEachOther,
  isLost,
} from "../support/call_tab.ts";
import { LyingServer } from "../support/lying_server.ts";
import { NatsServer, noNats } from "../support/nats_server.ts";
import { noPostgres, PostgresServer } from "../support/postgres_server.ts";
import { testUnless } from "../support/test_unless.ts";
import { TestClient } from "../support/test_client.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { lastCore, TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

const accounts = accountLine("yoda", "green") + accountLine("luke", "blue") +
  ["obiwan", "mace"].map((name) => accountLine(name, passwordOf(name)))
    .join("");

testUnless(
  noPostgres ?? noNats,
  "cluster with NATS: clients of different nodes talk, and keep their connections whatever becomes of the core",
  async () => {
    await using postgres = await PostgresServer.start();
    await using nats = await NatsServer.start();
    const database = await postgres.createDatabase();
    const start = (node: string) =>
      TestServer.start({
        accounts,
        args: [
          ...["--cluster", "--node", node, "--database", database],
          ...["--nats", nats.url, "--block-duration", "600"],
          ...["--advertise", "127.0.0.1"],
        ],
      });
    await using first = await start("first");
    await first.served();
    const yodas = { user: "yoda", password: "green" };
    const early = await ProtocolClient.login(first.port, yodas);
    await using second = await start("second");
    // Who came before it is to find it, too.
    const place = `127.0.0.1:${second.port}`;
    await waitUntil(
      "it is told",
      () =>
        early.events.some(({ ev, hosts }) =>
          ev === "hosts" && Array.isArray(hosts) && hosts.includes(place)
        ),
    );
    early[Symbol.dispose]();
    await using third = await start("third");
    const nodes = [first, second, third];
    let core = await waitUntil("a core", () => coreOf(nodes));
    for (const node of nodes) await node.served();

    const [one, other] = nodes.filter((node) => node !== core);
    assert(one !== undefined && other !== undefined);
    await using yoda = await TestClient.login(one, "yoda", "green");
    await using luke = await TestClient.login(other, "luke", "blue");
    const sent: string[] = [];
    const say = async () => {
      const text = `text ${sent.length}`;
      sent.push(text);
      await yoda.succeed(`/msgto luke ${text}`);
    };
    const goesOn = async (): Promise<number> => {
      const from = performance.now();
      await say();
      const tookMs = performance.now() - from;
      for (let count = 0; count < 10; count++) await say();
      await luke.event("message", { text: sent.at(-1) });
      return tookMs;
    };
    await goesOn();

    // What goes straight from client to client finds its way.
    const sendFile = async (name: string) => {
      const path = join(yoda.folder, name);
      await writeRandomFile(path, 300_000, 5);
      const { via } = await yoda.succeed(`/send luke ${path}`);
      const got = await luke.event("transfer", { state: "verified", name });
      assertEquals([via, got.via], ["local", "local"]);
      assertEquals(await digestOf(String(got.path)), await digestOf(path));
    };
    await sendFile("one.bin");
    await yoda.succeed("/startprivate luke");
    await yoda.succeed("/private luke between us");
    await luke.event("private-message", { from: "yoda", text: "between us" });

    await using call = await CallOfNodes.open(one, other);
    await call.of("/call mace --voice", "local");
    await core.dataWhen(
      "transferlog.txt",
      (text) => /; obiwan; mace; call; voice; \d+; local; -\n/.test(text),
    );
    await call.joinGroup();
    const talk = await call.begin("/call #knights --voice", "relay");

    // Accounts are changed from anywhere, and all nodes know.
    const user = async (args: string[], password?: string) => {
      const place = ["--cluster", "--database", database];
      const all = [...args, ...place];
      const { code, text } = await userCommand(yoda, all, password);
      assertEquals(code, 0, text);
      return text.trim();
    };
    const tryLogin = (node: TestServer, name: string, word: string) => {
      const credentials = { user: name, password: word };
      return waitUntil("an answer to a login", async () => {
        try {
          return await ProtocolClient.login(node.port, credentials);
        } catch (error) {
          if (error instanceof RequestRefused) return error.code;
          // Who is not in yet when the core changes is to come again.
          if (error instanceof ConnectionEnded) return undefined;
          throw error;
        }
      });
    };
    assertEquals(
      await user(["add", "leia"], "organa leia"),
      'account "leia" added',
    );
    const leia = await tryLogin(other, "leia", "organa leia");
    assert(leia instanceof ProtocolClient);
    await user(["passwd", "leia"], "another one");
    for (const node of [one, other, core]) {
      // Three failures are three, wherever each happened.
      const isLast = node === core;
      assertEquals(
        await tryLogin(node, "leia", "organa leia"),
        isLast ? "login_failed_blocked" : "login_failed",
      );
    }

    // It is killed, and just then two in a call at two nodes lose each other.
    await core.stop("SIGKILL");
    await talk.lose();
    let tookMs = await goesOn();
    assert(tookMs < 40_000, `${tookMs} ms`);
    assertEquals(await tryLogin(one, "leia", "another one"), "account_blocked");
    await user(["unlock", "leia"]);
    const again = await tryLogin(one, "leia", "another one");
    assert(again instanceof ProtocolClient);
    await user(["remove", "leia"]);
    await again.closed;
    assertEquals(await tryLogin(one, "leia", "another one"), "login_failed");
    for (const client of [leia, again]) client[Symbol.dispose]();
    await talk.isBack();
    await talk.hangUp();
    await yoda.succeed("/private luke without that core");
    await luke.event("private-message", { text: "without that core" });
    await sendFile("two.bin");
    await core.startAgain();
    await core.served();

    // It is ended in order: neither of its clients is with it.
    core = await waitUntil("a core", () => coreOf(nodes));
    if (core !== one && core !== other) {
      await core.stop();
      tookMs = await goesOn();
      assert(tookMs < 40_000, `${tookMs} ms`);
      await core.startAgain();
    }

    // NATS dies, in the middle of what is said.
    const saying = say();
    await nats.restart();
    await saying;
    await goesOn();

    const got = luke.events().filter(({ event }) => event === "message")
      .map(({ text }) => text);
    assertEquals(got, sent);
    for (const client of [yoda, luke]) {
      const events = client.events().map(({ event }) => event);
      assertEquals(
        events.filter((each) => each === "disconnected" || each === "welcome"),
        ["welcome"],
      );
    }

    // The node of a client is gone: it was told of the others.
    await one.stop("SIGKILL");
    await say();
    await luke.event("message", { text: sent.at(-1) });
    await yoda.event("welcome", { resumed: true });
  },
);

/** The node that was the last to become the core. */
function coreOf(nodes: readonly TestServer[]): TestServer | undefined {
  const alive = nodes.filter(({ process }) => process.ended === undefined);
  const last = lastCore(alive);
  return last.coreTerm > 0 ? last : undefined;
}

/** Two in windows at two nodes, who call each other. */
class CallOfNodes implements AsyncDisposable {
  readonly #servers: readonly LyingServer[];
  readonly #caller: Caller;
  readonly #called: Caller;

  private constructor(
    servers: readonly LyingServer[],
    caller: Caller,
    called: Caller,
  ) {
    this.#servers = servers;
    this.#caller = caller;
    this.#called = called;
  }

  static async open(one: TestServer, other: TestServer): Promise<CallOfNodes> {
    const servers = [new LyingServer(one), new LyingServer(other)];
    const [caller, called] = await Promise.all(
      ["obiwan", "mace"].map((name, at) => callTab(servers[at]!, name)),
    );
    return new CallOfNodes(servers, caller!, called!);
  }

  /** They call each other, and hang up. */
  async of(line: string, via: string): Promise<void> {
    const talk = await this.begin(line, via);
    await talk.hangUp();
  }

  /** Both are in a group `knights`. */
  async joinGroup(): Promise<void> {
    const { tab } = this.#called;
    await this.#caller.tab.run("/creategroup knights mace");
    await tab.event("invited", { group: "knights" });
    await tab.run("/joingroup knights");
    await this.#caller.tab.event("joined", { user: "mace" });
  }

  /** One calls and the other one answers; packets go both ways. */
  async begin(line: string, via: string): Promise<Talk> {
    for (const server of this.#servers) {
      // Who knows no address of the other finds no direct way.
      server.edit = (frame) =>
        via === "relay" && "addresses" in frame && frame.ev !== "relay"
          ? { ...frame, addresses: [] }
          : frame;
    }
    const [caller, called] = [this.#caller.tab, this.#called.tab];
    const [from, to] = [caller.messages.length, called.messages.length];
    await waitUntil(
      "it to ring",
      async () => (await caller.run(line)).outcome.ok,
    );
    const { info: { call } } = await callState(called, "ringing", to);
    called.say({ do: "call-answer", ref: 900 + to, call, media: "voice" });
    const [one, other] = await Promise.all([
      callBrowser(caller, "obiwan", from),
      callBrowser(called, "mace", to),
    ]);
    await hearEachOther(one, other);
    for (const [tab, at] of [[caller, from], [called, to]] as const) {
      const { call, peer } = await tab.told("call-peer", () => true, at);
      tab.say({ do: "call-connected", call, peer, link: "open" });
      await callState(tab, "open", at);
    }
    await caller.told("call-stats", (stats) => stats.via === via, from);
    let browsers = [one, other] as const;
    let since: readonly [number, number] = [from, to];
    const close = () => Promise.all(browsers.map((each) => each.close()));
    return {
      async lose() {
        await close();
        since = [caller.messages.length, called.messages.length];
        const { call } = await caller.told("call-peer", () => true, from);
        const lost = { do: "call-connected", link: "lost" } as const;
        caller.say({ ...lost, call, peer: "mace" });
        await isLost(caller, "mace", since[0]);
        await isLost(called, "obiwan", since[1]);
      },
      async isBack() {
        await Promise.all([
          connects({ tab: caller }, "obiwan", since[0]).until("mace", "open"),
          connects({ tab: called }, "mace", since[1]).until("obiwan", "open"),
        ]);
        // One that was lost anew is of no use.
        const last = ({ messages }: typeof caller) =>
          messages.findLastIndex(({ tell }) => tell === "call-peer");
        browsers = await Promise.all([
          callBrowser(caller, "obiwan", last(caller)),
          callBrowser(called, "mace", last(called)),
        ]);
      },
      async hangUp() {
        await hearEachOther(...browsers);
        await caller.run("/call end");
        await callState(called, "ended", to);
        await close();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { gui } of [this.#caller, this.#called]) {
      await gui[Symbol.asyncDispose]();
    }
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
  }
}

/** A call under way. */
interface Talk {
  /** The page of who called loses the other one, and both are told so. */
  lose(): Promise<void>;
  /** Waits until both are connected again, and their pages with each other. */
  isBack(): Promise<void>;
  /** They hear each other still, and the one who called hangs up. */
  hangUp(): Promise<void>;
}

type Caller = Awaited<ReturnType<typeof callTab>>;
