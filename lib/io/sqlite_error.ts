/**
 * What went wrong in SQLite, in words for the one who runs the server. The
 * driver gives SQLite's own sentence and no number, so the sentence is what
 * there is to tell cases apart by.
 *
 * @param path Of the database file.
 */
export function sqliteError(error: unknown, path: string): string {
  const text = error instanceof Error ? error.message : String(error);
  for (const [sentence, advice] of sentences) {
    if (text.includes(sentence)) return `database "${path}" ${advice}`;
  }
  return `database "${path}" failed: ${text.replaceAll(/\s+/g, " ")}`;
}

const sentences = [
  [
    "file is not a database",
    "is no SQLite database; move the file away or restore a copy",
  ],
  ["malformed", "is damaged; restore a copy or move the file away"],
  [
    "unable to open database file",
    "cannot be opened; check the folder's permissions",
  ],
  [
    "database is locked",
    "is locked by another program; stop it and try again",
  ],
  [
    "readonly database",
    "cannot be written; check the permissions of the file and its folder",
  ],
  ["disk is full", "cannot grow: the disk is full; free some space"],
  ["disk I/O error", "cannot be read or written: disk error"],
] as const;
