/** What a process has used. */
export interface ProcessUsage {
  /** Time that all processors gave it, ms. */
  readonly cpuMs: number;
  /** The most memory that it ever had, kB. */
  readonly peakKb: number;
}

/** Of the process `pid`; Linux only. */
export function usageOf(pid: number): ProcessUsage {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!;
  const [user, system] = stat.split(" ").slice(11, 13).map(Number);
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return {
    cpuMs: tickMs * (user! + system!),
    peakKb: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0),
  };
}

const tickMs = 10;
