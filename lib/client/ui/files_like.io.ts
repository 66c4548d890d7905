/** What Tab offers of the files of this machine. */
import { homePath } from "../../base/home_path.ts";
import { homeFolder } from "../../system/home_folder.io.ts";

/**
 * Paths that start with `path` as typed, for Tab completion: folders end with
 * `/`, hidden files only come when asked for, and `~/` stays as typed. An
 * unreadable folder has none.
 */
export function filesLike(path: string): string[] {
  if (path === "~") return ["~/"];
  const slash = path.lastIndexOf("/") + 1;
  const folder = path.slice(0, slash);
  const start = path.slice(slash);
  // A disk may hold accents apart from their letters, which no keyboard writes.
  const typed = start.normalize();
  const found: string[] = [];
  try {
    for (
      const entry of Deno.readDirSync(folder === "" ? "." : underHome(folder))
    ) {
      const { name } = entry;
      const isMeant = name.startsWith(start) ||
        name.normalize().startsWith(typed);
      if (!isMeant) continue;
      if (name.startsWith(".") && !start.startsWith(".")) continue;
      if (found.length >= mostFiles) break;
      found.push(folder + name + (isFolder(folder, entry) ? "/" : ""));
    }
  } catch {
    return [];
  }
  return found.sort();
}

function isFolder(folder: string, entry: Deno.DirEntry): boolean {
  if (!entry.isSymlink) return entry.isDirectory;
  try {
    return Deno.statSync(underHome(folder) + entry.name).isDirectory;
  } catch {
    return false;
  }
}

function underHome(path: string): string {
  return homePath(path, homeFolder());
}

const mostFiles = 1000;
