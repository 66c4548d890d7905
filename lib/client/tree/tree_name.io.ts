/** Gives a received folder its name, once all of it is whole. */
import { join } from "@std/path";
import { freeNames } from "../files/give_name.io.ts";
import { lookAtSync } from "../../system/own_file.io.ts";
import { tooManyCopies, type TreePlace } from "./tree_place.io.ts";

/**
 * Moves the part to the first name that is free.
 *
 * @param names The name of each copy, from 0.
 * @returns Its path.
 * @throws {SinkError} when none is free, or the part is not what was made here.
 */
export function nameTree(
  place: TreePlace,
  names: (copy: number) => string,
): string {
  for (const name of freeNames(place.folder, names)) {
    const path = join(place.folder, name);
    if (!reserve(path)) continue;
    place.mustBeMade(place.root);
    if (moveOver(place.part, path)) return path;
  }
  throw tooManyCopies(place.folder, names(0));
}

/** Takes a name that is free, with an empty folder that is moved over. */
function reserve(path: string): boolean {
  try {
    Deno.mkdirSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

/** False when somebody put something into the folder meanwhile. */
function moveOver(from: string, to: string): boolean {
  try {
    if (Deno.build.os === "windows") Deno.removeSync(to);
    Deno.renameSync(from, to);
    return true;
  } catch (error) {
    const text = error instanceof Error ? error.message : "";
    if (lookAtSync(from) !== undefined && isNotEmpty.test(text)) return false;
    throw error;
  }
}

/** EEXIST, ENOTEMPTY of Linux and of macOS. */
const isNotEmpty = /os error (17|39|66)\b/;
