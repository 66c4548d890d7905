import { Bbr } from "./bbr.ts";
import type { CongestionController } from "./congestion.ts";
import { LocalController } from "./local_controller.ts";

/** The congestion controller that suits a path, local or through a network. */
export function controllerFor(isLocal: boolean): CongestionController {
  return isLocal ? new LocalController() : new Bbr();
}
