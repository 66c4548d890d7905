/** Calls that ring here. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { CallInfo } from "../../../commands/call_info.ts";
import { placeOfCall, ringText } from "../model/call_words.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";
import { useStore } from "../parts/store_context.tsx";

/** One card for each. */
export function RingCards(): JSX.Element | null {
  const store = useStore();
  const _ = store.revision.value;
  const ringing = store.view.calls().filter(({ state, direction }) =>
    state === "ringing" && direction === "incoming"
  );
  return ringing.length === 0 ? null : (
    <div class="rings">
      {ringing.map((info) => <RingCard key={info.call} info={info} />)}
    </div>
  );
}

function RingCard({ info }: { readonly info: CallInfo }): JSX.Element {
  const store = useStore();
  const { call, media } = info;
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Who is writing goes on; what they type is not for the card's buttons.
    if (!isWriting()) card.current?.focus();
    store.heralds.ring();
    const timer = setInterval(() => store.heralds.ring(), ringMs);
    return () => clearInterval(timer);
  }, []);
  const name = `ring-${call}`;
  return (
    <div
      class="ring"
      role="alertdialog"
      aria-labelledby={name}
      ref={card}
      tabIndex={-1}
    >
      <Avatar of={placeOfCall(info)} />
      <p class="grow" id={name}>{ringText(info)}</p>
      <div class="buttons">
        <button
          type="button"
          class="main"
          onClick={() => store.calls.answer(call, media)}
        >
          <Icon name={media === "video" ? "camera" : "phone"} /> Answer
        </button>
        {media === "video" && (
          <button
            type="button"
            onClick={() => store.calls.answer(call, "voice")}
          >
            Voice only
          </button>
        )}
        <button
          type="button"
          class="danger"
          onClick={() => store.calls.end(call)}
        >
          Decline
        </button>
      </div>
    </div>
  );
}

function isWriting(): boolean {
  const element = document.activeElement;
  return (element instanceof HTMLTextAreaElement ||
    element instanceof HTMLInputElement) && element.value !== "";
}

/** Between two rings, where they are to be heard, ms. */
const ringMs = 3000;
