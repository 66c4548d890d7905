/**
 * The thread of a {@link TreeThread}: walks, reads and writes the files of one
 * offer with calls that wait for the disk. Loaded as a worker, never imported.
 */
import { answerCalls } from "../../system/thread.io.ts";
import { TreeJob } from "./tree_job.io.ts";
import type { TreeCall } from "./tree_thread.io.ts";

const job = new TreeJob();
let working: Promise<void> = Promise.resolve();
/** Calls that are not answered. */
let waiting = 0;
let isResting = false;

answerCalls(
  (call: TreeCall) => {
    waiting++;
    const answer = working.then(() => job.handle(call));
    working = answer.then(settle, settle);
    return answer;
  },
  (answer) => "bytes" in answer ? [answer.bytes.buffer] : [],
);

function settle(): void {
  if (--waiting === 0) setTimeout(rest, restMs);
}

/** Nothing has been asked for a moment. */
async function rest(): Promise<void> {
  if (waiting > 0 || isResting) return;
  isResting = true;
  // Whatever fails is seen again, and told, by what is asked later.
  await job.handleIdle(() => waiting === 0).catch(() => {});
  isResting = false;
}

/** A thread that has more to do is asked sooner. */
const restMs = 3;
