/// <reference lib="dom" />
/** Files that were dropped on the page, pasted, or chosen, with their folders. */

/** A file, and the folders that it is in: `photos/2026`; empty for none. */
export interface PlacedFile {
  readonly file: File;
  readonly path: string;
}

/** What was dropped or pasted; folders with all that is in them. */
export async function filesIn(data: DataTransfer): Promise<PlacedFile[]> {
  // Entries are there only until the first wait.
  const entries = [...data.items].filter(({ kind }) => kind === "file")
    .map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const found: PlacedFile[] = [];
  for (const entry of entries) {
    if (entry instanceof File) found.push({ file: entry, path: "" });
    else if (entry !== null) await collect(entry, "", found);
  }
  return found;
}

/** What was chosen. */
export function chosenFiles(input: HTMLInputElement): PlacedFile[] {
  return [...input.files ?? []].map((file) => {
    const path = file.webkitRelativePath;
    return { file, path: path.slice(0, Math.max(path.lastIndexOf("/"), 0)) };
  });
}

async function collect(
  entry: FileSystemEntry,
  path: string,
  found: PlacedFile[],
): Promise<void> {
  if (found.length >= mostFiles) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject)
    );
    found.push({ file, path });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside = path === "" ? entry.name : `${path}/${entry.name}`;
  // It gives a part of them each time, and none when it is done.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (part.length === 0) return;
    for (const each of part) await collect(each, inside, found);
  }
}

/** As many as an offer may have. */
const mostFiles = 100_000;
