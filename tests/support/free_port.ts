/** Ports for servers that are restarted, and on which nobody listens. */

/**
 * A port of 127.0.0.1 that is free for TCP and UDP, below the range from which
 * the system takes the ports of outgoing connections: while a server is down,
 * none of those can take its port, and no other test is given it. Nothing
 * listens there, not even for a moment: while another thread of the tests
 * starts a program, what this one has closed goes on to answer.
 */
export function freePort(): number {
  for (let attempt = 1; attempt < range; attempt++) {
    const given = next++;
    const port = first + 1 + given % (range - 1);
    // The first time, the whole range was found free.
    if (given < range - 1 || isFree(port)) return port;
  }
  throw new Error(`No free port from ${first} to ${first + range - 1}`);
}

/** Takes a range that nobody on this machine uses, by its first port. */
function takeRange(): number {
  const start = Math.floor(Math.random() * ranges);
  for (let attempt = 0; attempt < ranges; attempt++) {
    const port = lowest + (start + attempt) % ranges * range;
    try {
      // Open until this program ends.
      const held = Deno.listenDatagram({ hostname, port, transport: "udp" });
      const others = Array.from({ length: range - 1 }, (_, i) => port + 1 + i);
      if (others.every(isFree)) return port;
      held.close();
    } catch (error) {
      // Tests that may not use the network ask for no port.
      if (error instanceof Deno.errors.NotCapable) return lowest;
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("No free range of ports");
}

function isFree(port: number): boolean {
  try {
    using _tcp = Deno.listen({ hostname, port });
    const udp = Deno.listenDatagram({ hostname, port, transport: "udp" });
    udp.close();
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return false;
  }
}

const hostname = "127.0.0.1";
const lowest = 10_000;
/** Ports of a range, and how many ranges there are. */
const range = 100;
const ranges = 220;
/** Not within a test, which would have to close what it opens. */
const first = takeRange();
let next = 0;
