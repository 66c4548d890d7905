/**
 * Begins what the runtime's TLS does before it can give its first random bytes:
 * it measures how a processor's times vary, which takes a twentieth of a second
 * or more, once in a run. Done early, that goes on on another thread while the
 * program is loaded; otherwise the first handshake waits for it.
 */
export function gatherRandomness(): void {
  // Keys of most other kinds are made here and now, and not on another thread.
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  // Who needs random bytes will hear why there are none.
  crypto.subtle.generateKey(algorithm, false, ["sign"]).catch(() => {});
}
