import { BlockChecks } from "../../lib/engine/blocks/block_checks.ts";
import { blockCheck } from "../../lib/engine/blocks/content_digest.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";

/** The checksums of a file of these bytes, or of its first blocks. */
export function checksOf(bytes: Uint8Array): BlockChecks {
  const checks = new BlockChecks();
  const { blockBytes } = transferLimits;
  for (let at = 0; at < bytes.length; at += blockBytes) {
    checks.push(blockCheck(bytes.subarray(at, at + blockBytes)));
  }
  return checks;
}
