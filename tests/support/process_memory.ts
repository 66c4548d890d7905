/**
 * Memory that a process holds at this moment, bytes (Linux only).
 *
 * @throws {Deno.errors.NotFound} when there is no such process.
 */
export function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kilobytes = status.match(/^VmRSS:\s+(\d+) kB$/m)?.[1];
  if (kilobytes === undefined) throw new Error(`${pid} has no VmRSS`);
  return Number(kilobytes) * 1024;
}
