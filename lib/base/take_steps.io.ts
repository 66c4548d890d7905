import type { Steps } from "./steps.ts";

/**
 * Takes all steps, and lets timers, sockets and files have their turn after some
 * milliseconds of them.
 *
 * @param signal Stops it between two steps, with what that was aborted with.
 */
export async function takeSteps<Result>(
  steps: Steps<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  let giveWayAt = performance.now() + turnMs;
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (performance.now() < giveWayAt) continue;
    // Not 0: while a timer is due the event loop hardly looks for what comes.
    await new Promise((goOn) => setTimeout(goOn, 1));
    signal?.throwIfAborted();
    giveWayAt = performance.now() + turnMs;
  }
}

/** How long others wait at most for their turn, about, ms. */
const turnMs = 25;
