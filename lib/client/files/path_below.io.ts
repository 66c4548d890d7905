import { join } from "@std/path";

/** Where something is, by its path with `/` between names below a folder. */
export const pathBelow: (folder: string, path: string) => string =
  Deno.build.os === "windows" ? join : (folder, path) => `${folder}/${path}`;
