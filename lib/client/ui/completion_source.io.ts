import type { ClientView } from "../events/client_view.ts";
import { filesLike } from "./files_like.io.ts";
import type { CompletionSource } from "./terminal/completer.ts";

/** What Tab completes from: what a client's user sees, and this machine's files. */
export function completionSource(view: ClientView): CompletionSource {
  return {
    users: () => view.users(),
    groups: () => view.groups(),
    devices: () => view.devices(),
    sessions: () => view.sessions().map(({ user }) => user),
    blocked: () => view.blocked(),
    files: filesLike,
  };
}
