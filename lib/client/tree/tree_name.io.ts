/** Gives a received folder its name, once all of it is whole. */
import { join } from "@std/path";
import { freeCopy, triedCopies } from "../files/free_copy.ts";
import { lookAtSync, tooManyCopies, type TreePlace } from "./tree_place.io.ts";

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
  for (const name of allNames(place.folder, names)) {
    const path = join(place.folder, name);
    if (!reserve(path)) continue;
    place.mustBeMade(place.root);
    if (moveOver(place.part, path)) return path;
  }
  throw tooManyCopies(place.folder, names(0));
}

/** Each is asked for when those before it are taken. */
function* allNames(
  folder: string,
  names: (copy: number) => string,
): Iterable<string> {
  for (let copy = 0; copy < triedCopies; copy++) yield names(copy);
  const search = freeCopy(triedCopies);
  let next = search.next();
  while (!next.done) {
    const found = lookAtSync(join(folder, names(next.value)));
    next = search.next(found !== undefined);
  }
  // Others may take it meanwhile.
  const end = next.value + triedCopies;
  for (let copy = next.value; copy < end; copy++) yield names(copy);
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
