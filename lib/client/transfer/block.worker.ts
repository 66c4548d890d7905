/**
 * The thread of a {@link BlockThread}: seals and opens blocks. Loaded as
 * a worker, never imported.
 */
import {
  type BlockCall,
  BlockJobs,
  type BlockReply,
} from "./block_thread.io.ts";

/** What a worker has in place of a window. */
interface WorkerScope {
  onmessage: (event: MessageEvent<BlockCall>) => void;
  postMessage(reply: BlockReply, transfer: ArrayBufferLike[]): void;
}

const jobs = new BlockJobs();

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => {
  try {
    const reply = jobs.handle(data);
    if (reply !== undefined) scope.postMessage(reply, memoryOf(reply));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    scope.postMessage({ error: text }, []);
  }
};

/** What changes threads with a reply instead of being copied. */
function memoryOf(reply: BlockReply): ArrayBufferLike[] {
  if ("error" in reply) return [];
  if ("blocks" in reply) return reply.blocks.map(({ buffer }) => buffer);
  if ("forged" in reply) return [reply.forged.buffer];
  return reply.opened.map(({ plaintext }) => plaintext.buffer);
}
