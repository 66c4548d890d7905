/** What the system tells of a file, to notice that it changed or is another. */
export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** When its contents were last written, wall-clock ms. */
  readonly modified: number | undefined;
  /** When anything of it last changed: unlike the former, nobody can set it. */
  readonly changed: number | undefined;
  readonly device: number;
  readonly inode: number | undefined;
}

/** The state in `info`; what the system does not keep is undefined. */
export function fileState(info: Deno.FileInfo): FileState {
  const { size, mtime, ctime, dev, ino } = info;
  return {
    size,
    modified: mtime?.getTime(),
    changed: ctime?.getTime(),
    device: dev,
    inode: ino ?? undefined,
  };
}

/** True for a file that its owner may run. */
export function isExecutable({ mode }: Deno.FileInfo): boolean {
  return ((mode ?? 0) & 0o100) !== 0;
}

/** True when both are of one file, whatever became of it. */
export function isSameFile(a: FileState, b: FileState): boolean {
  return a.device === b.device && a.inode === b.inode;
}

/** True when nothing tells that the file changed between the two. */
export function isSameState(a: FileState, b: FileState): boolean {
  return isSameFile(a, b) && a.size === b.size &&
    a.modified === b.modified && a.changed === b.changed;
}

/**
 * True when the file was written so shortly before it was looked at that another
 * write may bear the same times: their clock moves in steps.
 *
 * @param seenAt When it was looked at, wall-clock ms.
 */
export function isFresh(state: FileState, seenAt: number): boolean {
  const { modified = -Infinity, changed = -Infinity } = state;
  const step = modified % 1000 === 0 ? coarseStepMs : stepMs;
  // The runtime tells this one in whole seconds.
  const second = Math.floor((seenAt - stepMs) / 1000) * 1000;
  return modified > seenAt - step || changed >= second;
}

/** Longer than the clock of any usual system stands still. */
const stepMs = 50;
/** Of file systems that keep no fractions of a second: FAT has even ones only. */
const coarseStepMs = 2_000;
