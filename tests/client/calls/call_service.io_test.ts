import { assert, assertEquals } from "@std/assert";
import { CallService } from "../../../lib/client/calls/call_service.io.ts";
import type {
  CallEnd,
  CallEvent,
} from "../../../lib/client/events/call_port.ts";
import { mostMediaBytes } from "../../../lib/engine/call_media.ts";
import { SharedSocket } from "../../../lib/client/transfer/shared_socket.io.ts";
import { systemClock, systemRandom } from "../../../lib/system/clock.io.ts";
import { FakeBrowser } from "../../support/fake_browser.ts";

const id = "00ff00ff00ff00ff";
const names = {
  caller: { ufrag: "yoda", pwd: "y".repeat(22) },
  callee: { ufrag: "luke", pwd: "l".repeat(22) },
};

/** One client's part, and its browser. */
class Side {
  readonly events: CallEvent[] = [];
  /** What transfers are told of calls. */
  readonly inCall: boolean[] = [];
  readonly service: CallService;
  readonly shared = new SharedSocket(0, () => systemClock().mono);
  readonly end: CallEnd;
  browser: FakeBrowser | undefined;
  #wake = () => {};

  constructor(end: CallEnd) {
    this.end = end;
    const { promise } = Promise.withResolvers<void>();
    this.shared.watch(promise, (isInCall) => this.inCall.push(isInCall));
    this.service = new CallService({
      shared: this.shared,
      random: systemRandom,
      clock: systemClock,
      onEvent: (event) => {
        this.events.push(event);
        this.#wake();
      },
    });
  }

  /** The first event of this name that is meant. */
  async event<E extends CallEvent["event"]>(
    name: E,
    isMeant: (event: Extract<CallEvent, { event: E }>) => boolean = () => true,
  ): Promise<Extract<CallEvent, { event: E }>> {
    const isNamed = (
      each: CallEvent,
    ): each is Extract<CallEvent, { event: E }> => each.event === name;
    for (;;) {
      const found = this.events.filter(isNamed).find(isMeant);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  get credentials() {
    const [own, theirs] = this.end === "caller"
      ? [names.caller, names.callee]
      : [names.callee, names.caller];
    return { own, theirs };
  }

  async close(): Promise<void> {
    await this.browser?.close();
    await this.service.close();
    this.shared.binding.close();
    await this.shared.endpoint.close();
  }
}

/** Two sides whose path stands. */
async function linked(): Promise<{ caller: Side; callee: Side }> {
  const caller = new Side("caller");
  const callee = new Side("callee");
  for (const { service } of [caller, callee]) service.prepareCall(id);
  const [one, other] = [
    await caller.event("call-prepared"),
    await callee.event("call-prepared"),
  ];
  caller.service.connectCall(id, "caller", other);
  callee.service.connectCall(id, "callee", one);
  for (const side of [caller, callee]) {
    const { port } = await side.event("call-linked");
    side.browser = new FakeBrowser(port, side.credentials);
  }
  return { caller, callee };
}

Deno.test("call_service: what one browser sends reaches the other, and nothing else does", async () => {
  const { caller, callee } = await linked();
  const [one, other] = [caller.browser!, callee.browser!];
  const stranger = new FakeBrowser(
    (await caller.event("call-linked")).port,
    callee.credentials,
  );
  try {
    // Before the browsers are known to each other nothing passes.
    await one.check();
    caller.service.say(id, "description", "hello");
    assertEquals((await callee.event("call-said")).text, "hello");
    for (const side of [caller, callee]) {
      side.service.bridge(id, side.credentials);
    }
    // A browser's checks are answered here.
    await one.check();
    await one.until(() => one.answers.length > 0);
    // What comes before the other browser's first one waits for that.
    await one.send(new Uint8Array([7, 7]));
    await one.check();
    await one.until(() => one.answers.length > 1);
    caller.service.say(id, "members", "later");
    await callee.event("call-said", ({ text }) => text === "later");
    await other.check();
    await other.until(() => other.received.length > 0);
    assertEquals(other.received, [new Uint8Array([7, 7])]);
    // Who does not know the password is not the browser.
    await stranger.check();
    await stranger.send(new Uint8Array([9]));
    await one.send(new Uint8Array([1, 2, 3]));
    await one.send(new Uint8Array(mostMediaBytes + 1));
    await one.send(new Uint8Array(mostMediaBytes));
    await other.until(() =>
      other.received.some(({ length }) => length === mostMediaBytes)
    );
    const sizes = other.received.map(({ length }) => length);
    assertEquals(sizes.slice(-2), [3, mostMediaBytes]);
    assert(other.received.every(({ length }) => length !== 1));
    await other.send(new Uint8Array([4]));
    await one.until(() => one.received.some(({ length }) => length === 1));
    assertEquals(stranger.received, []);
    // The browser may have another port after it began anew.
    const again = new FakeBrowser(
      (await caller.event("call-linked")).port,
      caller.credentials,
    );
    await again.check();
    await again.until(() => again.answers.length > 0);
    await other.send(new Uint8Array([5, 6]));
    await again.until(() => again.received.length > 0);
    assertEquals(again.received[0], new Uint8Array([5, 6]));
    await again.close();
    const { link } = await caller.event("call-link");
    assertEquals(link.via, "local");
    assert(link.rtt > 0 && link.loss === 0);
  } finally {
    await stranger.close();
    await caller.close();
    await callee.close();
  }
});

Deno.test("call_service: an end is told to the other side, and frees the port", async () => {
  const { caller, callee } = await linked();
  try {
    const { port } = await callee.event("call-linked");
    caller.service.closeCall(id);
    const { isLost } = await callee.event("call-closed");
    assert(!isLost);
    for (const { inCall, shared } of [caller, callee]) {
      assertEquals(inCall, [true, false], "transfers are told to leave room");
      shared.setInCall(true);
      const { promise } = Promise.withResolvers<void>();
      shared.watch(promise, (isInCall) => inCall.push(isInCall));
      assertEquals(inCall.slice(2), [true, true], "also one that comes later");
    }
    await callee.service.close();
    const address = { transport: "udp", hostname: "127.0.0.1", port } as const;
    Deno.listenDatagram(address).close();
  } finally {
    await caller.close();
    await callee.close();
  }
});

Deno.test("call_service: a key that is none is no way to anybody", async () => {
  const caller = new Side("caller");
  try {
    caller.service.prepareCall(id);
    await caller.event("call-prepared");
    const peer = { key: "A".repeat(43), addresses: [] };
    caller.service.connectCall(id, "caller", peer);
    await caller.event("call-lost");
  } finally {
    await caller.close();
  }
});
