/**
 * The thread of a {@link TreeThread}: walks, reads and writes the files of one
 * offer with calls that wait for the disk. Loaded as a worker, never imported.
 */
import { SourceError } from "../files/source_error.io.ts";
import { SinkError } from "../files/sink_error.io.ts";
import { TreeJob } from "./tree_job.io.ts";
import type { TreeCall, TreeReply } from "./tree_thread.io.ts";

/** What a worker has in place of a window. */
interface WorkerScope {
  onmessage: (event: MessageEvent<TreeCall>) => void;
  postMessage(reply: TreeReply, transfer: ArrayBufferLike[]): void;
}

const job = new TreeJob();
let working: Promise<void> = Promise.resolve();
/** Calls that are not answered. */
let waiting = 0;
let isResting = false;

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => {
  waiting++;
  working = working.then(() => work(data)).then(() => {
    if (--waiting === 0) setTimeout(rest, restMs);
  });
};

/** Nothing has been asked for a moment. */
async function rest(): Promise<void> {
  if (waiting > 0 || isResting) return;
  isResting = true;
  // Whatever fails is seen again, and told, by what is asked later.
  await job.handleIdle(() => waiting === 0).catch(() => {});
  isResting = false;
}

async function work(call: TreeCall): Promise<void> {
  try {
    const reply = await job.handle(call);
    const bytes = "bytes" in reply ? [reply.bytes.buffer] : [];
    scope.postMessage(reply, bytes);
  } catch (error) {
    scope.postMessage({ error: describe(error) }, []);
  }
}

function describe(error: unknown) {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof SourceError) {
    return { kind: "source", failure: error.failure, message } as const;
  }
  if (error instanceof SinkError) {
    return { kind: "sink", failure: error.failure, message } as const;
  }
  const kind = error instanceof RangeError ? "range" : "other";
  return { kind, message } as const;
}

/** A thread that has more to do is asked sooner. */
const restMs = 3;
