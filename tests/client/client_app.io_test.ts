import { assert, assertEquals } from "@std/assert";
import { ClientApp } from "../../lib/client/client_app.io.ts";
import type {
  ClientEvent,
  CommandOutcome,
} from "../../lib/client/events/client_event.ts";
import type { ViewSnapshot } from "../../lib/client/events/client_view.ts";
import { KeptOfferFiles } from "../../lib/client/offers/kept_offer_files.io.ts";
import { DeviceSlots } from "../../lib/client/session/device_slots.io.ts";
import type { ClientOptions } from "../../lib/client/settings/options.ts";
import { Identity } from "../../lib/client/trust/identity.ts";
import { GivenKeyFiles } from "../../lib/client/trust/given_keys.io.ts";
import { KnownPeersFile } from "../../lib/client/trust/known_peers.io.ts";
import type {
  ClientControl,
  UserHandler,
  UserInterface,
  Watcher,
} from "../../lib/client/ui/user_interface.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Keeps what it is shown; a screen that nobody has to look at. */
class Screen implements Watcher {
  readonly control: ClientControl;
  readonly begun: ViewSnapshot[] = [];
  readonly shown: ClientEvent[] = [];
  readonly noted: string[] = [];
  isClosed = false;
  /** What it does when it is shown a message. */
  onMessage: () => void | Promise<void> = () => {};

  constructor(control: ClientControl) {
    this.control = control;
  }

  begin(view: ViewSnapshot): void {
    this.begun.push(view);
  }

  show(event: ClientEvent): void | Promise<void> {
    this.shown.push(event);
    if (event.event === "message") return this.onMessage();
  }

  note({ event }: { readonly event: string }): void {
    this.noted.push(event);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  /** Waits until a message of this text was shown. */
  async reads(text: string): Promise<void> {
    await waitUntil(
      `"${text}" is shown`,
      () => Promise.resolve(this.texts.includes(text)),
    );
  }

  get texts(): string[] {
    return this.shown.flatMap((event) =>
      event.event === "message" ? [event.text] : []
    );
  }

  get results(): CommandOutcome[] {
    return this.shown.flatMap((event) =>
      event.event === "result" ? [event.outcome] : []
    );
  }
}

/** The one that the client is started for. */
class MainScreen extends Screen implements UserInterface {
  readonly handler: UserHandler;
  readonly started = Promise.withResolvers<void>();

  constructor(handler: UserHandler) {
    super(handler);
    this.handler = handler;
  }

  override show(event: ClientEvent): void {
    super.show(event);
  }

  ask() {
    return Promise.resolve(undefined);
  }

  askNewPassword() {
    return Promise.resolve(undefined);
  }

  confirm() {
    return Promise.resolve(false);
  }

  start(): void {
    this.started.resolve();
  }
}

/** A client of yoda's in this process, with its main screen. */
function startClient(folder: string, port: number) {
  const options: ClientOptions = {
    ...{ host: "127.0.0.1", port, user: "yoda", udpPort: 0, limit: 0 },
    ...{ downloadDir: folder, exec: [], json: false, plain: true },
    ...{ color: false, notify: false, timestamps: false, quiet: false },
    ...{ plainUi: false, receive: false, takeOver: false },
  };
  const memory = {
    pins: undefined,
    identity: Identity.fromSeed(new SeededRandom(3).bytes(32)),
    peers: new KnownPeersFile(folder, `127.0.0.1:${port}`, () => {}),
    keys: new GivenKeyFiles(folder, () => {}),
    devices: new DeviceSlots(
      (name) => name === "XDG_STATE_HOME" ? folder : "",
      new SeededRandom(4),
    ),
    kept: new KeptOfferFiles((name) => name === "XDG_STATE_HOME" ? folder : ""),
  };
  const made: MainScreen[] = [];
  const app = new ClientApp(options, "pw", memory, {
    isInteractive: false,
    asks: false,
    open(handler) {
      const screen = new MainScreen(handler);
      made.push(screen);
      return screen;
    },
  });
  const [main] = made;
  assert(main !== undefined);
  return { app, main, ended: app.run() };
}

Deno.test("ClientApp: several interfaces watch one client, enter lines, come, go and fail", () =>
  withTempFolder(async (folder) => {
    await using server = await TestServer.start({
      accounts: { yoda: "pw", luke: "pw" },
    });
    await using luke = await TestClient.login(server, "luke", "pw");
    const { app, main, ended } = startClient(folder, server.port);
    await main.started.promise;
    await luke.succeed("/msgto yoda before");
    await main.reads("before");

    // Each begins from what there is to see.
    const first = app.attach((control) => new Screen(control));
    const second = app.attach((control) => new Screen(control));
    const [seen] = first.begun;
    assertEquals([seen?.me.user, seen?.me.connection], ["yoda", "open"]);
    assertEquals(seen?.conversations[0]?.messages[0]?.text, "before");
    await luke.succeed("/msgto yoda both");
    for (const screen of [main, first, second]) await screen.reads("both");

    // Any of them may enter a line; who did is shown what became of it.
    const entered = first.control.submit("/msgto luke from the first");
    const outcome = await entered.outcome;
    assert(outcome.ok);
    await luke.event("message", { text: "from the first" });
    assertEquals(first.results, [outcome]);
    assertEquals([second.results, main.results], [[], []]);
    assert(second.noted.includes("result") && main.noted.includes("result"));
    const here = { kind: "user", name: "luke" } as const;
    const said = second.control.say("/not a command", here);
    assertEquals(said.n, entered.n + 1);
    assert((await said.outcome).ok);
    await luke.event("message", { text: "/not a command" });
    const refused = await second.control.submit("/msgto nobody hi").outcome;
    assertEquals(!refused.ok && refused.code, "unknown_user");
    const own = app.view.conversation("@luke")?.messages.slice(-2);
    assertEquals(own?.map(({ text }) => text), [
      "from the first",
      "/not a command",
    ]);

    // Only where it was started can it be ended.
    const logout = await first.control.submit("/logout").outcome;
    assertEquals(!logout.ok && logout.code, "not_here");

    // One leaves, one fails, one is slow: the others go on.
    app.detach(second);
    assert(second.isClosed);
    const broken = app.attach((control) => new Screen(control));
    broken.onMessage = () => {
      throw new Error("no paper");
    };
    const slow = app.attach((control) => new Screen(control));
    const patience = Promise.withResolvers<void>();
    slow.onMessage = () => patience.promise;
    await luke.succeed("/msgto yoda one");
    await luke.succeed("/msgto yoda two");
    for (const screen of [main, first]) await screen.reads("two");
    assertEquals([slow.texts, second.texts], [["one"], ["both"]]);
    assertEquals([broken.texts, broken.isClosed], [["one"], true]);
    const warned = (screen: Screen) =>
      screen.shown.some((event) =>
        event.event === "warning" && event.message.includes("no paper")
      );
    assert(warned(main) && warned(first));
    patience.resolve();
    await slow.reads("two");

    // The main one ends it for all.
    main.handler.leave("Ctrl-D");
    assertEquals(await ended, 0);
    assert(first.isClosed && slow.isClosed && main.isClosed);
  }));

Deno.test("ClientApp: who entered /changepassword is asked, and nobody who is gone", () =>
  withTempFolder(async (folder) => {
    await using server = await TestServer.start({ accounts: { yoda: "pw" } });
    const { app, main, ended } = startClient(folder, server.port);
    await main.started.promise;
    const screen = app.attach((control) =>
      Object.assign(new Screen(control), {
        askNewPassword: () => new Promise<undefined>(() => {}),
      })
    );
    const change = screen.control.submit("/changepassword");
    const other = app.attach((control) => new Screen(control));
    const busy = await other.control.submit("/changepassword").outcome;
    assertEquals(!busy.ok && busy.code, "busy");
    app.detach(screen);
    const given = await change.outcome;
    assertEquals(given.ok, false);
    // There is somebody to ask again.
    const again = await main.control.submit("/changepassword").outcome;
    assertEquals(!again.ok && again.code, given.ok || given.code);
    main.handler.leave("Ctrl-D");
    assertEquals(await ended, 0);
    const late = await main.control.submit("/help").outcome;
    assertEquals(!late.ok && late.code, "not_confirmed");
  }));

Deno.test("ClientApp: what is typed ahead goes to the chat under which it was typed, or nowhere", () =>
  withTempFolder(async (folder) => {
    await using server = await TestServer.start({
      accounts: { yoda: "pw", luke: "pw", leia: "pw" },
    });
    await using luke = await TestClient.login(server, "luke", "pw");
    await using leia = await TestClient.login(server, "leia", "pw");
    const { app, main, ended } = startClient(folder, server.port);
    await main.started.promise;
    const screen = app.attach((control) => new Screen(control));
    const { control } = screen;
    const enter = (lines: readonly string[]) =>
      Promise.all(lines.map((line) => control.submit(line).outcome));

    const answers = await enter([
      ...["/chat luke", "for luke", "/chat leia", "for leia"],
      ...["/chat", "for nobody", "/chat luke", "luke again"],
    ]);
    assertEquals(answers.map(({ ok }) => ok), [
      ...[true, true, true, true],
      ...[true, false, true, true],
    ]);
    await luke.event("message", { text: "for luke" });
    await luke.event("message", { text: "luke again" });
    await leia.event("message", { text: "for leia" });

    // Luke, to whom lines go, does not read what was meant for another one.
    const [, astray] = await enter(["/chat lea", "dear leia"]);
    assert(astray?.ok === false);
    assertEquals(astray.code, "no_chat");
    assert(astray.message.includes("dear leia"), astray.message);
    const [last] = await enter(["after all"]);
    assert(last?.ok);
    await luke.event("message", { text: "after all" });
    assertEquals(
      app.view.conversation("@luke")?.messages.map(({ text }) => text),
      ["for luke", "luke again", "after all"],
    );

    // What waits at the end is not lost without a word.
    await server.stop();
    await waitUntil(
      "the connection is lost",
      () => Promise.resolve(app.view.me.connection === "lost"),
    );
    const late = ["/chat leia", "too late"].map((line) => control.submit(line));
    main.handler.interrupt();
    assertEquals(await ended, 130);
    for (const { outcome } of late) {
      const told = await outcome;
      assertEquals(told.ok || told.code, "not_confirmed");
      assert(screen.results.includes(told));
    }
  }));
