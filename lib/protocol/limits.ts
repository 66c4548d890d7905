import { type LimitName, limitTable } from "./limit_table.ts";

/**
 * The numbers of {@link limitTable}, where each is explained: sizes in bytes or
 * characters, times in ms.
 */
export const limits = Object.fromEntries(
  Object.entries(limitTable).map(([name, { value }]) => [name, value]),
) as { readonly [N in LimitName]: number };
