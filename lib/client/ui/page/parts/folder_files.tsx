/** The files of a folder on its card: a button with their number, and the list. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { countFiles, formatSize } from "../../../../base/format.ts";
import { visible } from "../../../../base/text.ts";
import { mediaOf } from "../model/transfer_card.ts";
import { Medium } from "./medium.tsx";
import { offeredText } from "../../../commands/transfer_progress.ts";
import { isAsked, type TransferInfo } from "../../../commands/transfer_info.ts";
import {
  choiceOf,
  countStates,
  everything,
  type FileStanding,
  filterFiles,
  type FolderChoice,
  type FolderList,
  type ListedFile,
  stateNames,
  stateText,
} from "../model/folder_list.ts";
import { useStore } from "./store_context.tsx";

/**
 * What is in a folder.
 *
 * @param onChoice Called with what is accepted of it, when that changes.
 */
export function FolderFiles(
  { info, onChoice }: {
    readonly info: TransferInfo;
    readonly onChoice: (choice: FolderChoice) => void;
  },
): JSX.Element {
  const { transfer, name, roots = 1, files = 0 } = info;
  const isHere = info.direction === "incoming" && info.state === "verified";
  const [isOpened, setOpen] = useState<boolean>();
  // A few that came together are looked at as if each had come alone.
  const isOpen = isOpened ?? (isHere && roots > 1 && files <= fewFiles);
  const list = useList(info, isOpen);
  return (
    <div class="folder">
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
          // What cannot be seen is not left out.
          onChoice(everything);
        }}
      >
        {isOpen ? "Hide the files" : "Show the files"}
        <span class="hidden">of {offeredText(info)}</span>
      </button>
      {isOpen && (list === undefined
        ? <p class="dim">Asking for the list…</p>
        : typeof list === "string"
        ? <p class="dim">{visible(list)}</p>
        : (
          <Files
            key={transfer}
            list={list}
            folder={roots > 1 ? "" : name}
            pictures={isHere ? transfer : undefined}
            // What is not listed cannot be left out one by one.
            onChoice={isAsked(info) && list.files.length === list.all
              ? onChoice
              : undefined}
          />
        ))}
    </div>
  );
}

/** The list while it is looked at, or why there is none; absent on its way. */
function useList(
  info: TransferInfo,
  isOpen: boolean,
): FolderList | string | undefined {
  const store = useStore();
  const [list, setList] = useState<FolderList | string>();
  useEffect(() => {
    if (!isOpen) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isGone = false;
    const ask = async () => {
      const since = performance.now();
      const next = await store.folders.list(info);
      if (isGone) return;
      // What was known stays when the client has forgotten it.
      setList((known) =>
        typeof next === "string" && typeof known === "object" ? known : next
      );
      if (info.state !== "running") return;
      // A long list is asked for less often.
      const took = performance.now() - since;
      timer = setTimeout(ask, Math.max(freshMs, share * took));
    };
    ask();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [isOpen, info.state]);
  return list;
}

function Files(
  { list, folder, pictures, onChoice }: {
    readonly list: FolderList;
    /** Its name, which stands above the list already. */
    readonly folder: string;
    /** The transfer whose pictures are shown, if they are. */
    readonly pictures: number | undefined;
    readonly onChoice: ((choice: FolderChoice) => void) | undefined;
  },
): JSX.Element {
  const [state, setState] = useState<FileStanding>();
  const [text, setText] = useState("");
  const [most, setMost] = useState(step);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const { files, all } = list;
  const states = countStates(files);
  const found = filterFiles(files, { state, text });
  const shown = found.slice(0, most);
  const unseen = all - files.length;
  const leave = (paths: readonly ListedFile[], isLeft: boolean) => {
    const next = new Set(left);
    for (const { path } of paths) {
      if (isLeft) next.add(path);
      else next.delete(path);
    }
    setLeft(next);
    onChoice?.(choiceOf(list, next));
  };
  return (
    <>
      <div class="buttons">
        <input
          type="search"
          value={text}
          placeholder="Find a file"
          aria-label="Find a file"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {states.length > 1 && (
          <select
            aria-label="Which files"
            value={state ?? ""}
            onChange={({ currentTarget: { value } }) =>
              setState(value === "" ? undefined : value as FileStanding)}
          >
            <option value="">All, {files.length}</option>
            {states.map(([each, count]) => (
              <option key={each} value={each}>
                {stateNames[each]}, {count}
              </option>
            ))}
          </select>
        )}
        {onChoice !== undefined && (
          <>
            <button type="button" onClick={() => leave(found, false)}>
              Tick all
            </button>
            <button type="button" onClick={() => leave(found, true)}>
              Tick none
            </button>
          </>
        )}
      </div>
      <ul class="files" tabIndex={0} aria-label="Files">
        {shown.map((file) => (
          <li key={file.path} class={file.state ?? ""}>
            {onChoice === undefined
              ? <FileLine file={file} folder={folder} pictures={pictures} />
              : (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={!left.has(file.path)}
                    onChange={({ currentTarget }) =>
                      leave([file], !currentTarget.checked)}
                  />
                  <FileLine file={file} folder={folder} />
                </label>
              )}
          </li>
        ))}
      </ul>
      {found.length > shown.length && (most < mostShown
        ? (
          <button type="button" onClick={() => setMost(most + step)}>
            Show {Math.min(step, found.length - most)} more of{" "}
            {found.length - most}
          </button>
        )
        : (
          <p class="dim">
            and {countFiles(found.length - most)} of other names
          </p>
        ))}
      {found.length === 0 && <p class="dim">No such file.</p>}
      {unseen > 0 && <p class="dim">and {countFiles(unseen)} not listed</p>}
    </>
  );
}

function FileLine(
  { file, folder, pictures }: {
    readonly file: ListedFile;
    readonly folder: string;
    readonly pictures?: number | undefined;
  },
): JSX.Element {
  const { path, size } = file;
  const isBelow = path.startsWith(`${folder}/`);
  const shown = isBelow ? path.slice(folder.length + 1) : path;
  const stands = stateText(file);
  const about = stands === "" ? "" : `, ${stands}`;
  return (
    <span>
      <bdi>{visible(shown)}</bdi>{" "}
      <span class="dim">{formatSize(size)}{about}</span>
      {pictures !== undefined && file.state === "done" &&
        mediaOf(path) === "image" && (
        <Medium
          transfer={pictures}
          path={shown}
          name={visible(shown)}
          kind="image"
          isArriving={false}
          isMine={false}
        />
      )}
    </span>
  );
}

/** So many files are listed without being asked for. */
const fewFiles = 10;
/** Files that are drawn at first, and with each press on the button. */
const step = 100;
/** Most of them; others are found by their names. */
const mostShown = 1_000;
/** How old a list may be while files come, ms. */
const freshMs = 1_000;
/** A list takes at most one of so many parts of the time. */
const share = 20;
