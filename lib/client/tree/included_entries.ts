import { lastName, parentOf, type TreeEntry } from "./manifest.ts";

/**
 * Which entries match one of `patterns`, all for none: by their last name, by
 * their path, by that below the folder that was offered, or by their path behind
 * a `/`, which names one alone; a folder that matches stands for all that is in
 * it. The folders that they are in come along.
 */
export function includedEntries(
  entries: readonly TreeEntry[],
  patterns: readonly RegExp[],
): boolean[] {
  if (patterns.length === 0) return entries.map(() => true);
  const matched = new Set<string>();
  const needed = new Set<string>();
  for (const { path } of entries) {
    const below = path.slice(path.indexOf("/") + 1);
    const names = [path, lastName(path), below, `/${path}`];
    const isMatch = matched.has(parentOf(path)) ||
      patterns.some((pattern) => names.some((name) => pattern.test(name)));
    if (!isMatch) continue;
    matched.add(path);
    for (let at = path; at !== "" && !needed.has(at); at = parentOf(at)) {
      needed.add(at);
    }
  }
  return entries.map(({ path }) => needed.has(path));
}
