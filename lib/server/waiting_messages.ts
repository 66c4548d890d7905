/**
 * The private messages that wait for one user, by their ids: how many there are
 * decides whether the mailbox takes another one.
 */
export class WaitingMessages {
  // Made on first use: for most users nothing waits.
  #ids: number[] | undefined;

  /**
   * How many there are.
   *
   * @param cursor Messages up to this id were confirmed: they do not wait.
   */
  count(cursor: number): number {
    const ids = this.#ids;
    if (ids === undefined) return 0;
    const first = ids.findIndex((id) => id > cursor);
    if (first < 0) this.#ids = undefined;
    else if (first > 0) ids.splice(0, first);
    return this.#ids?.length ?? 0;
  }

  /** Another one waits; ids rise. */
  add(id: number): void {
    (this.#ids ??= []).push(id);
  }

  /** The one that was added last was not stored. */
  removeLast(): void {
    this.#ids?.pop();
  }
}
