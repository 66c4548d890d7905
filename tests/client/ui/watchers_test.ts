import { assert, assertEquals } from "@std/assert";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import {
  ClientView,
  type ViewSnapshot,
} from "../../../lib/client/events/client_view.ts";
import type { QuietEvent } from "../../../lib/client/events/quiet_event.ts";
import type { Watcher } from "../../../lib/client/ui/user_interface.ts";
import { mostWaiting, Watchers } from "../../../lib/client/ui/watchers.ts";

/** Takes down what it is told; may fail, or wait until it is let go on. */
class Recorder implements Watcher {
  readonly told: string[] = [];
  fails = false;
  isClosed = false;
  #waits: PromiseWithResolvers<void> | undefined;

  begin(view: ViewSnapshot) {
    return this.#take(`begin ${view.conversations[0]?.unread ?? 0}`);
  }

  show(event: ClientEvent) {
    return this.#take(`show ${event.event}`);
  }

  note(event: ClientEvent | QuietEvent) {
    return this.#take(`note ${event.event}`);
  }

  close() {
    this.isClosed = true;
    return Promise.resolve();
  }

  /** The next thing takes it until {@link goOn}. */
  halt(): void {
    this.#waits = Promise.withResolvers();
  }

  async goOn(): Promise<void> {
    this.#waits?.resolve();
    this.#waits = undefined;
    // What waited is told one after the other.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  #take(what: string): void | Promise<void> {
    if (this.fails) throw new Error("no screen");
    this.told.push(what);
    return this.#waits?.promise;
  }
}

let lastId = 0;

function message(): ClientEvent {
  const place = { id: ++lastId, number: 1, at: 0, from: "luke" };
  return {
    event: "message",
    kind: "private",
    ...place,
    text: "hi",
    kept: false,
  };
}

function world() {
  const view = new ClientView("localhost:6000");
  const failures: string[] = [];
  const watchers = new Watchers(
    () => view.snapshot(),
    (_, error) => failures.push((error as Error).message),
  );
  const happen = (event: ClientEvent | QuietEvent, by?: Watcher) => {
    view.handleEvent(event);
    watchers.tell(event, by);
  };
  return { watchers, failures, happen };
}

Deno.test("Watchers: each begins from what there is to see, and ends when it is detached", () => {
  const { watchers, happen } = world();
  const [first, second] = [new Recorder(), new Recorder()];
  watchers.add(first);
  happen(message());
  watchers.add(second);
  happen(message());
  assertEquals(watchers.remove(first), true);
  assertEquals(watchers.remove(first), false);
  happen(message());
  assertEquals(first.told, ["begin 0", "show message", "show message"]);
  assertEquals(second.told, ["begin 1", "show message", "show message"]);
  assert(first.isClosed && !second.isClosed);
});

Deno.test("Watchers: a result is shown to who entered the line, and noted by the others", () => {
  const { watchers, happen } = world();
  const [first, second] = [new Recorder(), new Recorder()];
  watchers.add(first);
  watchers.add(second);
  const outcome = { command: "", ok: false, code: "x", message: "no" } as const;
  happen({ event: "result", n: 1, outcome }, second);
  happen({ event: "session-seen", user: "luke" });
  assertEquals(first.told.slice(1), ["note result", "note session-seen"]);
  assertEquals(second.told.slice(1), ["show result", "note session-seen"]);
});

Deno.test("Watchers: one that fails is detached, the others go on", () => {
  const { watchers, failures, happen } = world();
  const [first, second] = [new Recorder(), new Recorder()];
  watchers.add(first);
  watchers.add(second);
  first.fails = true;
  happen(message());
  happen(message());
  assertEquals(failures, ["no screen"]);
  assert(first.isClosed);
  assertEquals(second.told.length, 3);
});

Deno.test("Watchers: a slow one gets what waits in order, and begins again when that is too much", async () => {
  const { watchers, happen } = world();
  const [slow, other] = [new Recorder(), new Recorder()];
  watchers.add(slow);
  watchers.add(other);
  slow.halt();
  happen(message());
  happen({ event: "session-seen", user: "luke" });
  happen(message());
  assertEquals(slow.told, ["begin 0", "show message"]);
  await slow.goOn();
  assertEquals(slow.told.slice(2), ["note session-seen", "show message"]);
  slow.halt();
  const count = mostWaiting + 500;
  for (let n = 0; n < count; n++) happen(message());
  await slow.goOn();
  // The messages from the second on are in what it begins from.
  assertEquals(slow.told.slice(4), ["show message", `begin ${count + 2}`]);
  happen(message());
  assertEquals(slow.told.length, 7);
  assertEquals(other.told.length, 1 + 3 + count + 1);
});

Deno.test("Watchers: closing waits for all of them, also for who fails at it", async () => {
  const { watchers, failures } = world();
  const [first, second] = [new Recorder(), new Recorder()];
  first.close = () => Promise.reject(new Error("no end"));
  watchers.add(first);
  watchers.add(second);
  await watchers.close();
  assertEquals(failures, ["no end"]);
  assert(second.isClosed);
});
