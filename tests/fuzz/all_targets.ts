import { clientDatagramsTarget } from "./client_datagrams_target.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { serverDatagramsTarget } from "./server_datagrams_target.ts";
import { serverFramesTarget } from "./server_frames_target.ts";
import { pureTargets } from "./targets.ts";

/** Those of {@link pureTargets} and those that drive real programs. */
export const allTargets: readonly FuzzTarget[] = [
  ...pureTargets,
  serverFramesTarget,
  serverDatagramsTarget,
  clientDatagramsTarget,
];
