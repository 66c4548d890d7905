/**
 * The files of the page: what `deno task compile` put beside the sources, or,
 * from source, made when it is asked for.
 */
import { fromFileUrl } from "@std/path";
import { isBundled, programFile } from "../../../system/program_file.io.ts";
import {
  type InlineSources,
  inlineSources,
  pageDocument,
} from "./page_document.ts";

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly text: string;
  /** What of it may be run, or give it its looks; nothing by default. */
  readonly inline?: InlineSources;
}

/** Where the page is put when Parley is compiled. */
export const builtPage = "page.html";
/** The page's icon, in the project's folder. */
export const iconFile = "lib/client/ui/page/icon.svg";

/**
 * The files by their paths: `/`, `/icon.svg`.
 *
 * @throws {Error} when the page cannot be made, which from source and for the
 * first time needs npm's registry.
 */
export async function loadPage(): Promise<ReadonlyMap<string, PageFile>> {
  const [page, icon] = await Promise.all([
    isBundled ? Deno.readTextFile(programFile(builtPage)) : buildPage(),
    Deno.readTextFile(programFile(iconFile)),
  ]);
  const type = "text/html; charset=utf-8";
  return new Map([
    ["/", { type, text: page, inline: inlineSources(page) }],
    ["/icon.svg", { type: "image/svg+xml", text: icon }],
  ]);
}

/**
 * The page with all that it is made of, as browsers take it.
 *
 * @throws {Error} when it cannot be made.
 */
export async function buildPage(): Promise<string> {
  const source = (name: string) => programFile(`lib/client/ui/page/${name}`);
  const html = await Deno.readTextFile(source("page.html"));
  // Two at once, where none has been bundled before, may both want to put the
  // bundler into its place: one of them fails.
  const enter = await bundle(source("enter.io.ts"), "iife");
  const program = await bundle(source("main.tsx"), "esm");
  const styles = await bundle(source("page.css"), "esm");
  return pageDocument({ html, styles, enter, program });
}

async function bundle(
  entry: URL,
  format: Deno.bundle.Format,
): Promise<string> {
  const { success, errors, outputFiles } = await Deno.bundle({
    entrypoints: [fromFileUrl(entry)],
    platform: "browser",
    format,
    minify: true,
    write: false,
  });
  const [file] = outputFiles ?? [];
  if (success && file !== undefined) return file.text();
  const why = errors.map(({ text }) => text).join("; ");
  throw new Error(`the page cannot be made: ${why}`);
}
