/** True when a `bye` with this code means that the server does not want this session back. */
export function isFinalBye(code: string): boolean {
  return finalByes.has(code);
}

const finalByes = new Set([
  "idle",
  "account_removed",
  "session_moved",
  "login_failed_blocked",
]);
