/**
 * The page as one document: its looks and its programs stand in it, so that a
 * browser has all it needs with one answer, and runs nothing else: by their
 * digests they are the only ones that the page's policy lets in.
 */
import { createHash } from "node:crypto";

/** What is put into the document. */
export interface PageParts {
  /** Has an empty `style`, an empty `script` and an empty one of type `module`. */
  readonly html: string;
  readonly styles: string;
  /** Runs before the document has been read. */
  readonly enter: string;
  /** The page's program, a module. */
  readonly program: string;
}

/** What a policy lets in, as it names it. */
export interface InlineSources {
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
}

/**
 * Puts the parts together.
 *
 * @throws {Error} when a part cannot stand in a document.
 */
export function pageDocument(
  { html, styles, enter, program }: PageParts,
): string {
  const fill = (text: string, tag: string, part: string) => {
    const [before, after, ...more] = text.split(tag);
    if (after === undefined || more.length > 0) {
      throw new Error(`the page has not one ${tag}`);
    }
    if (/<\/(script|style)|<!--/i.test(part)) {
      throw new Error(`what stands in the page's ${tag} would end it`);
    }
    const [start, end] = tag.split("><");
    return `${before}${start}>${part.trim()}<${end}${after}`;
  };
  const tags = [
    ["<script></script>", enter],
    ["<style></style>", styles],
    ['<script type="module"></script>', program],
  ] as const;
  // What is put in may have the same text.
  return tags.toReversed().reduce(
    (text, [tag, part]) => fill(text, tag, part),
    html,
  );
}

/** By what a policy knows what stands in a document (CSP Level 3, 8.3). */
export function inlineSources(document: string): InlineSources {
  const sources = (element: string) =>
    [...document.matchAll(
      new RegExp(`<${element}[^>]*>(.+?)</${element}>`, "gs"),
    )].map(([, text = ""]) => `'sha256-${digest(text)}'`);
  return { scripts: sources("script"), styles: sources("style") };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
