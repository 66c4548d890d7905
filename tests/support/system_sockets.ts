/**
 * The TCP sockets of the system at a local port, whoever has them or had
 * them: what a program has closed may still be there. Linux only.
 *
 * @param remote The port at the other end: the system gives a port that was not
 * asked for by number to connections with different other ends at once.
 * @returns The ports at their other ends; what only listens is none.
 */
export async function systemSockets(
  port: number,
  remote?: number,
): Promise<number[]> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => Deno.readTextFile(path)),
  );
  const lines = tables.flatMap((table) => table.split("\n").slice(1, -1));
  return lines.flatMap((line) => {
    const [, local = "", other = "", state] = line.trim().split(/\s+/);
    if (portOf(local) !== port || state === listening) return [];
    return [portOf(other)].filter((each) => each === (remote ?? each));
  });
}

function portOf(address: string): number {
  return parseInt(address.split(":").at(-1) ?? "", 16);
}

const listening = "0A";
