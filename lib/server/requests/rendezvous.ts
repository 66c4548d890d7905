/**
 * What a client needs to talk to the server's UDP port.
 *
 *     {"id":5,"do":"rendezvous"}
 *     {"id":2,"do":"probe"}
 */
import type { Instant } from "../../base/ports.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { Connection } from "../model/connection.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const rendezvousRules: Rules<"probe" | "rendezvous"> = {
  probe: { needs: "hello", activity: false, handle: probe },
  rendezvous: { needs: "session", activity: false, read: rendezvous },
};

/** Gives the client an id and a key; those it had before are void. */
function rendezvous(
  server: ServerContext,
  session: Session,
): ReplyFields<"rendezvous"> {
  return server.bindings.issue(session.device);
}

/** Gives anybody an id and a key that are good for a look at the way, for a minute. */
function probe(
  server: ServerContext,
  { remote }: Connection,
  _request: RequestFields<"probe">,
  now: Instant,
): ReplyFields<"probe"> {
  const { otherUdpPort = 0 } = server.options;
  const otherPort = remote.udp?.probePort ?? otherUdpPort;
  return { ...server.grantProbes(now), otherPort };
}
