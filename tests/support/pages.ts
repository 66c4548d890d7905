/** The pages of the documentation, for tests that hold them against the code. */
import { fromFileUrl, join, relative } from "@std/path";
import { walkSync } from "@std/fs";

const root = fromFileUrl(new URL("../../", import.meta.url));

/** The paths of all pages, from the root of the project. */
export function pagePaths(): string[] {
  const pages = [...walkSync(join(root, "docs"), { exts: [".md"] })];
  const above = [...Deno.readDirSync(root)].map(({ name }) => name)
    .filter((name) => name.endsWith(".md"));
  return [...above, ...pages.map(({ path }) => relative(root, path))].sort();
}

/** The text of a page, named from the root of the project. */
export function readPage(path: string): string {
  return Deno.readTextFileSync(join(root, path));
}

/** The pages of docs/protocol/, one after the other. */
export function protocolPages(): string {
  return pagePaths().filter((path) => path.startsWith("docs/protocol/"))
    .map(readPage).join("\n");
}

/** The items of a page's lists, without those inside them, each as one line. */
export function itemsOf(page: string): string[] {
  const items: string[] = [];
  let open = false;
  for (const line of page.split("\n")) {
    if (line.startsWith("- ")) {
      items.push(line.slice(2));
      open = true;
    } else if (open && /^ {2}[^ -]/.test(line)) {
      items.push(`${items.pop()} ${line.trim()}`);
    } else open = false;
  }
  return items;
}

/** A section of a page: from its heading to the next of the same level or a higher one. */
export function sectionOf(page: string, heading: string): string {
  const [level = ""] = /^#+/.exec(heading) ?? [];
  const start = page.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`there is no heading "${heading}"`);
  const rest = page.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level.length}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}
