/** A file that is offered, on its way or there, as a card. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { SeenTransfer } from "../../../events/known_transfers.ts";
import {
  mediumOf,
  type TransferAction,
  transferCard,
} from "../model/transfer_card.ts";
import { everything, type FolderChoice } from "../model/folder_list.ts";
import { quoteArgument } from "../../../commands/quote_argument.ts";
import { FolderFiles } from "./folder_files.tsx";
import { Icon } from "./icon.tsx";
import type { PageStore } from "../state/page_store.io.ts";
import { Medium } from "./medium.tsx";
import { useStore } from "./store_context.tsx";

/** The card of a transfer. */
export function TransferBox(
  { transfer }: { readonly transfer: SeenTransfer },
): JSX.Element {
  const store = useStore();
  const { info } = transfer;
  const { title, about, state, mood, part, details, actions } = transferCard(
    transfer,
  );
  const [choice, setChoice] = useState(everything);
  const percent = Math.floor((part ?? 0) * 100);
  const medium = mediumOf(info);
  const isIncoming = info.direction === "incoming";
  const label = `${isIncoming ? "From" : "To"} ${info.user}`;
  return (
    <section
      class={`card ${mood}${isIncoming ? "" : " own"}`}
      aria-label={`File ${title}`}
    >
      <div class="head">
        <Icon
          name={info.files === undefined || (info.roots ?? 1) > 1
            ? "file"
            : "folder"}
        />
        <div class="grow">
          <b class="title">
            <bdi>{title}</bdi>
          </b>
          <div class="dim">
            {about === "" ? label : `${label}, ${about}`}
          </div>
        </div>
      </div>
      {part !== undefined && (
        <progress
          max={100}
          value={percent}
          aria-label={`${title}, ${percent} %`}
        />
      )}
      <div class="state">
        {part !== undefined && <b class="percent">{percent} %</b>}
        <span>{state}</span>
      </div>
      {details.length > 0 && (
        <div class="dim details">
          {details.map((detail) => <span key={detail}>{detail}</span>)}
        </div>
      )}
      {medium !== undefined && (
        <Medium transfer={info.transfer} name={title} {...medium} />
      )}
      {info.files !== undefined && info.state !== "preparing" &&
        info.state !== "waiting" && (
        <FolderFiles info={info} onChoice={setChoice} />
      )}
      {actions.length > 0 && (
        <div class="buttons">
          {actions.map((action) => (
            <button
              key={action}
              type="button"
              class={action === "accept" ? "main" : ""}
              onClick={() =>
                action === "accept"
                  ? accept(store, info.transfer, choice)
                  : store.run(`/${action} ${info.transfer}`)}
            >
              {action === "accept" ? choice.label : actionNames[action]}
            </button>
          ))}
          {actions.includes("accept") && (
            <AcceptTo transfer={info.transfer} choice={choice} />
          )}
        </div>
      )}
    </section>
  );
}

/** Accepts into another folder than the usual: a button, and a field behind it. */
function AcceptTo(
  { transfer, choice }: {
    readonly transfer: number;
    readonly choice: FolderChoice;
  },
): JSX.Element {
  const store = useStore();
  const [isOpen, setOpen] = useState(false);
  const [folder, setFolder] = useState(lastFolder);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (isOpen) field.current?.select();
  }, [isOpen]);
  if (!isOpen) {
    return (
      <button type="button" onClick={() => setOpen(true)}>
        Accept to a folder
      </button>
    );
  }
  const acceptThere = (event: Event) => {
    event.preventDefault();
    const place = folder.trim();
    if (place === "" || place === "-") return;
    lastFolder = place;
    accept(store, transfer, choice, ` --to ${quoteArgument(place)}`);
  };
  return (
    <form class="accept-to" onSubmit={acceptThere}>
      <input
        ref={field}
        type="text"
        value={folder}
        aria-label="Folder on this computer"
        placeholder="~/Videos"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => setFolder(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          setOpen(false);
        }}
      />
      <button type="submit">Accept there</button>
    </form>
  );
}

/** Accepts what was chosen, into the usual folder or what `place` says. */
function accept(
  store: PageStore,
  transfer: number,
  { words, problem }: FolderChoice,
  place = "",
): void {
  if (problem !== undefined) return store.tell(problem, true);
  store.run(`/accept ${transfer}${place}${words}`);
}

/** Where it went last. */
let lastFolder = "";

const actionNames: Readonly<Record<Exclude<TransferAction, "accept">, string>> =
  {
    reject: "Reject",
    pause: "Pause",
    resume: "Resume",
    cancel: "Cancel",
  };
