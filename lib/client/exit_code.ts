/** The one place that says with which code the client's program ends. */

/** Why a session is over. */
export type EndReason =
  /** The user logged out, or everything asked for was done. */
  | "done"
  | "login-refused"
  | "unreachable"
  /** The server is not the one it was, or TLS is not as agreed on. */
  | "untrusted"
  /** The server ended the session: idle, account removed, moved elsewhere. */
  | "ended-by-server"
  | "interrupted"
  /** The server does not speak a protocol this client knows. */
  | "protocol";

/**
 * Exit code of the client.
 *
 * @param failedCommands Codes of the `--exec` commands that failed, in order.
 */
export function exitCode(
  reason: EndReason,
  failedCommands: readonly string[] = [],
): number {
  switch (reason) {
    case "interrupted":
      return 130;
    case "login-refused":
    case "unreachable":
    case "untrusted":
    case "ended-by-server":
    case "protocol":
      return 1;
    case "done":
      return failedCommands.length === 0 ? 0 : 1;
  }
}
