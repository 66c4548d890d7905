/** A file that is offered, on its way or there, as a card. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { SeenTransfer } from "../../../events/known_transfers.ts";
import {
  mediaOf,
  type TransferAction,
  transferCard,
} from "../model/transfer_card.ts";
import type { ArrivedFile } from "../state/client_requests.io.ts";
import { Icon } from "./icon.tsx";
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
  const percent = Math.floor((part ?? 0) * 100);
  const hasFile = info.direction === "incoming" && info.state === "verified" &&
    info.files === undefined;
  const label = `${info.direction === "incoming" ? "From" : "To"} ${info.user}`;
  return (
    <section class={`card ${mood}`} aria-label={`File ${title}`}>
      <div class="head">
        <Icon name={info.files === undefined ? "file" : "folder"} />
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
      {hasFile && <FileView transfer={info.transfer} name={title} />}
      {actions.length > 0 && (
        <div class="buttons">
          {actions.map((action) => (
            <button
              key={action}
              type="button"
              class={action === "accept" ? "main" : ""}
              onClick={() => store.run(`/${action} ${info.transfer}`)}
            >
              {actionNames[action]}
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

/** A picture, sound or video, or a way to save the file. */
function FileView(
  { transfer, name }: { readonly transfer: number; readonly name: string },
): JSX.Element | null {
  const store = useStore();
  const [file, setFile] = useState<ArrivedFile>();
  const link = store.link.value;
  const isMedium = mediaOf(name) !== undefined;
  useEffect(() => {
    let isHere = true;
    if (link !== "open") return;
    store.requests.fileOf(transfer).then((found) => isHere && setFile(found));
    return () => {
      isHere = false;
    };
  }, [transfer, link]);
  if (file === undefined) {
    return isMedium ? <div class="medium empty" /> : null;
  }
  const { url, shows } = file;
  if (url === undefined) return <div class="dim">The file is gone.</div>;
  return (
    <>
      {shows === "image" && (
        <img class="medium" src={url} alt={name} loading="lazy" />
      )}
      {shows === "video" && (
        <video
          class="medium"
          src={url}
          controls
          preload="metadata"
          aria-label={name}
        />
      )}
      {shows === "audio" && (
        <audio
          class="sound"
          src={url}
          controls
          preload="metadata"
          aria-label={name}
        />
      )}
      <div class="buttons">
        <a class="button" href={url} download={name}>Save a copy</a>
      </div>
    </>
  );
}

const actionNames: Readonly<Record<TransferAction, string>> = {
  accept: "Accept",
  reject: "Reject",
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel",
};
