/** What of a tree is not here yet, or not as it should be. */
import { crc32 } from "node:zlib";
import { transferLimits } from "../../engine/packets/limits.ts";
import { FileCheck } from "./file_check.ts";
import type { Entries } from "./entry_list.ts";
import { noStart, type TreeChoice, type TreeStart } from "./tree_choice.ts";
import type { KnownFile } from "./tree_journal.ts";
import type { TreePlace } from "./tree_place.io.ts";
import { digestOf, openPlain, readAll } from "./whole_reads.io.ts";

/**
 * Which entries are missing of those that are `included`. What is here is read
 * back, until `patience` ms have passed; what is left is taken for whole if its
 * size is right, since everything is read back at the end.
 */
export function missingFiles(
  entries: Entries,
  included: readonly boolean[],
  place: TreePlace,
  patience: number,
): TreeChoice {
  const end = Date.now() + patience;
  let start = noStart;
  const wanted = Array.from(entries, (entry, index) => {
    if (!included[index] || entry.isFolder) return included[index] === true;
    const known = place.files.get(index);
    const isSame = known?.size === entry.size &&
      known.modified === entry.modified;
    const opened = isSame ? openPlain(place.pathOf(known)) : undefined;
    if (known === undefined || opened === undefined) return true;
    const { file, info } = opened;
    try {
      if (known.digest !== undefined) {
        if (info.size !== entry.size) return true;
        return Date.now() < end && digestOf(file, entry.size) !== known.digest;
      }
      const blocks = rightBlocks(file, known.checks, entry.size);
      if (blocks > start.blocks) start = startOf(index, known, blocks);
      return true;
    } finally {
      file.close();
    }
  });
  const isSome = included.includes(false);
  const leftOut = isSome
    ? { leftOut: included.map((isIncluded) => !isIncluded) }
    : {};
  return { wanted, ...leftOut, start };
}

function startOf(entry: number, known: KnownFile, blocks: number): TreeStart {
  const check = new FileCheck(Uint32Array.from(known.checks.slice(0, blocks)));
  return { entry, blocks, digest: check.digest() };
}

/** How many of the first blocks are on the disk; never the whole file. */
function rightBlocks(
  file: Deno.FsFile,
  checks: readonly number[],
  size: number,
): number {
  const most = Math.min(checks.length, Math.ceil(size / blockBytes) - 1);
  const block = new Uint8Array(blockBytes);
  for (let index = 0; index < most; index++) {
    if (!readAll(file, block) || crc32(block) !== checks[index]) return index;
  }
  return Math.max(most, 0);
}

const { blockBytes } = transferLimits;
