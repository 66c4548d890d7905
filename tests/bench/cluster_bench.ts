/**
 * What the core of a cluster spends on what is for many: the same deliveries to
 * clients at one, two, four and eight gateways, which are simulated and not
 * counted, and to connections of its own process for comparison.
 *
 *     deno task bench:cluster [--clients=2000] [--messages=300]
 */
import {
  CoreLinks,
  type CoreLinksOwner,
} from "../../lib/server/cluster/core_links.ts";
import {
  decodeClusterMessage,
  MessageWriter,
} from "../../lib/server/cluster/cluster_message.ts";
import { joinFrames } from "../../lib/server/net/join_frames.ts";
import { CoreHarness } from "../support/core_harness.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** What the core spent. */
export interface ClusterBenchResult {
  readonly gateways: number;
  readonly deliveries: number;
  /** Of the core and its ends of the lines. */
  readonly milliseconds: number;
  /** Bytes for NATS; 0 without gateways. */
  readonly bytes: number;
}

/**
 * Measures it.
 *
 * @param gateways 0 for connections of its own process, which get each frame as
 * the bytes of a write.
 */
export function measureCore(
  harness: CoreHarness,
  clients: readonly number[],
  gateways: number,
  messages: number,
): ClusterBenchResult {
  const { core } = harness;
  const [sender = 0] = clients;
  let spent = 0;
  let bytes = 0;
  const lines = new SimulatedGateways(
    core,
    clients,
    gateways,
    harness.now.mono,
  );
  const text = "x".repeat(60);
  for (let count = 0; count < messages; count++) {
    const request = { id: count, do: "broadcast", text, mid: mid() };
    const line = new TextEncoder().encode(JSON.stringify(request) + "\n");
    const from = performance.now();
    core.handleData(sender, line, harness.now);
    for (;;) {
      const action = core.pollAction();
      if (action === undefined) break;
      if (action.action === "commit") {
        core.handleCommitted(action.batch, harness.now);
      }
    }
    const dirty = core.pollDirty();
    const sent = gateways === 0 ? [] : lines.give(dirty);
    if (gateways === 0) {
      for (const id of dirty) {
        const joined = joinFrames(core.queueOf(id)?.take() ?? []);
        if (joined === undefined) throw new Error("nothing to write");
      }
    }
    spent += performance.now() - from;
    for (const each of sent) bytes += each.bytes.length;
    lines.hear(sent);
  }
  const deliveries = messages * (clients.length - 1);
  return { gateways, deliveries, milliseconds: spent, bytes };
}

/** Gateways that take everything at once, each with its part of the clients. */
class SimulatedGateways {
  readonly #links: CoreLinks;
  /** Numbers of connections in the core, by those of the lines, and back. */
  readonly #ids = new Map<number, number>();
  readonly #places = new Map<number, number>();
  readonly #heard = new Map<string, number>();

  constructor(
    core: CoreHarness["core"],
    clients: readonly number[],
    gateways: number,
    now: number,
  ) {
    const opened: number[] = [];
    const owner: CoreLinksOwner = {
      handleOpen: (id) => opened.push(id),
      handleData() {},
      handleClosed() {},
      handleAttached() {},
      handleDetached() {},
      handleRendezvous() {},
      takeFrames: (id, enough) =>
        core.queueOf(this.#ids.get(id) ?? 0)?.take(enough) ?? [],
    };
    this.#links = new CoreLinks(1, owner, now);
    for (let index = 0; index < gateways; index++) {
      const run = index.toString(16).padStart(16, "0");
      const header = { term: 1, run, attachment: 1, number: 1 };
      const writer = new MessageWriter(header);
      const gateway = { node: run, version: "", udpPort: 0, probePort: 0 };
      writer.add({ item: "attach", gateway });
      for (const [at, id] of clients.entries()) {
        if (at % gateways !== index) continue;
        const remote = { ip: "192.0.2.1", port: 1, local: false };
        writer.add({ item: "open", connection: id, remote });
      }
      this.#links.handleMessage(writer.take(), now);
      this.#heard.set(run, 1);
    }
    for (const id of opened) {
      const client = id % 2 ** 32;
      this.#ids.set(id, client);
      this.#places.set(client, id);
    }
    while (this.#links.pollMessage() !== undefined);
  }

  /** What goes to the gateways. */
  give(dirty: readonly number[]) {
    this.#links.wake(dirty.map((id) => this.#places.get(id) ?? 0));
    const sent = [];
    for (;;) {
      const message = this.#links.pollMessage();
      if (message === undefined) return sent;
      sent.push(message);
    }
  }

  /** They have it, and wrote it out. */
  hear(sent: ReturnType<SimulatedGateways["give"]>): void {
    for (const { run, bytes } of sent) {
      const message = decodeClusterMessage(bytes);
      if (message === undefined) throw new Error("not a message");
      const number = (this.#heard.get(run) ?? 0) + 1;
      this.#heard.set(run, number);
      const writer = new MessageWriter({ ...message, number });
      writer.add({ item: "heard", upto: message.number });
      for (const item of message.items) {
        if (item.item !== "write") continue;
        for (const connection of item.connections) {
          writer.add({ item: "written", connection, bytes: 1_000 });
        }
      }
      this.#links.handleMessage(writer.take(), 0);
      while (this.#links.pollMessage() !== undefined);
    }
  }
}

let lastMid = 0;

function mid(): string {
  return `m${++lastMid}`;
}

if (import.meta.main) {
  const { number } = taskArguments({
    usage: "deno task bench:cluster [--clients=2000] [--messages=300]",
    about: "Measures what the core spends on gateways.",
    numbers: { "clients": 2000, "messages": 300 },
  });
  const users = Array.from(
    { length: number("clients") },
    (_, index) => `u${index}`,
  );
  const harness = new CoreHarness({
    users,
    options: { messageRate: 0, sessions: 8 },
  });
  const clients = users.map((name) => harness.login(name).id);
  measureCore(harness, clients, 1, 50);
  for (const gateways of [0, 1, 2, 4, 8]) {
    const { deliveries, milliseconds, bytes } = measureCore(
      harness,
      clients,
      gateways,
      number("messages"),
    );
    const perMillion = milliseconds / 1000 / (deliveries / 1e6);
    Deno.stdout.writeSync(new TextEncoder().encode(
      `${gateways} gateways: ${perMillion.toFixed(2)} s of the core for a ` +
        `million deliveries, ${(bytes / deliveries).toFixed(1)} bytes each\n`,
    ));
  }
}
