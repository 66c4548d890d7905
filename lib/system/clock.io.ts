import type { Instant, Random } from "../base/ports.ts";

/** The present moment of the system's clocks. */
export function systemClock(): Instant {
  return { mono: performance.now(), wall: Date.now() };
}

/** The operating system's cryptographic randomness. */
export const systemRandom: Random = {
  bytes(length) {
    return crypto.getRandomValues(new Uint8Array(length));
  },
};

/** Resolves after `ms`. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * What `promise` resolves to, unless that takes longer than `ms`.
 *
 * @param discard Gets what comes too late, to free it.
 * @throws {Deno.errors.TimedOut} after `ms`.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  discard?: (late: T) => void,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let late = false;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = true;
      reject(notInTime());
    }, ms);
  });
  promise.then((value) => late && discard?.(value), () => {});
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What `attempt` resolves to, unless that takes longer than `ms`.
 *
 * @param attempt Leaves nothing behind when its signal is aborted.
 * @param outer Aborts it, too.
 * @throws {Deno.errors.TimedOut} after `ms`.
 */
export async function withinTime<T>(
  ms: number,
  attempt: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(notInTime()), ms);
  const giveUp = () => controller.abort(outer?.reason);
  outer?.addEventListener("abort", giveUp);
  if (outer?.aborted) giveUp();
  try {
    return await attempt(controller.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", giveUp);
  }
}

function notInTime(): Error {
  return new Deno.errors.TimedOut("the server does not answer");
}

/** Waits `ms`, or less when aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
