/**
 * The one place that says with which code the client's program ends. The table
 * is what `--help` and the man page show.
 */
import type { CommandFailure } from "./client_event.ts";
import type { ExitCodeRow } from "../../cli/program_page.ts";

/** Why a run of the client is over. */
export type RunEnd =
  /** The user logged out, or everything asked for was done. */
  | "done"
  | "login-refused"
  /** The user ended the session on another device, or logged in there instead. */
  | "ended-elsewhere"
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
 * @param failedCommands Codes of the `--exec` commands that failed, in order:
 * the first one counts.
 */
export function exitCode(
  reason: RunEnd,
  failedCommands: readonly string[] = [],
): number {
  switch (reason) {
    case "interrupted":
      return 130;
    case "login-refused":
    case "ended-elsewhere":
      return 3;
    case "unreachable":
      return 4;
    case "untrusted":
    case "ended-by-server":
    case "protocol":
      return 1;
    case "done": {
      const [first] = failedCommands;
      return first === undefined ? 0 : byCommandCode.get(first) ?? 1;
    }
  }
}

/** The code of a failed command that decides for {@link exitCode}. */
export function decidingCode(
  { command, code }: Pick<CommandFailure, "command" | "code">,
): string {
  // Offered to oneself: none of the user's other devices is there.
  const isAlone = code === "is_self" && offering.has(command);
  return isAlone ? "user_offline" : code;
}

/** Every exit code of the client. */
export const exitCodes: readonly ExitCodeRow[] = [
  {
    code: 0,
    help: "a clean logout; with --exec, every command succeeded",
  },
  {
    code: 1,
    help:
      "another failure: a command that was refused, a changed server key, " +
      "a session that the server ended",
  },
  { code: 2, help: "wrong usage: command line, configuration or command" },
  {
    code: 3,
    help: "the login was refused, or the session ended from another device",
  },
  { code: 4, help: "the server, or the other side, cannot be reached" },
  { code: 5, help: "the other side is offline or declined" },
  { code: 6, help: "a file changed or was damaged on its way" },
  { code: 7, help: "a disk is full or cannot be written" },
  {
    code: 130,
    help: "interrupted: Ctrl-C, a signal, or nobody reads the output any more",
  },
];

/** Commands that may be for another device of the user. */
const offering = new Set(["p2pvideo", "startprivate"]);

/** Codes of failed commands that do not mean 1. */
const byCommandCode = new Map([
  ["usage", 2],
  ["unknown_command", 2],
  ["not_a_command", 2],
  ["connection_lost", 4],
  ["heartbeat_missed", 4],
  ["not_confirmed", 4],
  ["unreachable", 4],
  ["quota", 4],
  ["user_offline", 5],
  ["rejected", 5],
  ["expired", 5],
  ["busy", 5],
  ["cancelled", 5],
  ["integrity", 6],
  ["changed", 6],
  ["space", 7],
  ["storage", 7],
  ["removed", 7],
  ["storage_failed", 7],
]);
