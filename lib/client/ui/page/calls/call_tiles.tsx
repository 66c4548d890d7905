/** The pictures of a call: everybody's camera, and the screens that are shown. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import type { CallInfo, CallMember } from "../../../commands/call_info.ts";
import { memberProgress } from "../model/call_words.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";
import { useStore } from "../parts/store_context.tsx";
import type { SeenPeer } from "../state/page_calls.io.ts";
import { SafetyMark } from "./safety_mark.tsx";

/** All tiles; none while there is nothing to be seen between two. */
export function CallTiles(
  { info }: { readonly info: CallInfo },
): JSX.Element | null {
  const store = useStore();
  const { peers, own } = store.calls;
  const camera = own.camera.value;
  const members = info.members.filter(({ state }) => state !== "ended");
  const shown = peers.value.filter(({ status, tracks }) =>
    tracks !== undefined && (status.camera || status.screen)
  );
  const isOfSeveral = info.group !== undefined;
  const isSeen = shown.length > 0 || camera !== null;
  if (!isOfSeveral && !isSeen) return null;
  const tiles = members.length + (camera === null ? 0 : 1);
  const hasScreen = shown.some(({ status }) => status.screen);
  return (
    <div
      class={`call-tiles of-${tiles}${isSeen ? "" : " voices"}${
        hasScreen ? " has-screen" : ""
      }`}
    >
      {peers.value.map(({ user, status, tracks }) =>
        status.screen && tracks !== undefined && (
          <figure key={`${user} screen`} class="tile screen">
            <Picture stream={tracks.screen} isRemote />
            <figcaption>{visible(user)}'s screen</figcaption>
          </figure>
        )
      )}
      {members.map((member) => (
        <MemberTile
          key={member.user}
          member={member}
          peer={peers.value.find(({ user }) => user === member.user)}
          isOfSeveral={isOfSeveral}
        />
      ))}
      {camera !== null && (
        <figure class="tile me">
          <Picture key={camera.id} stream={new MediaStream([camera])} />
          <figcaption>You</figcaption>
        </figure>
      )}
    </div>
  );
}

function MemberTile(
  { member, peer, isOfSeveral }: {
    readonly member: CallMember;
    readonly peer: SeenPeer | undefined;
    readonly isOfSeveral: boolean;
  },
): JSX.Element {
  const { user } = member;
  const progress = memberProgress(member);
  const isSeen = peer?.status.camera === true && peer.tracks !== undefined;
  return (
    <figure class="tile">
      {isSeen && peer?.tracks !== undefined
        ? <Picture stream={peer.tracks.camera} isRemote />
        : <Avatar of={`@${user}`} />}
      <figcaption>
        {peer?.isOpen && !peer.status.voice && (
          <span role="img" aria-label="muted">
            <Icon name="muted" />
          </span>
        )}
        <bdi>{visible(user)}</bdi>
        {progress !== "" && <span class="dim">{progress}</span>}
        {isOfSeveral && peer?.isOpen && <SafetyMark member={member} />}
      </figcaption>
    </figure>
  );
}

function Picture(
  { stream, isRemote = false }: {
    readonly stream: MediaStream;
    readonly isRemote?: boolean;
  },
): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const [track] = stream.getVideoTracks();
  useEffect(() => {
    if (video.current !== null) video.current.srcObject = stream;
  }, [track]);
  return (
    <video
      ref={video}
      class={isRemote ? "remote" : ""}
      muted
      autoplay
      playsInline
    />
  );
}
