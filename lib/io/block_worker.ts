/**
 * The thread of a {@link BlockThread}: seals and opens blocks. Loaded as
 * a worker, never imported.
 */
import type { BlockCall, BlockReply } from "./block_call.ts";
import { BlockJobs } from "./block_jobs.ts";

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

/** The large arrays of a reply: these change threads instead of being copied. */
function memoryOf(reply: BlockReply): ArrayBufferLike[] {
  if ("error" in reply) return [];
  const memory = [reply.spare.buffer];
  if ("blocks" in reply) {
    for (const { ciphertext } of reply.blocks) addTo(memory, ciphertext);
  } else {
    for (const { plaintext } of reply.opened ?? []) addTo(memory, plaintext);
  }
  return memory;
}

function addTo(memory: ArrayBufferLike[], bytes: Uint8Array): void {
  // Small ones may share their memory with others.
  if (bytes.byteLength === bytes.buffer.byteLength) memory.push(bytes.buffer);
}
