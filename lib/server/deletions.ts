/**
 * Messages that were deleted a moment ago: what the store was asked before may
 * not know it yet.
 */
export class Deletions {
  readonly #messages = new Set<number>();

  /** Notes the id of a message; forgets the oldest of very many. */
  add(message: number): void {
    this.#messages.add(message);
    if (this.#messages.size <= remembered) return;
    const [oldest] = this.#messages;
    if (oldest !== undefined) this.#messages.delete(oldest);
  }

  /** The deletion was not stored. */
  remove(message: number): void {
    this.#messages.delete(message);
  }

  has(message: number): boolean {
    return this.#messages.has(message);
  }
}

/** More than there can be between a question and its answer. */
const remembered = 10_000;
