/**
 * A picture, sound or video of a transfer: there, or on its way and shown while it
 * comes when somebody wants that; or a way to save the file.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import type { MediumKind, ShownMedium } from "../model/transfer_card.ts";
import type { ArrivedFile } from "../state/client_requests.io.ts";
import { toggleFullScreen } from "../state/toggle_full_screen.io.ts";
import { Icon } from "./icon.tsx";
import { useStore } from "./store_context.tsx";

/** The file of a transfer. */
export function Medium(
  { transfer, path, name, kind, isArriving, isMine }:
    & { readonly transfer: number; readonly name: string }
    /** Of one in a folder. */
    & { readonly path?: string | undefined }
    & ShownMedium,
): JSX.Element | null {
  const store = useStore();
  const [file, setFile] = useState<ArrivedFile>();
  const [isPlayed, setPlayed] = useState(false);
  const [isFailed, setFailed] = useState(false);
  const link = store.link.value;
  const isWatched = watched.value === transfer;
  const isWanted = isWatched || !isArriving;
  useEffect(() => {
    let isHere = true;
    if (link !== "open" || !isWanted) return;
    store.requests.fileOf(transfer, path).then((found) => {
      if (!isHere) return;
      setFailed(false);
      // The address stays the same: what plays goes on when it is all there.
      setFile((known) => known?.url === found.url ? known : found);
    });
    return () => {
      isHere = false;
    };
  }, [transfer, link, isWanted, isArriving]);
  if (isArriving && !isWatched) {
    const watch = () => {
      watched.value = transfer;
      setPlayed(true);
    };
    return (
      <div class={`medium empty ${kind === "audio" ? "low" : ""}`}>
        <button type="button" class="play" onClick={watch}>
          <Icon name={kind === "image" ? "file" : "play"} />
          {playNames[kind ?? "video"]}
        </button>
      </div>
    );
  }
  if (file === undefined) {
    return kind !== undefined ? <div class="medium empty" /> : null;
  }
  const { url, shows } = file;
  if (url === undefined) {
    return isMine || path !== undefined
      ? null
      : <div class="dim">The file is gone.</div>;
  }
  const about = {
    src: url,
    controls: true,
    autoplay: isPlayed,
    preload: "metadata",
    "aria-label": name,
    onError: () => setFailed(true),
  } as const;
  return (
    <>
      {shows === "image" && (
        <button
          type="button"
          class="picture"
          title="Full screen"
          onClick={(event) => toggleFullScreen(event.currentTarget)}
        >
          <img class="medium" src={url} alt={name} loading="lazy" />
        </button>
      )}
      {shows === "video" && <video class="medium" {...about} playsInline />}
      {shows === "audio" && <audio class="sound" {...about} />}
      {isFailed && (
        <div class="dim" role="status">
          {isArriving
            ? "This browser cannot play it yet, or at all; it goes on arriving."
            : "This browser cannot play it; save a copy."}
        </div>
      )}
      {!isArriving && !isMine && (
        <div class="buttons">
          <a class="button" href={url} download={name.split("/").pop()}>
            Save a copy
          </a>
        </div>
      )}
    </>
  );
}

/**
 * The transfer that is watched while it comes: one in a page, as each keeps one of
 * the few connections that a browser makes.
 */
const watched = signal<number | undefined>(undefined);

const playNames: Readonly<Record<MediumKind, string>> = {
  video: "Play while it arrives",
  audio: "Play while it arrives",
  image: "Show while it arrives",
};
