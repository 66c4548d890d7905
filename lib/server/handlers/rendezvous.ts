/**
 * What a client needs to talk to the server's UDP port.
 *
 *     {"id":5,"do":"rendezvous"}
 */
import type { ReplyFields } from "../../protocol/server_frame.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session.ts";

/** Gives the client an id and a key; those it had before are void. */
export function rendezvous(
  server: ServerContext,
  session: Session,
): ReplyFields<"rendezvous"> {
  return server.rendezvous.issue(session.user);
}
