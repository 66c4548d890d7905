/**
 * Calls between two real clients with windows: what their pages are told, and
 * what goes from browser to browser. The browsers are sockets; for real ones see
 * the tests of the page.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { GuiTab } from "../support/gui_client.ts";
import { logIn, startServer } from "../support/jedi.ts";
import { descriptionOf } from "../client/calls/calls_world.ts";
import { FakeBrowser } from "../support/fake_browser.ts";
import { LyingServer } from "../support/lying_server.ts";
import {
  callBrowser,
  callState,
  callTab,
  connects,
  hearEachOther,
  isLost,
} from "../support/call_tab.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("call: it rings, connects two browsers, and is told in the log", async (t) => {
  await using server = await startServer("--relay-quota", "1");
  // Honest but for two steps.
  await using liar = new LyingServer(server);
  const yoda = await callTab(liar, "yoda");
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

  const luke = await callTab(liar, "luke");
  await using _lukeGui = luke.gui;
  await luke.tab.event("message", { text: "(missed video call)" });

  const ring = async () => {
    const from = luke.tab.messages.length;
    // As soon as the server knows of luke's window.
    await waitUntil("luke to ring", async () => {
      const { outcome } = await yoda.tab.run("/call luke --voice");
      return outcome.ok;
    });
    return (await callState(luke.tab, "ringing", from)).info;
  };

  await t.step("the two browsers hear each other", async () => {
    const { call, media, from } = await ring();
    assertEquals([media, from], ["voice", "yoda"]);
    luke.tab.say({ do: "call-answer", ref: 900, call, media: "voice" });
    await luke.tab.told("call-taken");
    const [one, other] = await Promise.all([
      callBrowser(yoda.tab, "yoda"),
      callBrowser(luke.tab, "luke"),
    ]);
    try {
      await hearEachOther(one, other);
      for (const tab of [yoda.tab, luke.tab]) {
        const { call, peer } = await tab.told("call-peer");
        tab.say({ do: "call-connected", call, peer, link: "open" });
        await callState(tab, "open");
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
      const end = await callState(luke.tab, "ended");
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
      const { message } = await callState(yoda.tab, "ended", from);
      assertMatch(
        message ?? "",
        ev === "offer"
          ? /^luke does not trust your key/
          : /^This answer does not carry the signature of luke/,
      );
    }
    liar.edit = (frame) => frame;
  });

  await t.step(
    "who lost others of a group is connected again, and where the relay's quota ends just two part",
    async () => {
      const obiwan = await callTab(liar, "obiwan");
      await using _obiwanGui = obiwan.gui;
      await yoda.tab.run("/creategroup jedi luke obiwan");
      for (const { tab } of [luke, obiwan]) await tab.run("/joingroup jedi");
      const pages = [
        ...[connects(yoda, "yoda"), connects(luke, "luke")],
        connects(obiwan, "obiwan"),
      ] as const;
      const from = luke.tab.messages.length;
      const groupFrom = yoda.tab.messages.length;
      await yoda.tab.run("/call #jedi --voice");
      for (const { tab } of [luke, obiwan]) {
        const { info: { call } } = await callState(
          tab,
          "ringing",
          tab === luke.tab ? from : 0,
        );
        tab.say({ do: "call-answer", ref: 903, call, media: "voice" });
      }
      const [, atLuke, atObiwan] = pages;
      const whole = () =>
        Promise.all([
          ...[pages[0].until("luke", "open"), pages[0].until("obiwan", "open")],
          ...[atLuke.until("yoda", "open"), atLuke.until("obiwan", "open")],
          ...[atObiwan.until("yoda", "open"), atObiwan.until("luke", "open")],
        ]);
      await whole();
      const { call } = await luke.tab.told(
        "call-peer",
        ({ peer }) => peer === "obiwan",
      );
      const lost = { do: "call-connected", link: "lost" } as const;
      const before = [luke, obiwan].map(({ tab }) => tab.messages.length);
      luke.tab.say({ ...lost, call, peer: "obiwan" });
      await isLost(luke.tab, "obiwan", before[0]);
      for (const [at, { tab }] of [luke, obiwan].entries()) {
        await tab.told("call-peer", () => true, before[at]);
      }
      await whole();
      // One who loses all others at once is in the call as well.
      const all = [yoda, luke, obiwan];
      const later = all.map(({ tab }) => tab.messages.length);
      const { call: number } = await obiwan.tab.told("call-peer");
      // Between these two there is then only the relay.
      liar.edit = (frame) =>
        frame.from === "luke" || frame.from === "obiwan"
          ? { ...frame, ...frame.addresses !== undefined && { addresses: [] } }
          : frame;
      for (const peer of ["yoda", "luke"]) {
        obiwan.tab.say({ ...lost, call: number, peer });
      }
      await isLost(yoda.tab, "obiwan", later[0]);
      await isLost(luke.tab, "obiwan", later[1]);
      for (const other of ["yoda", "luke"]) {
        await isLost(obiwan.tab, other, later[2]);
      }
      await whole();
      const seen = all.map(({ tab }) => tab.messages.length);
      const browsers = await Promise.all([
        browserFor(luke.tab, "luke", "obiwan", later[1]!),
        browserFor(luke.tab, "luke", "yoda", from),
        browserFor(yoda.tab, "yoda", "luke", groupFrom),
      ]);
      const [relayed, one, other] = browsers;
      await useUpRelay(luke.tab, "obiwan", relayed);
      const told = /quota of the server's relay is used up; it starts again/;
      const [mine, theirs] = await Promise.all([
        isTold(luke.tab, told, seen[1]),
        isTold(obiwan.tab, told, seen[2]),
      ]);
      assertMatch(mine.message ?? "", /^your quota/);
      assertMatch(theirs.message ?? "", /^luke's quota/);
      assertEquals(
        [mine, theirs].map(({ info }) =>
          info.members.map(({ user, state }) => `${user} ${state}`).sort()
        ),
        [["obiwan ended", "yoda open"], ["luke ended", "yoda open"]],
      );
      await hearEachOther(one, other);
      for (const browser of browsers) await browser.close();
      liar.edit = (frame) => frame;
      await yoda.tab.run("/call end");
      await luke.tab.run("/call end");
      await callState(obiwan.tab, "ended");
    },
  );

  await t.step(
    "a call of two that was lost goes on, and closing the tab hangs up",
    async () => {
      const pages = [connects(yoda, "yoda"), connects(luke, "luke")] as const;
      const { call } = await ring();
      luke.tab.say({ do: "call-answer", ref: 901, call, media: "voice" });
      const whole = () =>
        Promise.all([
          pages[0].until("luke", "open"),
          pages[1].until("yoda", "open"),
        ]);
      await whole();
      const before = [yoda, luke].map(({ tab }) => tab.messages.length);
      luke.tab.say({ do: "call-connected", call, peer: "yoda", link: "lost" });
      await isLost(luke.tab, "yoda", before[1]);
      await isLost(yoda.tab, "luke", before[0]);
      await whole();
      const from = yoda.tab.messages.length;
      luke.tab.close();
      await callState(yoda.tab, "ended", from);
      // The other side may know of the end before the server does.
      const none = await waitUntil("the server knows", async () => {
        const { text } = await yoda.tab.run("/call luke");
        return text[0] === "luke is in another call" ? undefined : text;
      });
      assertEquals(none, ["luke's client cannot take calls"]);
    },
  );
});

/** The browser of `name`, as it is for `peer` in a call of several. */
async function browserFor(
  tab: GuiTab,
  name: string,
  peer: string,
  from: number,
): Promise<FakeBrowser> {
  const isMeant = (told: { peer: string }) => told.peer === peer;
  const { port } = await tab.told("call-peer", isMeant, from);
  const [own, theirs] = [descriptionOf(name), descriptionOf(peer)];
  return new FakeBrowser(port, { own, theirs });
}

/** Sends to `peer` until the relay takes no more. */
async function useUpRelay(
  tab: GuiTab,
  peer: string,
  browser: FakeBrowser,
): Promise<void> {
  const begun = tab.messages.length;
  await tab.told(
    "call-stats",
    (told) => told.peer === peer && told.via === "relay",
  );
  let isOver = false;
  const isGone = tab.told("call-gone", (told) => told.peer === peer, begun)
    .finally(() => isOver = true);
  while (!isOver) {
    await browser.check();
    for (let sent = 0; sent < 20; sent++) {
      await browser.send(new Uint8Array(1200));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await isGone;
}

/** What a tab is told of a call in such words. */
async function isTold(tab: GuiTab, words: RegExp, from = 0) {
  const { event } = await tab.told(
    "event",
    ({ event }) => event.event === "call" && words.test(event.message ?? ""),
    from,
  );
  assert(event.event === "call");
  return event;
}
