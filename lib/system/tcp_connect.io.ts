/** Connects to a host by its name, on whichever of its addresses answers. */
import { lookup } from "node:dns/promises";
import { type SocketAddress, TcpSocket } from "./tcp_socket.io.ts";

/**
 * Tries the host's addresses one after the other, each a little later than the
 * one before or when that has failed; the first connection wins.
 *
 * @param signal Gives up; nothing of the attempts is left then.
 * @throws {Error} when there is no connection.
 */
export async function connectTcp(
  { hostname, port }: SocketAddress,
  signal: AbortSignal,
): Promise<TcpSocket> {
  const addresses = await find(hostname);
  signal.throwIfAborted();
  const attempts = new AbortController();
  const giveUp = () => attempts.abort(signal.reason);
  signal.addEventListener("abort", giveUp);
  try {
    return await firstOf(addresses, port, attempts);
  } finally {
    signal.removeEventListener("abort", giveUp);
    attempts.abort();
  }
}

async function find(hostname: string): Promise<string[]> {
  try {
    const found = await lookup(hostname, { all: true });
    return found.map(({ address }) => address);
  } catch {
    throw new Error("the host name is unknown");
  }
}

function firstOf(
  addresses: readonly string[],
  port: number,
  attempts: AbortController,
): Promise<TcpSocket> {
  const { signal } = attempts;
  return new Promise((resolve, reject) => {
    let next = 0;
    let failed = 0;
    let reason: unknown;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tryNext = () => {
      clearTimeout(timer);
      const hostname = addresses[next++];
      if (hostname === undefined || signal.aborted) return;
      timer = setTimeout(tryNext, staggerMs);
      TcpSocket.connect({ hostname, port }, signal).then((socket) => {
        clearTimeout(timer);
        // The one that won has stopped the others.
        if (signal.aborted) return socket.reset();
        resolve(socket);
        attempts.abort();
      }, (error) => {
        reason ??= error;
        if (++failed === addresses.length || signal.aborted) {
          clearTimeout(timer);
          reject(signal.aborted ? signal.reason : reason);
        } else tryNext();
      });
    };
    tryNext();
  });
}

/** How long an address is tried before the next one is tried, too, ms. */
const staggerMs = 250;
