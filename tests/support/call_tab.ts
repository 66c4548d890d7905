/** Tabs that take calls, and the browser's socket behind them. */
import { assert } from "@std/assert";
import { descriptionOf } from "../client/calls/calls_world.ts";
import { FakeBrowser } from "./fake_browser.ts";
import { GuiClient, type GuiTab } from "./gui_client.ts";
import type { TestServer } from "./test_server.ts";

/** A client in a window of one of the Jedi, with a tab that can take calls. */
export async function callTab(
  server: Pick<TestServer, "port">,
  name: string,
): Promise<{ readonly gui: GuiClient; readonly tab: GuiTab }> {
  const gui = await GuiClient.start();
  const tab = await gui.tabOf(name, server);
  tab.say({ do: "call-ready", ready: true });
  return { gui, tab };
}

/** The event `call` of this state, from the `from`th of all messages on. */
export async function callState(tab: GuiTab, state: string, from = 0) {
  const { event } = await tab.told(
    "event",
    ({ event }) => event.event === "call" && event.info.state === state,
    from,
  );
  assert(event.event === "call");
  return event;
}

/**
 * Describes the browser to the other side and waits for what it says.
 *
 * @param from As of {@link callState}.
 */
export async function callBrowser(
  tab: GuiTab,
  name: string,
  from = 0,
): Promise<FakeBrowser> {
  const { call, peer, port } = await tab.told("call-peer", () => true, from);
  const own = descriptionOf(name);
  tab.say({ do: "call-description", call, peer, description: own });
  const { description: theirs } = await tab.told(
    "call-description",
    () => true,
    from,
  );
  return new FakeBrowser(port, { own, theirs });
}

/** Resolves once each of the two browsers got something new of the other. */
export async function hearEachOther(
  one: FakeBrowser,
  other: FakeBrowser,
): Promise<void> {
  const [before, after] = [one, other].map(({ received }) => received.length);
  const repeat = setInterval(() => {
    for (const each of [one, other]) each.check().catch(() => {});
  }, 20);
  try {
    await one.until(() => one.received.length > before!);
    await other.until(() => other.received.length > after!);
  } finally {
    clearInterval(repeat);
  }
}
