/**
 * Calls between two real clients with windows: what their pages are told, and
 * what goes from browser to browser. The browsers are sockets; for real ones see
 * the tests of the page.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { logIn, startServer } from "../support/jedi.ts";
import { LyingServer } from "../support/lying_server.ts";
import { FakeBrowser } from "../support/fake_browser.ts";
import { GuiClient, type GuiTab } from "../support/gui_client.ts";
import { descriptionOf } from "../client/calls/calls_world.ts";
import { waitUntil } from "../support/wait_until.ts";

/** A client in a window, with a tab that can take calls. */
async function windowOf(server: LyingServer, name: string) {
  const gui = await GuiClient.start();
  const tab = await gui.tabOf(name, server);
  tab.say({ do: "call-ready", ready: true });
  return { gui, tab };
}

/** The event `call` of this state. */
async function state(tab: GuiTab, state: string, from = 0) {
  const { event } = await tab.told(
    "event",
    ({ event }) => event.event === "call" && event.info.state === state,
    from,
  );
  assert(event.event === "call");
  return event;
}

/** Describes the browser to the other side and waits for what it says. */
async function browserOf(tab: GuiTab, name: string): Promise<FakeBrowser> {
  const { call, peer, port } = await tab.told("call-peer");
  const own = descriptionOf(name);
  tab.say({ do: "call-description", call, peer, description: own });
  const { description: theirs } = await tab.told("call-description");
  return new FakeBrowser(port, { own, theirs });
}

Deno.test("call: it rings, connects two browsers, and is told in the log", async (t) => {
  await using server = await startServer();
  // Honest but for one step.
  await using liar = new LyingServer(server);
  const yoda = await windowOf(liar, "yoda");
  await using _yodaGui = yoda.gui;

  await t.step(
    "who has no window cannot be called, who is away finds a note",
    async () => {
      await using leia = await logIn(server, "leia");
      const none = await yoda.tab.run("/call leia");
      assertEquals(none.text, ["leia's client cannot take calls"]);
      assert((await leia.refused("/call yoda")).startsWith("no_window: "));
      const away = await yoda.tab.run("/call luke");
      assertEquals(away.outcome.ok, false);
    },
  );

  const luke = await windowOf(liar, "luke");
  await using _lukeGui = luke.gui;
  await luke.tab.event("message", { text: "(missed video call)" });

  const ring = async () => {
    const from = luke.tab.messages.length;
    // As soon as the server knows of luke's window.
    await waitUntil("luke to ring", async () => {
      const { outcome } = await yoda.tab.run("/call luke --voice");
      return outcome.ok;
    });
    return (await state(luke.tab, "ringing", from)).info;
  };

  await t.step("the two browsers hear each other", async () => {
    const { call, media, from } = await ring();
    assertEquals([media, from], ["voice", "yoda"]);
    luke.tab.say({ do: "call-answer", ref: 900, call, media: "voice" });
    await luke.tab.told("call-taken");
    const [one, other] = await Promise.all([
      browserOf(yoda.tab, "yoda"),
      browserOf(luke.tab, "luke"),
    ]);
    try {
      const repeat = setInterval(() => {
        one.check().catch(() => {});
        other.check().catch(() => {});
      }, 20);
      await one.until(() => one.received.length > 0);
      await other.until(() => other.received.length > 0);
      clearInterval(repeat);
      for (const tab of [yoda.tab, luke.tab]) {
        const { call, peer } = await tab.told("call-peer");
        tab.say({ do: "call-connected", call, peer, connected: true });
        await state(tab, "open");
      }
      const { via } = await yoda.tab.told("call-stats");
      assertEquals(via, "local");
      await waitUntil("the round trip and the loss of the call", async () => {
        const { text: [line = ""], outcome } = await yoda.tab.run("/transfers");
        assertMatch(line, /call with luke, open, on this machine/);
        assert(outcome.ok && outcome.command === "transfers");
        const [link] = outcome.answer.calls?.[0]?.members
          .map(({ link }) => link) ?? [];
        return /\([\d.]+ ms/.test(line) && (link?.loss ?? 1) < 1;
      });
      await yoda.tab.run("/call end");
      const end = await state(luke.tab, "ended");
      assertEquals(end.message, "yoda hung up");
    } finally {
      await one.close();
      await other.close();
    }
    await server.dataWhen(
      "transferlog.txt",
      (text) => /; yoda; luke; call; voice; \d+; local; -/.test(text),
    );
  });

  await t.step("a server that swaps keys connects nobody", async () => {
    const key = `${"B".repeat(42)}A`;
    for (const ev of ["offer", "answer"]) {
      liar.edit = (frame) => frame.ev === ev ? { ...frame, key } : frame;
      const from = yoda.tab.messages.length;
      if (ev === "offer") {
        await yoda.tab.run("/call luke --voice");
        const fields = { kind: "call", code: "bad_signature" };
        await luke.tab.event("offer-refused", fields);
      } else {
        const { call } = await ring();
        luke.tab.say({ do: "call-answer", ref: 902, call, media: "voice" });
      }
      const { message } = await state(yoda.tab, "ended", from);
      assertMatch(
        message ?? "",
        ev === "offer"
          ? /^luke does not trust your key/
          : /^This answer does not carry the signature of luke/,
      );
    }
    liar.edit = (frame) => frame;
  });

  await t.step("closing the tab hangs up", async () => {
    const { call } = await ring();
    const from = yoda.tab.messages.length;
    luke.tab.say({ do: "call-answer", ref: 901, call, media: "voice" });
    await state(yoda.tab, "connecting", from);
    luke.tab.close();
    await state(yoda.tab, "ended", from);
    const none = await yoda.tab.run("/call luke");
    assertEquals(none.text, ["luke's client cannot take calls"]);
  });
});
