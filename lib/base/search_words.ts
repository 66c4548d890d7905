/**
 * What somebody searches for, and whether it is in a text. A text is compared in
 * a folded form: `Émile` is found by `emile`, full-width letters by plain ones.
 * A term is found anywhere in a text, also within a word, so it needs no rules
 * of where words end: Chinese, Japanese and Thai are searched like English.
 */

/** Most terms of one search; further ones are left out. */
export const mostTerms = 16;

/**
 * The terms of a search, folded: words, and what stands between two `"` as one.
 * None when there is nothing to search for. No other sign means anything.
 */
export function searchTerms(words: string): string[] {
  const terms = new Set<string>();
  for (const [, phrase, word] of words.matchAll(/"([^"]*)"?|([^\s"]+)/g)) {
    const term = foldText(phrase ?? word ?? "").trim();
    if (term !== "") terms.add(term);
    if (terms.size === mostTerms) break;
  }
  return [...terms];
}

/** True when all terms, which are folded, are in a text that is folded too. */
export function hasTerms(text: string, terms: readonly string[]): boolean {
  return terms.every((term) => text.includes(term));
}

/**
 * A text as it is compared: without the case of letters and the accents of Latin,
 * Greek and Cyrillic ones, with single blanks, and without private signs, which
 * {@link hasTerms} is not asked about and an index may use for itself.
 */
export function foldText(text: string): string {
  return text.normalize("NFKD").toLowerCase()
    .replace(/[\u0300-\u036f]+/g, "")
    .replace(/\s+/g, " ")
    .replace(/[\u{f0000}-\u{10ffff}]/gu, "\ufffd");
}
