/**
 * The TCP sockets of the system at a local port, whoever has them or had
 * them: what a program has closed may still be there. Linux only.
 *
 * @returns The ports at their other ends; what only listens is none.
 */
export async function systemSockets(port: number): Promise<number[]> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => Deno.readTextFile(path)),
  );
  const lines = tables.flatMap((table) => table.split("\n").slice(1, -1));
  return lines.flatMap((line) => {
    const [, local = "", remote = "", state] = line.trim().split(/\s+/);
    return portOf(local) === port && state !== listening
      ? [portOf(remote)]
      : [];
  });
}

function portOf(address: string): number {
  return parseInt(address.split(":").at(-1) ?? "", 16);
}

const listening = "0A";
