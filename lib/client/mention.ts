/**
 * The places where `text` names `user` as a word of its own, whatever the case;
 * none for the empty name.
 *
 * @returns Start and end of each, UTF-16 indices.
 */
export function findMentions(
  text: string,
  user: string,
): { readonly start: number; readonly end: number }[] {
  if (user === "") return [];
  const name = user.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const word = new RegExp(
    `(?<![\\p{L}\\p{N}_])${name}(?![\\p{L}\\p{N}_])`,
    "giu",
  );
  return [...text.matchAll(word)].map(({ 0: found, index }) => ({
    start: index,
    end: index + found.length,
  }));
}

/** `text` with every mention of `user` passed through `mark`. */
export function markMentions(
  text: string,
  user: string,
  mark: (text: string) => string,
): string {
  let marked = "";
  let from = 0;
  for (const { start, end } of findMentions(text, user)) {
    marked += text.slice(from, start) + mark(text.slice(start, end));
    from = end;
  }
  return marked + text.slice(from);
}
