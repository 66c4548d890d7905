import type { JSX } from "preact";
import type { PlacedNote } from "../model/placed_notes.ts";
import { Icon, IconButton } from "./icon.tsx";
import { useStore } from "./store_context.tsx";

/** What happened, what a command said, or a message that was not sent. */
export function NoteLine(
  { note }: { readonly note: PlacedNote },
): JSX.Element {
  const store = useStore();
  const { key, id, text, isFailure, isAnswer, unsent } = note;
  const dismiss = () => store.dismissNote(key, id);
  if (!isAnswer && unsent === undefined) {
    return (
      <div class={`note${isFailure ? " failure" : ""}`} dir="auto">
        {isFailure && <Icon name="warning" />}
        <span>{text.join("\n")}</span>
      </div>
    );
  }
  return (
    <div class={`answer${isFailure ? " failure" : ""}`}>
      {unsent !== undefined && (
        <div class="text unsent" dir="auto">{unsent}</div>
      )}
      <pre
        dir="auto"
        tabIndex={text.length > 1 ? 0 : -1}
      >{text.join("\n")}</pre>
      <span class="buttons">
        {unsent !== undefined && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              dismiss();
              store.enter(unsent);
            }}
          >
            Try again
          </button>
        )}
        <IconButton icon="close" label="Dismiss" onClick={dismiss} />
      </span>
    </div>
  );
}
