/** Everything that is fuzzed without a process of its own. */
import {
  callBrowserTarget,
  callDatagramsTarget,
  callPeerTarget,
} from "./call_target.ts";
import { commandTarget } from "./command_target.ts";
import { coreTarget } from "./core_target.ts";
import { credentialsTarget } from "./credentials_target.ts";
import { fileTarget } from "./file_target.ts";
import { frameTarget } from "./frame_target.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { linkTarget } from "./link_target.ts";
import { nameTarget } from "./name_target.ts";
import { privateTarget } from "./private_target.ts";
import { rendezvousTarget } from "./rendezvous_target.ts";
import { scramTarget } from "./scram_target.ts";
import { screenTarget } from "./screen_target.ts";
import { searchTarget } from "./search_target.ts";
import { transferTarget } from "./transfer_target.ts";

/** The targets that need no permission. */
export const pureTargets: readonly FuzzTarget[] = [
  frameTarget,
  scramTarget,
  credentialsTarget,
  commandTarget,
  nameTarget,
  fileTarget,
  rendezvousTarget,
  transferTarget,
  privateTarget,
  coreTarget,
  screenTarget,
  searchTarget,
  linkTarget,
  callDatagramsTarget,
  callPeerTarget,
  callBrowserTarget,
];
