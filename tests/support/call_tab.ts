/** Tabs that take calls, and the browser's socket behind them. */
import { assert } from "@std/assert";
import type { CallState } from "../../lib/client/commands/call_info.ts";
import { descriptionOf } from "../client/calls/calls_world.ts";
import { FakeBrowser } from "./fake_browser.ts";
import { GuiClient, type GuiTab } from "./gui_client.ts";
import type { TestServer } from "./test_server.ts";
import { waitUntil } from "./wait_until.ts";

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

/** Waits until a tab is told that somebody is lost, and tried again. */
export async function isLost(
  tab: GuiTab,
  user: string,
  from = 0,
): Promise<void> {
  await tab.told(
    "event",
    ({ event }) =>
      event.event === "call" &&
      event.info.members.some((each) =>
        each.user === user && each.state === "reconnecting"
      ),
    from,
  );
}

/**
 * A page that connects with everybody, as far as its client can tell.
 *
 * @param from As of {@link callState}; of the messages that come, by default.
 */
export function connects(
  { tab }: { readonly tab: GuiTab },
  name: string,
  from = tab.messages.length,
): { until(user: string, state: CallState): Promise<void> } {
  let seen = from;
  return {
    /** Waits until somebody is in the call as this state says. */
    async until(user: string, state: CallState): Promise<void> {
      await waitUntil(`${user} ${state} at ${name}`, () => {
        let last: string | undefined;
        for (const message of tab.messages.slice(seen)) {
          if (message.tell === "call-peer") {
            const { call, peer } = message;
            const description = descriptionOf(name);
            tab.say({ do: "call-description", call, peer, description });
            tab.say({ do: "call-connected", call, peer, link: "open" });
          }
          seen++;
        }
        for (const message of tab.messages) {
          if (message.tell !== "event" || message.event.event !== "call") {
            continue;
          }
          const { members } = message.event.info;
          last = members.find((each) => each.user === user)?.state;
        }
        return Promise.resolve(last === state);
      });
    },
  };
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
    for (const each of [one, other]) {
      each.check().then(() => each.send(voice)).catch(() => {});
    }
  }, 20);
  try {
    await one.until(() => one.received.length > before!);
    await other.until(() => other.received.length > after!);
  } finally {
    clearInterval(repeat);
  }
}

/** What begins as the sound of a browser does. */
const voice = Uint8Array.of(128, 111);
