/** Accepts what is offered into another folder than the usual one. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { quoteArgument } from "../../../commands/quote_argument.ts";
import { useStore } from "./store_context.tsx";

/** A button, and behind it a field for the folder. */
export function AcceptTo(
  { transfer }: { readonly transfer: number },
): JSX.Element {
  const store = useStore();
  const [isOpen, setOpen] = useState(false);
  const [folder, setFolder] = useState(lastFolder);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isOpen) field.current?.select();
  }, [isOpen]);
  if (!isOpen) {
    return (
      <button type="button" onClick={() => setOpen(true)}>
        Accept to a folder
      </button>
    );
  }
  const accept = (event: Event) => {
    event.preventDefault();
    const place = folder.trim();
    if (place === "" || place === "-") return;
    lastFolder = place;
    store.run(`/accept ${transfer} --to ${quoteArgument(place)}`);
  };
  return (
    <form class="accept-to" onSubmit={accept}>
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

/** Where it went last. */
let lastFolder = "";
