import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { UdpEndpoint } from "../../../lib/client/transfer/udp_endpoint.io.ts";
import { packetType, transferKey } from "../../../lib/engine/packets/packet.ts";

/** A datagram of some transfer, as far as an endpoint looks at it. */
function datagram(first: number): Uint8Array {
  const bytes = new Uint8Array(40);
  bytes[0] = 0x51;
  bytes[39] = first;
  return bytes;
}

/** Two endpoints on this machine, and what comes at each, as it comes. */
function endpoints() {
  const ends = [
    new UdpEndpoint(0, "127.0.0.1"),
    new UdpEndpoint(0, "127.0.0.1"),
  ];
  const arrivals = ends.map((endpoint) => {
    const queue: { last: number; path: number }[] = [];
    let wake = () => {};
    endpoint.register(transferKey(datagram(0)), (bytes, path) => {
      queue.push({ last: bytes[39]!, path });
      wake();
    });
    return async () => {
      while (queue.length === 0) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      return queue.shift()!;
    };
  });
  return { ends, arrivals };
}

Deno.test("UdpEndpoint has a socket of its own for each subflow, both ways", async () => {
  const { ends: [here, there], arrivals: [comesHere, comesThere] } =
    endpoints();
  const path = here!.path({ ip: "127.0.0.1", port: there!.port });
  const seen = new Set<number>();
  for (const subflow of [0, 1, 2, 1]) {
    await here!.send(datagram(subflow), path, subflow);
    const { last, path: back } = await comesThere!();
    assertEquals(last, subflow);
    seen.add(there!.address(back).port);
    await there!.send(datagram(10 + subflow), back);
    assertEquals((await comesHere!()).last, 10 + subflow);
  }
  assertEquals(seen.size, 3);
  assert(seen.has(here!.port));
  await Promise.all([here!.close(), there!.close()]);
});

Deno.test("UdpEndpoint frees the ports of subflows when it is closed", async () => {
  const { ends: [here, there], arrivals: [, comesThere] } = endpoints();
  const path = here!.path({ ip: "127.0.0.1", port: there!.port });
  await here!.send(datagram(1), path, 1);
  const { port } = there!.address((await comesThere!()).path);
  assertNotEquals(port, here!.port);
  await here!.close();
  const again = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port,
  });
  assertEquals((again.addr as Deno.NetAddr).port, port);
  again.close();
  await there!.close();
});

Deno.test("UdpEndpoint sends nothing once it is closed, nor to unknown paths", async () => {
  const endpoint = new UdpEndpoint(0, "127.0.0.1");
  await endpoint.send(datagram(1), 77);
  const path = endpoint.path({ ip: "127.0.0.1", port: endpoint.port });
  await endpoint.close();
  await endpoint.send(datagram(1), path, 3);
});

Deno.test("UdpEndpoint gives a probe that came before there was anybody to get it", async () => {
  const [here, there] = [
    new UdpEndpoint(0, "127.0.0.1"),
    new UdpEndpoint(0, "127.0.0.1"),
  ];
  const probe = datagram(5);
  probe[0] = packetType.probe;
  const other = probe.slice();
  other[5] = 1;
  const path = here.path({ ip: "127.0.0.1", port: there.port });
  const isHere = Promise.withResolvers<void>();
  there.register(transferKey(other), () => isHere.resolve());
  await here.send(probe, path);
  await here.send(other, path);
  // What was sent before it is there, too.
  await isHere.promise;
  const got = Promise.withResolvers<unknown[]>();
  there.register(
    transferKey(probe),
    (bytes, from, isEarly) =>
      got.resolve([bytes[39], there.address(from).port, isEarly]),
  );
  assertEquals(await got.promise, [5, here.port, true]);
  await Promise.all([here.close(), there.close()]);
});
