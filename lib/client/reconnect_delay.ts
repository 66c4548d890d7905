import type { Random } from "../protocol/random.ts";

/**
 * Milliseconds to wait before reconnection attempt `attempt` (from 0): doubles
 * from half a second to fifteen seconds, with a quarter of jitter either way so
 * that the clients of a restarted server do not all come at once.
 */
export function reconnectDelay(attempt: number, random: Random): number {
  const base = Math.min(firstMs * 2 ** Math.min(attempt, 16), longestMs);
  const jitter = 0.75 + 0.5 * (random.bytes(1)[0] ?? 0) / 255;
  return Math.min(Math.max(base * jitter, firstMs / 2), longestMs);
}

const firstMs = 500;
const longestMs = 15_000;
