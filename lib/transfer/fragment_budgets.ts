import { FragmentBudget } from "./fragment_budget.ts";

/**
 * The {@link FragmentBudget} of each path, for all transfers of a client: what
 * one file has left at the far end, the next one finds there.
 */
export class FragmentBudgets {
  readonly #budgets = new Map<number, FragmentBudget>();

  /** That of a path, by its number. */
  of(path: number): FragmentBudget {
    const known = this.#budgets.get(path);
    if (known !== undefined) return known;
    const budget = new FragmentBudget();
    this.#budgets.set(path, budget);
    return budget;
  }
}
