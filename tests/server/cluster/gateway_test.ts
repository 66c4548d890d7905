// Gateways and a core over a line in virtual time.

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  CoreLinks,
  windowBytes,
} from "../../../lib/server/cluster/core_links.ts";
import { cutOffMs, patienceMs } from "../../../lib/server/cluster/gateway.ts";
import { lineBytes } from "../../../lib/server/cluster/line_end.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { ClusterLab, LabCore } from "../../support/cluster_lab.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

/** A gateway with a client that is logged in, and its number in the core. */
function loggedIn({ restarts = true, gateways = 1 } = {}) {
  const lab = new ClusterLab(gateways);
  const core = lab.begin();
  const [node] = lab.gateways;
  assert(node !== undefined);
  const client = node.connect();
  node.say(client, { do: "hello" });
  lab.settle();
  const [id] = core.connections.keys();
  assert(id !== undefined);
  core.links.enter(id, restarts);
  lab.settle();
  return { lab, core, node, client, id };
}

function only(core: LabCore) {
  assertEquals(core.connections.size, 1);
  return [...core.connections.values()][0]!;
}

Deno.test("a gateway hands on what passes between a client and the core", () => {
  const { lab, core, node, client, id } = loggedIn();
  assertEquals(node.entered, [client]);
  assertEquals(only(core).remote, {
    ip: "192.0.2.1",
    port: client,
    local: false,
    udp: { node: node.run, udpPort: 0, probePort: 0, addresses: [] },
  });
  assertEquals(only(core).text, '{"do":"hello"}\n');
  core.send("welcome\n");
  lab.settle();
  assertEquals(node.take(client), "welcome\n");
  core.send("last\n");
  core.links.finish(id);
  lab.settle();
  assertEquals(node.take(client), "last\n");
  assertEquals(node.finished, [client]);
  assertEquals(core.closed, [id]);
});

Deno.test("a frame for many crosses the line to each gateway once, in the order of each connection", () => {
  const lab = new ClusterLab(2);
  const core = lab.begin();
  for (const node of lab.gateways) {
    for (let count = 0; count < 500; count++) node.connect();
  }
  lab.settle();
  assertEquals(core.connections.size, 1000);
  const { sent } = core;
  const frame = new TextEncoder().encode("x".repeat(999) + "\n");
  const ids = [...core.connections.keys()];
  for (const id of ids) {
    const { queue } = core.connections.get(id)!;
    if (id % 2 === 1) queue.push(`before ${id}\n`);
    queue.push(frame);
    if (id % 3 === 0) queue.push(`after ${id}\n`);
  }
  const bytesBefore = core.sentBytes;
  core.links.wake(ids);
  lab.settle();
  assertEquals(core.sent, sent + 2, "one message for each gateway");
  const bytes = core.sentBytes - bytesBefore;
  assert(bytes < 2 * (1000 + 500 * 40), `${bytes} bytes`);
  for (const [index, node] of lab.gateways.entries()) {
    for (let client = 1; client <= 500; client++) {
      const id = (index + 1) * 2 ** 32 + client;
      assertEquals(
        node.take(client),
        (id % 2 === 1 ? `before ${id}\n` : "") + "x".repeat(999) + "\n" +
          (id % 3 === 0 ? `after ${id}\n` : ""),
      );
    }
  }
});

Deno.test("what many get together crosses the line once, and leaves out who has no room", () => {
  const { lab, core, node, client, id } = loggedIn({ gateways: 2 });
  const [, second] = lab.gateways;
  const others = Array.from({ length: 100 }, () => second!.connect());
  lab.settle();
  node.slow.add(client);
  const frames = [new TextEncoder().encode("z".repeat(9_999) + "\n")];
  const shared = { frames, bytes: 10_000 };
  let sent = 0;
  for (;;) {
    const connections = [...core.connections.keys(), 5];
    const before = core.sentBytes;
    const left = core.links.share({ ...shared, connections });
    lab.settle();
    assert(core.sentBytes - before < 2 * 11_000);
    if (left.length > 0) {
      assertEquals(left, [id]);
      break;
    }
    sent++;
    assert(sent * 10_000 < 2 * windowBytes, "never full");
  }
  node.read(client);
  lab.settle();
  assertEquals(node.take(client).length, sent * 10_000);
  for (const other of others) {
    assertEquals(second!.take(other).length, (sent + 1) * 10_000);
  }
  const connections = [...core.connections.keys()];
  assertEquals(core.links.share({ ...shared, connections }), []);
});

Deno.test("a frame that is longer than a message arrives in parts", () => {
  const { lab, core, node, client, id } = loggedIn();
  const parts = Array.from({ length: 90_000 }, (_, index) => `${index},`);
  const long = parts.join("") + "\n";
  core.send(long, [id]);
  core.send("next\n", [id]);
  let most = 0;
  lab.passes = (_from, bytes) => {
    most = Math.max(most, bytes.length);
    return true;
  };
  lab.settle();
  assertEquals(node.take(client), long + "next\n");
  assert(most < 500_000, `${most} bytes`);
});

Deno.test("what a slow client leaves unread stays with the core beyond a window", () => {
  const { lab, core, node, client, id } = loggedIn();
  node.slow.add(client);
  const line = "y".repeat(9_999) + "\n";
  for (let count = 0; count < 60; count++) {
    core.send(line, [id]);
    lab.settle();
  }
  const { queue } = only(core);
  assert(queue.bytes >= 600_000 - windowBytes - 10_000, `${queue.bytes}`);
  node.read(client);
  lab.settle();
  assertEquals(queue.bytes, 0);
  assertEquals(node.take(client), line.repeat(60));
});

Deno.test("a gateway that does not get on is cut off, and holds up neither the core nor its memory", () => {
  const { lab, core, node } = loggedIn({ gateways: 2 });
  const other = lab.gateways[1]!;
  const client = other.connect();
  // It says that it is there, but not that it hears.
  for (let count = 0; count < 200; count++) node.connect();
  lab.settle();
  node.isReachable = false;
  const line = "z".repeat(60_000) + "\n";
  const before = core.sentBytes;
  for (let count = 0; count < 30; count++) {
    for (const id of core.connections.keys()) core.send(`${id} ${line}`, [id]);
    lab.settle();
  }
  const toOther = 30 * (line.length + 100);
  const bytes = core.sentBytes - before - toOther;
  assert(bytes < lineBytes + 2 * windowBytes, `${bytes} bytes`);
  assertEquals(other.take(client).length > toOther - 30 * 100, true);
  lab.advance(6_000);
  assertEquals(core.detached, ["it was not heard of"]);
  assertEquals(core.connections.size, 1, "those of the other one");
});

Deno.test("a new core: clients keep their connections, and begin anew on them by its number", () => {
  const { lab, core, node, client } = loggedIn();
  core.send("from the old one\n");
  lab.settle();
  core.isAlive = false;
  const next = lab.begin();
  const text = node.take(client);
  assertMatch(text, /^from the old one\n\{"ev":"restart","number":1\}\n$/);
  assertEquals(next.connections.size, 0, "nothing is open before the hello");
  // What was on its way is lost, whole or in parts.
  node.say(client, { do: "message", id: 4 }, { do: "hello" });
  node.gateway.handleData(client, new TextEncoder().encode('{"do":"hel'));
  node.gateway.handleData(
    client,
    new TextEncoder().encode('lo","restart":1}\n{"do":"resume"}\n'),
  );
  lab.settle();
  assertEquals(
    only(next).text,
    '{"do":"hello","restart":1}\n{"do":"resume"}\n',
  );
  assertEquals([node.finished, node.aborted], [[], []]);
  next.send("welcome back\n");
  lab.settle();
  assertEquals(node.take(client), "welcome back\n");
});

Deno.test("a core that was replaced is not heard any more", () => {
  const { lab, core, node, client, id } = loggedIn();
  lab.begin();
  node.take(client);
  core.send("stale\n", [id]);
  core.links.finish(id);
  lab.announce(core);
  lab.settle();
  assertEquals(node.take(client), "");
  assertEquals(node.finished, []);
  assertEquals(node.gateway.core?.term, 2);
});

Deno.test("a message that is lost in either direction ends the attachment, and the next one begins anew", () => {
  for (const from of ["core", "gateway"] as const) {
    const { lab, core, node, client, id } = loggedIn();
    let lost = false;
    lab.passes = (sender) => {
      if (lost || sender !== from) return true;
      lost = true;
      return false;
    };
    if (from === "core") core.send("lost\n", [id]);
    else node.say(client, { do: "lost" });
    lab.settle();
    assert(lost);
    if (from === "core") core.send("never seen\n", [id]);
    else node.say(client, { do: "never seen" });
    lab.advance(2_000);
    assertEquals(core.closed, [id], from);
    assertEquals(node.take(client), '{"ev":"restart","number":1}\n', from);
    node.say(client, { do: "hello", restart: 1 });
    lab.settle();
    assertEquals(only(core).text, '{"do":"hello","restart":1}\n');
  }
});

Deno.test("a hello that answers an earlier restart is not taken for the last one", () => {
  const { lab, core, node, client } = loggedIn();
  core.isAlive = false;
  lab.begin().isAlive = false;
  const last = lab.begin();
  node.say(client, { do: "hello", restart: 1 }, { do: "resume" });
  lab.settle();
  assertEquals(last.connections.size, 0);
  node.say(client, { do: "hello", restart: 2 });
  lab.settle();
  assertEquals(only(last).text, '{"do":"hello","restart":2}\n');
});

Deno.test("who does not know of restarts, or was not logged in yet, is hung up on and comes back", () => {
  const { lab, core, node, client } = loggedIn({ restarts: false });
  const newcomer = node.connect();
  node.say(newcomer, { do: "hello" });
  const silent = node.connect();
  lab.settle();
  core.isAlive = false;
  const next = lab.begin();
  for (const each of [client, newcomer]) {
    assertMatch(node.take(each), /^\{"ev":"bye","code":"shutting_down".*\n$/);
  }
  assertEquals(node.finished, [client, newcomer]);
  // Who had said nothing has lost nothing.
  assertEquals(only(next).remote.port, silent);
});

Deno.test("without a core strangers wait a while, then everybody is told", () => {
  const lab = new ClusterLab();
  const [node] = lab.gateways;
  assert(node !== undefined);
  const early = node.connect();
  node.say(early, { do: "hello" });
  lab.advance(patienceMs / 2);
  assertEquals(node.take(early), "");
  const core = lab.begin();
  assertEquals(only(core).text, '{"do":"hello"}\n');
  core.links.enter([...core.connections.keys()][0]!, true);
  lab.settle();
  core.isAlive = false;
  lab.advance(patienceMs / 2);
  assertEquals(node.take(early), "");
  lab.advance(patienceMs + 1_000);
  assertMatch(node.take(early), /"code":"unavailable"/);
  const late = node.connect();
  node.say(late, { do: "hello" });
  assertMatch(node.take(late), /"code":"unavailable"/);
  assertEquals(node.finished, [early, late]);
  const silent = node.connect();
  lab.advance(limits.deadMs + 1_000);
  assertEquals(node.aborted, [silent]);
  const next = lab.begin();
  const again = node.connect();
  node.say(again, { do: "hello" });
  lab.settle();
  assertEquals(node.take(again), "");
  // It is the node that is cut off: who could find another one is told sooner.
  next.isAlive = false;
  node.isReachable = false;
  lab.advance(cutOffMs + 6_000);
  assertMatch(node.take(again), /"code":"(unavailable|shutting_down)"/);
});

Deno.test("what strangers send while there is no core is bounded", () => {
  const lab = new ClusterLab();
  const [node] = lab.gateways;
  assert(node !== undefined);
  const loud = node.connect();
  for (let count = 0; count < 20; count++) {
    node.gateway.handleData(loud, new Uint8Array(4096));
  }
  assertEquals(node.aborted, [loud]);
  for (let count = 0; count < limits.unauthenticated + 5; count++) {
    node.connect();
  }
  assertEquals(node.aborted.length, 6);
});

Deno.test("a core that stops says so, and a gateway that stops takes its clients with it", () => {
  const { lab, core, node, client, id } = loggedIn({ gateways: 2 });
  core.links.close();
  lab.settle();
  assertEquals(node.gateway.core, undefined);
  core.isAlive = false;
  const next = lab.begin();
  node.say(client, { do: "hello", restart: 1 });
  lab.settle();
  assertEquals(next.connections.size, 1);
  assertEquals(id, 2 ** 32 + 1);
  node.gateway.close();
  lab.settle();
  assertEquals(next.connections.size, 0);
  assertEquals(next.detached, ["it ended"]);
});

Deno.test("messages to the core may be anything", () => {
  const random = new SeededRandom(3);
  const { lab, core, node, client } = loggedIn();
  const seen: Uint8Array[] = [];
  lab.passes = (from, bytes) => {
    if (from === "gateway") seen.push(bytes.slice());
    return true;
  };
  for (let count = 0; count < 50; count++) node.say(client, { do: "ping" });
  lab.settle();
  lab.advance(1_500);
  const links = new CoreLinks(1, core, lab.now);
  for (let run = 0; run < 5_000; run++) {
    const bytes = seen[random.below(seen.length)]!.slice();
    bytes[random.below(bytes.length)] = random.below(256);
    links.handleMessage(bytes, lab.now);
    links.handleTimeout(lab.now++);
    while (links.pollMessage() !== undefined);
  }
});

Deno.test("a gateway says who is the core where that is not heard, and who has another version", () => {
  const lab = new ClusterLab(1);
  const [node] = lab.gateways;
  assert(node !== undefined);
  node.holder = "far";
  lab.advance(patienceMs);
  assertEquals(node.gateway.hasHeard, false);
  assertEquals(node.reports, [
    'node "far" is the core, but nothing is heard of it over NATS: nobody can ' +
    "log in; start all nodes with the same --nats",
  ]);
  const core = new LabCore(1, lab.now);
  lab.announce(core, { version: "2" });
  lab.announce(core, { version: "2" });
  assertEquals(node.gateway.hasHeard, true);
  assertEquals(node.reports.slice(1), [
    'node "node 1" is the core and has version 2, this one 1',
  ]);
  const later = new LabCore(2, lab.now);
  lab.announce(later, { version: "3", format: 2 });
  assertEquals(node.reports.slice(2), [
    'node "node 2" is the core and has version 3, which this version 1 cannot ' +
    "serve clients with: bring both to one version",
  ]);
  // What is not understood is not asked for.
  assertEquals(node.gateway.pollMessage(), undefined);
});

Deno.test("a gateway and its core know how far the other is behind", () => {
  const { lab, core, node } = loggedIn();
  lab.advance(1_000);
  const lag = () => [node.gateway.lag(lab.now), ...core.links.lags(lab.now)];
  assertEquals(lag().map((each) => [each?.from, each?.node]), [
    ["gateway", "node 1"],
    ["core", node.run],
  ]);
  for (const each of lag()) {
    assert(each !== undefined && each.silentMs <= 1_250 && each.bytes < 200);
  }
  lab.passes = () => false;
  core.send("x".repeat(10_000));
  lab.settle();
  lab.now += 3_000;
  const [ofCore, ofGateway] = lag();
  assert(ofCore !== undefined && ofCore.silentMs >= 3_000);
  assert(ofGateway !== undefined && ofGateway.bytes > 10_000);
});
