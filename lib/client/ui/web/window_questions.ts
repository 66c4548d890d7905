/**
 * What the client asks its user in the window: in every tab, or in the one that
 * wanted it. The first answer counts.
 */
import type { AskedQuestion, GivenAnswer } from "./web_wire.ts";

/** A question without its number. */
export type NewQuestion = Omit<AskedQuestion, "question">;

/** One who shows questions: a tab. */
export interface Questioned {
  ask(question: AskedQuestion): void;
  takeAway(question: number): void;
}

/** The questions that have no answer yet. */
export class WindowQuestions {
  readonly #open = new Map<number, OpenQuestion>();
  readonly #tabs = new Set<Questioned>();
  #last = 0;

  /** Somebody comes who is to be asked what is open. */
  add(tab: Questioned): void {
    this.#tabs.add(tab);
    for (const { asked, only } of this.#open.values()) {
      if (only === undefined) tab.ask(asked);
    }
  }

  /** Who leaves answers nothing more. */
  remove(tab: Questioned): void {
    this.#tabs.delete(tab);
    for (const [number, { only }] of [...this.#open]) {
      if (only === tab) this.answer(number, null);
    }
  }

  /**
   * Asks; waits also while nobody is there.
   *
   * @param only The one to be asked; all by default.
   * @param signal Takes the question away.
   * @returns `undefined` for no answer.
   */
  ask(
    asking: NewQuestion,
    only?: Questioned,
    signal?: AbortSignal,
  ): Promise<GivenAnswer | undefined> {
    const question = ++this.#last;
    const asked = { question, ...asking };
    const { promise, resolve } = Promise.withResolvers<
      GivenAnswer | undefined
    >();
    this.#open.set(question, { asked, only, resolve });
    for (const tab of this.#asked(only)) tab.ask(asked);
    const takeAway = () => this.answer(question, null);
    signal?.addEventListener("abort", takeAway, { once: true });
    if (signal?.aborted) takeAway();
    return promise;
  }

  /** Somebody answers; what is answered already is left as it is. */
  answer(question: number, value: GivenAnswer | null): void {
    const open = this.#open.get(question);
    if (open === undefined) return;
    this.#open.delete(question);
    for (const tab of this.#asked(open.only)) tab.takeAway(question);
    open.resolve(value ?? undefined);
  }

  /** Nothing is asked any more. */
  clear(): void {
    for (const question of [...this.#open.keys()]) this.answer(question, null);
  }

  #asked(only: Questioned | undefined): Questioned[] {
    if (only === undefined) return [...this.#tabs];
    return this.#tabs.has(only) ? [only] : [];
  }
}

interface OpenQuestion {
  readonly asked: AskedQuestion;
  readonly only: Questioned | undefined;
  resolve(answer: GivenAnswer | undefined): void;
}
