import type { ServerFrame } from "../protocol/server_frame.ts";
import { type EventRouterHost, routeEvent } from "./event_router.ts";
import type { RequestQueue } from "./request_queue.ts";
import type { LinkFault } from "./server_link.ts";

/**
 * Passes a frame of the server on: a reply to the request that it answers, an
 * event to the part that it concerns.
 *
 * @returns What the frame says of the connection as a whole, when it does.
 */
export function routeFrame(
  frame: ServerFrame,
  requests: RequestQueue,
  router: EventRouterHost,
): LinkFault | undefined {
  switch (frame.kind) {
    case "event":
      routeEvent(frame.event, router);
      return undefined;
    case "ok":
      requests.handleOk(frame.re, frame.ok);
      return undefined;
    case "error": {
      const { code = "unknown_error", message, re, wait } = frame;
      // Without `re` it is about the connection as a whole.
      if (re === undefined) return { code, message };
      if (code === "too_fast" && wait !== undefined) {
        requests.handleTooFast(re, wait, router.now().mono);
      } else requests.handleError(re, code, message);
      return undefined;
    }
  }
}
