/** What a part of Parley needs to be fuzzed. */
import type { SeededRandom } from "../support/seeded_random.ts";

/** Something that takes input from strangers. */
export interface FuzzTarget {
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  /** Inputs in the run that is part of the tests. */
  readonly shortRuns: number;
  /** Prepares a run; all that is random comes from `random`. */
  open(random: SeededRandom): FuzzSession | Promise<FuzzSession>;
}

/** One run of a target. */
export interface FuzzSession {
  /**
   * Feeds the next input and checks what came of it.
   *
   * @returns How many inputs that were.
   * @throws When anything happened that must not.
   */
  step(): number | Promise<number>;
  /** Memory of the program under test, bytes; this process by default. */
  memory?(): number | Promise<number>;
  /** Ends the run, with the checks that are made once. */
  close?(): void | Promise<void>;
}
