/**
 * Writes a stream of files (see TreeReader) into a folder that gets its name when
 * all of it is whole, checked and on the disk. No link is followed and nothing is
 * overwritten, also when somebody changes what is there meanwhile: files are only
 * made where nothing is, and nothing is written into one before it is seen that
 * the folders it is in are those that were made here. Waits for the disk: it has
 * a thread of its own.
 */
import { timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { digestOfChecks } from "../../engine/blocks/content_digest.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import { syncFolder } from "../../system/sync_folder.io.ts";
import { receivedName } from "../files/received_name.ts";
import { checkSpace } from "../files/file_sink.io.ts";
import { lookAtFolder } from "../files/download_folder.io.ts";
import { cannotWrite, SinkError } from "../files/sink_error.io.ts";
import { FileSyncs } from "./file_syncs.io.ts";
import { digestText } from "./file_check.ts";
import {
  isOneFolder,
  type ReceivedFile,
  TreeOpener,
  wrongStream,
} from "./tree_opener.io.ts";
import type { Entries, TreeEntry } from "./entry_list.ts";
import { lastName, parentOf } from "./manifest.ts";
import { missingFiles } from "./missing_files.io.ts";
import {
  changedText,
  changedWhy,
  namesText,
  type StreamState,
} from "./entry_states.ts";
import {
  chosenFiles,
  digestBytes,
  fileIs,
  fileStreamSize,
  footerBytes,
  missingBytes,
  pieceBytes,
  pieceIs,
  type TreeChoice,
  treeDigest,
} from "./tree_choice.ts";
import { nameTree } from "./tree_name.io.ts";
import { TreePlace } from "./tree_place.io.ts";
import {
  hasDigest,
  isAsLeft,
  openPlain,
  smallBytes,
} from "./whole_reads.io.ts";

/** What is to be received. */
export interface TreeToReceive {
  /** User name of the sender. */
  readonly sender: string;
  /** The name of the offer. */
  readonly name: string;
  readonly entries: Entries;
  /** For each entry, whether it is wanted at all. */
  readonly included: readonly boolean[];
  /** The list as it came. */
  readonly manifest: Uint8Array;
  /** What the folder is called that several offered things go to. */
  readonly severalName: string;
}

/** What became of a tree that was received. */
export interface ReceivedTree {
  /** The folder. */
  readonly path: string;
  /** Paths that this file system cannot hold, and where that is here. */
  readonly renamed: readonly (readonly [string, string])[];
}

/** How far a stream is. */
export interface TreeProgress {
  /** Of it that are whole. */
  readonly files: number;
  /** Of it that are over, whatever became of them. */
  readonly finished: number;
  /** Path of the one under way; undefined between two. */
  readonly current: string | undefined;
}

/** A tree that is being received; made by {@link TreeWriter.open}. */
export class TreeWriter {
  /** What is not here yet. */
  readonly choice: TreeChoice;
  readonly #tree: TreeToReceive;
  readonly #place: TreePlace;
  readonly #opener: TreeOpener;
  readonly #digest: ReturnType<typeof treeDigest>;
  #current: ReceivedFile | undefined;
  readonly #syncs = new FileSyncs();
  /** Numbers of the files that came whole; those before the next are seen to. */
  readonly #whole: number[] = [];
  #nextWhole = 0;
  /** What came of a footer or of the last digest. */
  readonly #footer = new Uint8Array(footerBytes);
  #footerLength = 0;
  /** How much of what {@link write} was given is written. */
  #consumed = 0;
  readonly #changed: string[] = [];
  /** Why files are not whole that are not. */
  readonly #failures = new Map<string, string>();
  #filesDone = 0;
  #isEnded = false;
  #isClosed = false;

  constructor(tree: TreeToReceive, choice: TreeChoice, place: TreePlace) {
    this.#tree = tree;
    this.choice = choice;
    this.#place = place;
    this.#opener = new TreeOpener(tree, choice, place);
    this.#digest = treeDigest(tree.manifest, choice.wanted);
  }

  /**
   * Makes room for a tree, or goes on with what is here of it.
   *
   * @param patience How long what is here is read back, ms; 2,000 by default.
   * The rest is checked at the end.
   * @throws {SinkError} when the folder cannot be written or has too little room.
   */
  static async open(
    folder: string,
    tree: TreeToReceive,
    patience = readBackMs,
  ): Promise<TreeWriter> {
    await lookAtFolder(folder);
    let place: TreePlace | undefined;
    try {
      place = await TreePlace.open(folder, tree);
      const { entries, included } = tree;
      const choice = missingFiles(entries, included, place, patience);
      await checkSpace(folder, missingBytes(entries, choice));
      return new TreeWriter(tree, choice, place);
    } catch (error) {
      place?.close();
      throw cannotWrite(folder, error);
    }
  }

  /** How many files of the stream are whole, and which one is under way. */
  get progress(): TreeProgress {
    const current = this.#current?.entry.path;
    const finished = this.#filesDone + this.#changed.length;
    return { files: this.#filesDone, finished, current };
  }

  /** Where each file of the stream stands. */
  get state(): StreamState {
    return { ...this.progress, ...this.choice, failures: this.#failures };
  }

  /**
   * Takes the next bytes of the stream. After a failure the same bytes can be
   * given again.
   *
   * @throws {SinkError} when the disk is full or fails, or the stream is wrong.
   */
  write(bytes: Uint8Array): void {
    try {
      this.#opener.announce(bytes.length - this.#consumed);
      while (this.#consumed < bytes.length) {
        const count = this.#take(bytes.subarray(this.#consumed));
        this.#consumed += count;
        this.#opener.advance(count);
        // What does not come brings what follows nearer.
        if (this.#current?.isGone) {
          this.#opener.announce(bytes.length - this.#consumed);
        }
      }
      this.#noteBlocks();
      this.#place.record();
      this.#consumed = 0;
    } catch (error) {
      throw cannotWrite(this.#place.part, error);
    }
  }

  /**
   * Has files that are whole survive a power cut already, while nothing comes: on
   * most ways that leaves little of it for the end.
   *
   * @param isIdle Whether still nothing has come.
   */
  async settle(isIdle: () => boolean): Promise<void> {
    const { files } = this.#place;
    while (this.#nextWhole < this.#whole.length && isIdle()) {
      const index = this.#whole[this.#nextWhole++]!;
      const opened = openPlain(this.#place.pathOf(this.#opener.known(index)));
      // What has become of one that is not there is seen at the end.
      if (opened === undefined) continue;
      await this.#syncs.add(opened.file, () => files.setLasting(index));
    }
  }

  /**
   * Looks whether the folder is where it was.
   *
   * @throws {SinkError} when it is not.
   */
  checkPlace(): void {
    this.#place.mustBeMade(this.#place.root);
  }

  /**
   * Makes sure that all of it is whole and on the disk, and gives it its name.
   *
   * @throws {SinkError} when that cannot be done.
   */
  async finish(): Promise<ReceivedTree> {
    try {
      if (!this.#isEnded) throw wrongStream();
      this.#opener.makeFolders();
      await this.#verify();
      if (this.#changed.length > 0) throw this.#incomplete();
      this.#removeRest();
      this.#setTimes();
      const path = this.#giveName();
      this.#isClosed = true;
      this.#place.removeJournal();
      // A disk that cannot do that has the folder all the same.
      await syncFolder(this.#place.folder).catch(() => {});
      return { path, renamed: this.#renamed() };
    } catch (error) {
      throw cannotWrite(this.#place.part, error);
    }
  }

  /** Frees the files; what is here stays for another try. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#current?.file.close();
    this.#opener.close();
    this.#place.close();
  }

  /** Takes some of what follows in the stream, and says how much. */
  #take(bytes: Uint8Array): number {
    if (this.#isEnded) throw wrongStream();
    const current = this.#current ??= this.#opener.next();
    if (current === undefined) return this.#takeEnd(bytes);
    const whole = this.#takeWhole(current, bytes);
    if (whole > 0) return whole;
    if (current.left > 0 && current.piece === 0) {
      this.#takeMark(current, bytes[0]!);
      return 1;
    }
    if (current.left > 0) {
      const some = bytes.subarray(0, current.piece);
      const count = current.file.writeSync(some);
      current.check.update(some.subarray(0, count));
      current.left -= count;
      current.piece -= count;
      return count;
    }
    const count = this.#fillFooter(bytes, footerBytes);
    if (this.#footerLength === footerBytes) this.#end(current);
    return count;
  }

  /**
   * Takes a small file at once, if all that belongs to it is here.
   *
   * @returns How many bytes that were: none where it must be taken in pieces.
   */
  #takeWhole(current: ReceivedFile, bytes: Uint8Array): number {
    const { entry: { size }, left, piece, noted, file } = current;
    const length = fileStreamSize(size);
    const isSmall = size > 0 && size <= smallBytes && length <= bytes.length;
    const isBegun = left < size || piece > 0 || noted > 0;
    if (!isSmall || isBegun || bytes[0] !== pieceIs.here) return 0;
    const footer = bytes.subarray(1 + size, length);
    if (footer[0] !== fileIs.whole) return 0;
    const content = bytes.subarray(1, 1 + size);
    if (file.writeSync(content) < size) {
      // On a disk that is nearly full.
      file.seekSync(0, Deno.SeekMode.Start);
      return 0;
    }
    this.#current = undefined;
    this.#digest.update(footer);
    const check = crc32(content);
    const digest = digestOfChecks(Uint32Array.of(check));
    const isLasting = this.#close(current, digest, footer);
    this.#place.noteWhole(current, check, digestText(digest));
    this.#settleLater(current.index, isLasting);
    return length;
  }

  /** Says whether more of the file comes. */
  #takeMark(current: ReceivedFile, mark: number): void {
    const { left } = current;
    if (mark === pieceIs.here) {
      current.piece = Math.min(left, pieceBytes);
      return;
    }
    if (mark !== pieceIs.gone) throw wrongStream();
    current.left = 0;
    current.isGone = true;
    this.#opener.advance(fileStreamSize(left) - fileStreamSize(0) - 1);
  }

  #fillFooter(bytes: Uint8Array, length: number): number {
    const some = bytes.subarray(0, length - this.#footerLength);
    this.#footer.set(some, this.#footerLength);
    this.#footerLength += some.length;
    return some.length;
  }

  /** A footer is here: compares and closes the file before it. */
  #end(current: ReceivedFile): void {
    const { entry, index, file, check, isGone } = current;
    const footer = this.#footer.slice();
    this.#footerLength = 0;
    this.#current = undefined;
    this.#digest.update(footer);
    if (footer[0] !== fileIs.whole) {
      file.close();
      this.#forget(index);
      this.#failures.set(entry.path, changedWhy);
      return void this.#changed.push(entry.path);
    }
    if (isGone) throw wrongStream();
    const digest = check.digest();
    const isLasting = this.#close(current, digest, footer);
    const { path, size, modified } = entry;
    const { local } = this.#opener.known(index);
    const checks = listOf(check.checks.slice(0));
    const whole = { local, size, modified, checks, digest: "" };
    this.#place.note(index, whole, ["whole", path, digestText(digest)]);
    this.#settleLater(index, isLasting);
  }

  /**
   * Closes a file that came whole.
   *
   * @returns Whether it would survive a power cut.
   * @throws {SinkError} when what came is not what its footer says.
   */
  #close(
    { entry, file }: ReceivedFile,
    digest: Uint8Array,
    footer: Uint8Array,
  ): boolean {
    const time = new Date(entry.modified);
    file.utimeSync(time, time);
    const isSmall = entry.size <= transferLimits.blockBytes;
    const isLasting = isSmall && this.#syncs.addQuick(file);
    file.close();
    if (!timingSafeEqual(digest, footer.subarray(1))) throw wrongStream();
    this.#filesDone++;
    return isLasting;
  }

  #settleLater(index: number, isLasting: boolean): void {
    if (isLasting) this.#place.files.setLasting(index);
    else this.#whole.push(index);
  }

  #takeEnd(bytes: Uint8Array): number {
    const count = this.#fillFooter(bytes, digestBytes);
    if (this.#footerLength < digestBytes) return count;
    const digest = new Uint8Array(this.#digest.digest());
    if (!timingSafeEqual(digest, this.#footer.subarray(0, digestBytes))) {
      throw wrongStream();
    }
    this.#isEnded = true;
    return count;
  }

  /** Notes the blocks of the file under way that are whole. */
  #noteBlocks(): void {
    const current = this.#current;
    if (current === undefined) return;
    const { check: { checks }, noted, index, entry: { path } } = current;
    if (checks.length === noted) return;
    const news = listOf(checks.slice(noted));
    const known = this.#opener.known(index);
    const all = [...known.checks.slice(0, noted), ...news];
    this.#place.note(
      index,
      { ...known, checks: all },
      ["blocks", path, noted, news],
    );
    current.noted = checks.length;
  }

  /** Reads everything back, and has it survive a power cut. */
  async #verify(): Promise<void> {
    const wrong: string[] = [];
    const changed = new Set(this.#changed);
    let next = 0;
    for (const entry of this.#tree.entries) {
      const index = next++;
      if (entry.isFolder || !this.#tree.included[index]) continue;
      if (changed.size > 0 && changed.has(entry.path)) continue;
      if (this.#isAsLeft(index)) continue;
      const file = this.#openRight(entry, index);
      if (file === undefined) {
        wrong.push(entry.path);
        this.#failures.set(entry.path, "changed on the disk");
        this.#forget(index);
        continue;
      }
      await this.#syncs.add(file);
    }
    await this.#syncs.settle();
    this.#place.record();
    if (wrong.length > 0) throw damaged(wrong);
  }

  /** All that came is here and stays, for the rest to be sent again. */
  #incomplete(): SinkError {
    const { entries, included } = this.#tree;
    const all = chosenFiles(entries, included);
    const told = changedText(this.#changed, all, false);
    const { part } = this.#place;
    return new SinkError(`${told}; the others are in "${part}"`, "changed");
  }

  /** True for a file that survives a power cut already, and nobody touched. */
  #isAsLeft(index: number): boolean {
    if (!this.#place.files.isLasting(index)) return false;
    const known = this.#opener.known(index);
    return isAsLeft(this.#place.pathOf(known), known);
  }

  /**
   * The file, open, if what is on the disk is what came. That its folder is the
   * one that was made here is seen at the end, of all.
   */
  #openRight(entry: TreeEntry, index: number): Deno.FsFile | undefined {
    const known = this.#opener.known(index);
    const opened = openPlain(this.#place.pathOf(known));
    if (opened === undefined) {
      this.#place.mustBeMade(this.#opener.folder(parentOf(entry.path)));
      return undefined;
    }
    const { file, info: { size, mtime } } = opened;
    try {
      if (size !== entry.size || !hasDigest(file, known)) {
        file.close();
        return undefined;
      }
      if (mtime?.getTime() !== entry.modified) {
        const time = new Date(entry.modified);
        file.utimeSync(time, time);
      }
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** What is damaged is sent again the next time. */
  #forget(index: number): void {
    const { path, size } = this.#tree.entries.at(index)!;
    const { local } = this.#opener.known(index);
    const nothing = { local, size, modified: never, checks: [] };
    this.#place.note(index, nothing, ["begun", path, local, size, never]);
  }

  /** What came before, but is no longer in the list, or not wanted any more. */
  #removeRest(): void {
    const { included } = this.#tree;
    const { files } = this.#place;
    this.checkPlace();
    // What is in a folder was noted after it.
    for (const known of [...files.rest.values()].reverse()) {
      this.#place.remove(known);
    }
    for (let index = included.length - 1; index >= 0; index--) {
      const known = included[index] ? undefined : files.get(index);
      if (known !== undefined) this.#place.remove(known);
    }
  }

  #setTimes(): void {
    const { entries, included } = this.#tree;
    for (let index = entries.length - 1; index >= 0; index--) {
      if (!included[index]) continue;
      const { isFolder, path, modified } = entries.at(index)!;
      if (!isFolder) continue;
      const folder = this.#opener.folder(path);
      this.#place.mustBeMade(folder);
      const time = new Date(modified);
      Deno.utimeSync(folder.path, time, time);
    }
  }

  #giveName(): string {
    const { sender, name, severalName, entries } = this.#tree;
    const shown = isOneFolder(entries) ? name : severalName;
    return nameTree(this.#place, (copy) => receivedName(sender, shown, copy));
  }

  #renamed(): (readonly [string, string])[] {
    const { entries, included } = this.#tree;
    const renamed: (readonly [string, string])[] = [];
    for (const [index, { local }] of this.#place.files.others) {
      const { path } = entries.at(index)!;
      const isOther = included[index] && lastName(path) !== lastName(local);
      if (isOther) renamed.push([path, local]);
    }
    return renamed;
  }
}

function damaged(paths: readonly string[]): SinkError {
  const isOne = paths.length === 1;
  const hint = `sent again, only ${isOne ? "it comes" : "they come"}`;
  return new SinkError(
    `${namesText(paths)} changed on the disk here; ${hint}`,
    "integrity",
  );
}

/** With no room for more, since files may be many. */
function listOf(checks: Uint32Array): number[] {
  const list = new Array<number>(checks.length);
  for (let index = 0; index < list.length; index++) {
    list[index] = checks[index]!;
  }
  return list;
}

/** The sender waits that long for an answer, so that damage is fetched again. */
const readBackMs = 2_000;
/** Of no file: one that is noted with it is never taken for another. */
const never = -1e15;
