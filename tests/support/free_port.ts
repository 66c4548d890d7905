/** A port for a server that is going to be restarted. */

/**
 * A port of 127.0.0.1 that is free for TCP and UDP, below the range from which
 * the system takes the ports of outgoing connections: while a server is down,
 * none of those can take its port.
 */
export function freePort(): number {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    try {
      using _tcp = Deno.listen({ hostname, port });
      const udp = Deno.listenDatagram({ hostname, port, transport: "udp" });
      udp.close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error(`No free port from ${lowest} to ${highest}`);
}

const hostname = "127.0.0.1";
const lowest = 10_000;
const highest = 32_000;
