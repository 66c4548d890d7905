/**
 * What the core of a cluster spends on what is for many, with one, two, four and
 * eight gateways of so many clients each. The gateways are simulated and not
 * counted; without any, the core has the clients' connections itself. Counted is
 * the time of processors, which others on the machine do not change much.
 *
 *     deno task bench:cluster [--clients=1000] [--messages=300] [--turn=1]
 */
import { cpuUsage } from "node:process";
import {
  CoreLinks,
  type CoreLinksOwner,
} from "../../lib/server/cluster/core_links.ts";
import {
  decodeClusterMessage,
  MessageWriter,
} from "../../lib/server/cluster/cluster_message.ts";
import type { FramesForMany } from "../../lib/server/net/network.ts";
import { joinFrames } from "../../lib/server/net/join_frames.ts";
import { CoreHarness } from "../support/core_harness.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** What the core spent. */
export interface ClusterBenchResult {
  readonly gateways: number;
  readonly deliveries: number;
  /** Of the core and its ends of the lines. */
  readonly cpuMs: number;
  /** Bytes for NATS; 0 without gateways. */
  readonly bytes: number;
}

/**
 * Measures it.
 *
 * @param gateways 0 for connections of its own process, which get each frame as
 * the bytes of a write.
 * @param messages How many are sent, and `turn` of them in one turn of the event
 * loop.
 */
export function measureCore(
  harness: CoreHarness,
  clients: readonly number[],
  gateways: number,
  messages: number,
  turn: number,
): ClusterBenchResult {
  const { core } = harness;
  const [sender = 0] = clients;
  let cpuMs = 0;
  let bytes = 0;
  const { mono } = harness.now;
  core.sharesFrames = gateways > 0;
  const lines = new SimulatedGateways(core, clients, gateways, mono);
  const text = "x".repeat(60);
  for (let count = 0; count < messages; count += turn) {
    const requests = Array.from({ length: turn }, (_, index) => {
      const request = { id: count + index, do: "broadcast", text, mid: mid() };
      return JSON.stringify(request) + "\n";
    });
    const data = new TextEncoder().encode(requests.join(""));
    const from = cpuUsage();
    core.handleData(sender, data, harness.now);
    for (;;) {
      const action = core.pollAction();
      if (action === undefined) break;
      if (action.action === "commit") {
        core.handleCommitted(action.batch, harness.now);
      }
    }
    const shared = core.pollShared();
    const dirty = core.pollDirty();
    const sent = gateways === 0 ? [] : lines.give(shared, dirty);
    if (gateways === 0) {
      for (const id of dirty) {
        const joined = joinFrames(core.queueOf(id)?.take() ?? []);
        if (joined === undefined) throw new Error("nothing to write");
      }
    }
    const { user, system } = cpuUsage(from);
    cpuMs += (user + system) / 1000;
    for (const each of sent) bytes += each.bytes.length;
    lines.hear(sent);
  }
  const deliveries = messages * (clients.length - 1);
  return { gateways, deliveries, cpuMs, bytes };
}

/**
 * Gateways that take everything at once, each with its part of the clients,
 * which have their numbers in the core on the lines, too.
 */
class SimulatedGateways {
  readonly #links: CoreLinks;
  /** Numbers of connections of the lines, by those in the core. */
  readonly #places: number[] = [];
  readonly #heard = new Map<string, number>();

  constructor(
    core: CoreHarness["core"],
    clients: readonly number[],
    gateways: number,
    now: number,
  ) {
    const owner: CoreLinksOwner = {
      handleOpen: (id) => this.#places[id % localNumbers] = id,
      handleData() {},
      handleClosed() {},
      handleAttached() {},
      handleDetached() {},
      handleRendezvous() {},
      takeFrames: (id, enough) =>
        core.queueOf(id % localNumbers)?.take(enough) ?? [],
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
    while (this.#links.pollMessage() !== undefined);
  }

  /** What goes to the gateways. */
  give(shared: readonly FramesForMany[], dirty: readonly number[]) {
    for (const each of shared) {
      const connections = each.connections.map((id) => this.#places[id] ?? 0);
      this.#links.share({ ...each, connections });
    }
    this.#links.wake(dirty.map((id) => this.#places[id] ?? 0));
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

const localNumbers = 2 ** 32;

if (import.meta.main) {
  const { number } = taskArguments({
    usage:
      "deno task bench:cluster [--clients=1000] [--messages=300] [--turn=1]",
    about: "Measures what the core spends on gateways.",
    numbers: { "clients": 1000, "messages": 300, "turn": 1 },
  });
  const perGateway = number("clients");
  const users = Array.from(
    { length: 8 * perGateway },
    (_, index) => `u${index}`,
  );
  const harness = new CoreHarness({
    users,
    options: { messageRate: 0, sessions: 8 },
  });
  const clients: number[] = [];
  const logIn = (count: number) => {
    while (clients.length < count) {
      clients.push(harness.login(users[clients.length]!).id);
    }
    // What they are told of each other's logins is none of this.
    harness.advance(60_000);
  };
  for (const gateways of [0, 1, 2, 4, 8]) {
    logIn(Math.max(1, gateways) * perGateway);
    const measure = (messages: number) =>
      measureCore(harness, clients, gateways, messages, number("turn"));
    measure(300);
    const { deliveries, cpuMs, bytes } = measure(number("messages"));
    const perMillion = cpuMs / 1000 / (deliveries / 1e6);
    Deno.stdout.writeSync(new TextEncoder().encode(
      `${gateways} gateways, ${clients.length} clients: ` +
        `${perMillion.toFixed(2)} s of the core for a million deliveries, ` +
        `${(bytes / deliveries).toFixed(1)} bytes each\n`,
    ));
  }
}
