import type { Console } from "../../lib/cli/console.io.ts";

/** A {@link Console} whose answers and input are given beforehand. */
export class FakeConsole implements Console {
  /** Lines on standard output. */
  readonly printed: string[] = [];
  /** Lines on standard error. */
  readonly complaints: string[] = [];
  /** What was asked. */
  readonly questions: string[] = [];
  readonly prompt: Console["prompt"];
  readonly #env: Record<string, string>;
  readonly #input: string[];

  /**
   * @param options `answers` of somebody at a terminal; none without it.
   * `undefined` among them cancels.
   */
  constructor({ env = {}, input = [], answers }: {
    env?: Record<string, string>;
    input?: string[];
    answers?: (string | undefined)[];
  } = {}) {
    this.#env = env;
    this.#input = [...input];
    if (answers === undefined) return;
    const left = [...answers];
    const ask = (question: string) => {
      this.questions.push(question);
      return Promise.resolve(left.shift());
    };
    this.prompt = { askLine: ask, askSecret: ask };
  }

  env(name: string): string | undefined {
    return this.#env[name];
  }

  readInput(): Promise<string | undefined> {
    return Promise.resolve(this.#input.shift());
  }

  print(line: string): void {
    this.printed.push(line);
  }

  complain(line: string): void {
    this.complaints.push(line);
  }
}
