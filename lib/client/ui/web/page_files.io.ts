/**
 * The files of the page: what `deno task compile` put beside the sources, or,
 * from source, made when it is asked for.
 */
import { fromFileUrl } from "@std/path";
import { isBundled, programFile } from "../../../system/program_file.io.ts";

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/** Where the page's program is put when Parley is compiled. */
export const builtProgram = "page.js";
/** The page's files that are taken as they are, in the project's folder. */
export const plainFiles = [
  "lib/client/ui/page/page.html",
  "lib/client/ui/page/page.css",
  "lib/client/ui/page/icon.svg",
] as const;

/**
 * The files by their paths: `/`, `/page.css`, `/icon.svg`, `/page.js`.
 *
 * @throws {Error} when the program cannot be made, which from source and for the
 * first time needs npm's registry.
 */
export async function loadPage(): Promise<ReadonlyMap<string, PageFile>> {
  const [html = "", css = "", icon = "", program = ""] = await Promise.all([
    ...plainFiles.map((path) => Deno.readTextFile(programFile(path))),
    isBundled ? Deno.readTextFile(programFile(builtProgram)) : buildProgram(),
  ]);
  return new Map([
    ["/", { type: "text/html; charset=utf-8", text: html }],
    ["/page.css", { type: "text/css; charset=utf-8", text: css }],
    ["/icon.svg", { type: "image/svg+xml", text: icon }],
    ["/page.js", { type: "text/javascript; charset=utf-8", text: program }],
  ]);
}

/**
 * The page's program in one file, for browsers.
 *
 * @throws {Error} when it cannot be made.
 */
export async function buildProgram(): Promise<string> {
  const { success, errors, outputFiles } = await Deno.bundle({
    entrypoints: [fromFileUrl(programFile("lib/client/ui/page/main.tsx"))],
    platform: "browser",
    minify: true,
    write: false,
  });
  const [file] = outputFiles ?? [];
  if (success && file !== undefined) return file.text();
  const why = errors.map(({ text }) => text).join("; ");
  throw new Error(`the page cannot be made: ${why}`);
}
