import type { JSX } from "preact";
import { formatPart } from "../../../../base/format.ts";
import type { ConversationKey } from "../../../events/conversations.ts";
import { Icon } from "./icon.tsx";
import { useStore } from "./store_context.tsx";

/** Files that the client beside the page takes, to offer them then. */
export function UploadBoxes(
  { of }: { readonly of: ConversationKey },
): JSX.Element {
  const store = useStore();
  const uploads = store.uploads.all.value.filter(({ key }) => key === of);
  return (
    <>
      {uploads.map(({ batch, title, size, done, stop }) => (
        <section
          key={batch}
          class="card waits own"
          aria-label={`File ${title}`}
        >
          <div class="head">
            <Icon name="file" />
            <div class="grow">
              <b class="title">
                <bdi>{title}</bdi>
              </b>
              <div class="dim">
                Getting ready, {formatPart(done.value, size)}
              </div>
              <progress
                max={size}
                value={done.value}
                aria-label={`Getting ready, ${title}`}
              />
            </div>
            <button
              type="button"
              onClick={() => stop.abort()}
            >
              Cancel
            </button>
          </div>
        </section>
      ))}
    </>
  );
}
