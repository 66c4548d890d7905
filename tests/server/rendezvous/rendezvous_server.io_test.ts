import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { limits } from "../../../lib/wire/limits.ts";
import {
  encodeBind,
  openBound,
} from "../../../lib/wire/rendezvous_datagram.ts";
import type { RendezvousNews } from "../../../lib/server/model/rendezvous_change.ts";
import { RendezvousServer } from "../../../lib/server/rendezvous/rendezvous_server.io.ts";
import { systemClock, systemRandom } from "../../../lib/system/clock.io.ts";
import { waitUntil } from "../../support/wait_until.ts";

Deno.test("RendezvousServer answers datagrams, and tells where a client is and that it fell silent", async () => {
  const news: RendezvousNews[] = [];
  let ahead = 0;
  const handleNews = (each: RendezvousNews) => {
    news.push(each);
    // Nearly as late as a client may be.
    ahead = limits.bindingMs - 20;
  };
  const clock = () => {
    const { mono, wall } = systemClock();
    return { mono: mono + ahead, wall };
  };
  const server = new RendezvousServer(0, handleNews, clock);
  assertEquals([server.port, server.probePort], [0, 0]);
  server.open("127.0.0.1", 0);
  server.openProbes("127.0.0.1");
  assert(server.port > 0 && server.probePort > 0);
  assertThrows(() =>
    new RendezvousServer(0, () => {}, clock).open("127.0.0.1", server.port)
  );

  const [id, key] = [systemRandom.bytes(8), systemRandom.bytes(32)];
  server.handleChange({ do: "bind", client: 7, id: encodeHex(id), key });
  const local = { transport: "udp", hostname: "127.0.0.1" } as const;
  const socket = Deno.listenDatagram({ ...local, port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  await socket.send(encodeBind(id, key, 1), { ...local, port: server.port });
  const [answer] = await socket.receive();
  const seen = { ip: "127.0.0.1", port };
  assertEquals(openBound(answer, id, key), { number: 1, seen });
  assertEquals(server.counters.datagrams, 1);
  await waitUntil("its silence is told", () => news.length === 2);
  assertEquals(news, [
    { what: "seen", client: 7, addresses: [seen] },
    { what: "seen", client: 7, addresses: [] },
  ]);
  socket.close();
  await server.close();
});
