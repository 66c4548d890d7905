import { BlockChecks } from "../../lib/transfer/block_checks.ts";
import { blockCheck } from "../../lib/transfer/content_digest.ts";
import { transferLimits } from "../../lib/transfer/transfer_limits.ts";

/** The checksums of a file of these bytes, or of its first blocks. */
export function checksOf(bytes: Uint8Array): BlockChecks {
  const checks = new BlockChecks();
  const { blockBytes } = transferLimits;
  for (let at = 0; at < bytes.length; at += blockBytes) {
    checks.push(blockCheck(bytes.subarray(at, at + blockBytes)));
  }
  return checks;
}
