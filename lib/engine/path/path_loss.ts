/**
 * The share of datagrams that a path loses, as it is told to people: only of what
 * was sent since the path is used, and only when enough was sent that a few bad
 * moments, like a receiver that was not awake yet, are not taken for the path.
 */
export class PathLoss {
  #path = -1;
  #sentBefore = 0;
  #lostBefore = 0;

  /**
   * Takes what was sent and lost so far, all paths together.
   *
   * @param path The one in use.
   * @returns Its share, 0–1, or undefined while too little was sent over it.
   */
  share(path: number, sent: number, lost: number): number | undefined {
    if (path !== this.#path) {
      this.#path = path;
      this.#sentBefore = sent;
      this.#lostBefore = lost;
    }
    const count = sent - this.#sentBefore;
    if (count < leastDatagrams) return undefined;
    // What was thought lost on the path before may have come since.
    return Math.max(lost - this.#lostBefore, 0) / count;
  }
}

const leastDatagrams = 1_000;
