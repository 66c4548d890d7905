import type { JSX } from "preact";
import { Icon, IconButton } from "../parts/icon.tsx";
import { useStore } from "../parts/store_context.tsx";

/** What is told beside the conversations, until it was read. */
export function Notices(): JSX.Element {
  const store = useStore();
  return (
    <div class="notices">
      {store.notices.value.map(({ id, text, isFailure }) => (
        // Where they are cut off, one shows all of its text while it has the focus.
        <div
          key={id}
          class={`notice${isFailure ? " failure" : ""}`}
          tabIndex={-1}
        >
          <Icon name={isFailure ? "warning" : "info"} />
          <span class="grow" dir="auto">{text}</span>
          <IconButton
            icon="close"
            label="Dismiss"
            onClick={() => store.dismiss(id)}
          />
        </div>
      ))}
    </div>
  );
}

/** Says to a screen reader what comes; nothing else on the page does. */
export function LiveRegion(): JSX.Element {
  const store = useStore();
  return (
    <div class="hidden" role="log" aria-live="polite" aria-label="News">
      {store.announcements.current.value}
    </div>
  );
}
