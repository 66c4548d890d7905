/**
 * What can wait to be drawn, as nobody sees it: a few with each frame, however
 * many there are at once.
 */

/** Something that draws itself anew. */
export interface Drawable {
  forceUpdate(): void;
}

/** Those that wait. */
export class LateDraws {
  readonly #waiting = new Set<Drawable>();
  readonly #nextFrame: (act: () => void) => void;

  /** @param nextFrame Calls `act` when there is time for more. */
  constructor(nextFrame: (act: () => void) => void) {
    this.#nextFrame = nextFrame;
  }

  /** Draws it within the next frames; those that came last first. */
  add(drawable: Drawable): void {
    if (this.#waiting.size === 0) this.#nextFrame(() => this.#draw());
    this.#waiting.add(drawable);
  }

  #draw(): void {
    for (const each of [...this.#waiting].slice(-frameDraws)) {
      this.#waiting.delete(each);
      each.forceUpdate();
    }
    if (this.#waiting.size > 0) this.#nextFrame(() => this.#draw());
  }
}

/** So many with each frame. */
export const frameDraws = 2;
