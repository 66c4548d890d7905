import type { SentPaths } from "../../lib/client/commands/transfer_info.ts";

/** What is sent when only one path was typed. */
export function onePath(path: string): SentPaths {
  return { path, paths: [], followsLinks: false };
}
