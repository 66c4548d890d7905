/**
 * The thread of a {@link BlockThread}: seals and opens blocks. Loaded as
 * a worker, never imported.
 */
import { answerCalls } from "../../system/thread.io.ts";
import {
  type BlockCall,
  BlockJobs,
  type BlockReply,
} from "./block_thread.io.ts";

const jobs = new BlockJobs();
answerCalls((call: BlockCall) => jobs.handle(call), memoryOf);

/** What changes threads with a reply instead of being copied. */
function memoryOf(reply: BlockReply | undefined): ArrayBufferLike[] {
  if (reply === undefined) return [];
  if ("blocks" in reply) return reply.blocks.map(({ buffer }) => buffer);
  if ("forged" in reply) return [reply.forged.buffer];
  return reply.opened.map(({ plaintext }) => plaintext.buffer);
}
