/**
 * What a receiver knows of the files that are on their way in: what happened,
 * written before or after it, so that whoever goes on after a crash knows which
 * files are ours, which are whole, and how far one is. What is written at once is
 * one line with one checksum, since files may be many and small; a torn or
 * damaged line ends what is believed.
 */
import { crc32 } from "node:zlib";

/** Whose files they are, and where they were offered. */
export interface JournalHead {
  /** User name. */
  readonly sender: string;
  /** The name of the offer. */
  readonly name: string;
}

/** What is known of one file, by its path in the list. */
export interface KnownFile {
  /** Its path here, below the folder that it is received in. */
  readonly local: string;
  /** Of the file that arrived whole, or of which a part is here. */
  readonly size: number;
  readonly modified: number;
  /**
   * Its content digest, base64url, once it is whole; empty where it came in this
   * run, since `checks` are of all of it then.
   */
  readonly digest?: string;
  /** The CRC-32s of its first blocks, which are here; after a crash, not of all. */
  readonly checks: readonly number[];
}

/** Something that happened. */
export type JournalEvent =
  | readonly ["begun", string, string, number, number]
  | readonly ["blocks", string, number, readonly number[]]
  | readonly ["whole", string, string];

/** What a journal says. */
export interface Journal {
  readonly head: JournalHead;
  /** By their paths in the list. */
  readonly files: ReadonlyMap<string, KnownFile>;
  /** How much of the text was understood, UTF-16 units. */
  readonly length: number;
}

/** The first line. */
export function encodeJournalHead({ sender, name }: JournalHead): string {
  return sealed(JSON.stringify({ format, sender, name }));
}

/** A further line. */
export function encodeJournalLine(events: readonly JournalEvent[]): string {
  return sealed(JSON.stringify(events));
}

/** Reads a journal; undefined when its first line is none of ours. */
export function decodeJournal(text: string): Journal | undefined {
  const lines = openedLines(text);
  const first = lines.next();
  if (first.done) return undefined;
  const head = first.value.value as Partial<JournalHead> & { format?: string };
  const { sender, name } = head;
  if (head.format !== format) return undefined;
  if (typeof sender !== "string" || typeof name !== "string") return undefined;
  const files = new Map<string, KnownFile>();
  let { end } = first.value;
  for (const { value, end: after } of lines) {
    for (const event of value as JournalEvent[]) apply(files, event);
    end = after;
  }
  return { head: { sender, name }, files, length: end };
}

function apply(files: Map<string, KnownFile>, event: JournalEvent): void {
  const path = event[1];
  if (event[0] === "begun") {
    const [, , local, size, modified] = event;
    files.set(path, { local, size, modified, checks: [] });
    return;
  }
  const file = files.get(path);
  if (file === undefined) return;
  if (event[0] === "whole") files.set(path, { ...file, digest: event[2] });
  else {
    const checks = [...file.checks.slice(0, event[2]), ...event[3]];
    files.set(path, { ...file, checks });
  }
}

/** The values of the lines that can be believed, and where each ends. */
function* openedLines(
  text: string,
): Generator<{ value: unknown; end: number }> {
  for (let start = 0;;) {
    const end = text.indexOf("\n", start);
    if (end < 0) return;
    const line = text.slice(start, end);
    const body = line.slice(0, -checkLetters);
    if (line.slice(-checkLetters) !== checkOf(body)) return;
    yield { value: JSON.parse(body), end: end + 1 };
    start = end + 1;
  }
}

function sealed(body: string): string {
  return `${body}${checkOf(body)}\n`;
}

function checkOf(body: string): string {
  return ` ${crc32(body).toString(16).padStart(8, "0")}`;
}

const format = "parley files 1";
const checkLetters = 9;
