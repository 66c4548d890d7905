/**
 * Tells when the server must hear that this user is busy with other clients,
 * which it cannot see, so that it does not log out who only looks idle.
 */
export class ActivityReport {
  #isPending = false;
  #reportedAt = -Infinity;

  /** There was traffic with another client. */
  note(): void {
    this.#isPending = true;
  }

  /** True when the server is to be told now, monotonic ms; it then was. */
  takeDue(now: number): boolean {
    const at = this.pollTimeout();
    if (at === undefined || now < at) return false;
    this.#isPending = false;
    this.#reportedAt = now;
    return true;
  }

  /** When {@link takeDue} will be true, monotonic ms. */
  pollTimeout(): number | undefined {
    return this.#isPending ? this.#reportedAt + intervalMs : undefined;
  }
}

/** Shorter than the shortest time-out that makes sense. */
const intervalMs = 1000;
