/**
 * The TCP sockets of the system at a local IPv4 port, whoever has them or had
 * them: what a program has closed may still be there. Linux only.
 *
 * @returns The ports at their other ends; what only listens is none.
 */
export async function systemSockets(port: number): Promise<number[]> {
  const table = await Deno.readTextFile("/proc/net/tcp");
  return table.split("\n").slice(1, -1).flatMap((line) => {
    const [, local = "", remote = "", state] = line.trim().split(/\s+/);
    return portOf(local) === port && state !== listening
      ? [portOf(remote)]
      : [];
  });
}

function portOf(address: string): number {
  return parseInt(address.split(":")[1] ?? "", 16);
}

const listening = "0A";
