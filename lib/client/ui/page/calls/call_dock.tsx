/**
 * The call that is under way, above everything else on the page: it stays while
 * other conversations are opened.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import { type CallInfo, otherSide } from "../../../commands/call_info.ts";
import {
  callClock,
  callProgress,
  linkText,
  placeOfCall,
} from "../model/call_words.ts";
import { Avatar } from "../parts/avatar.tsx";
import { Icon } from "../parts/icon.tsx";
import { useStore } from "../parts/store_context.tsx";
import { CallControls } from "./call_controls.tsx";
import { CallSound } from "./call_sound.tsx";
import { CallTiles } from "./call_tiles.tsx";
import { SafetyMark } from "./safety_mark.tsx";

/** The call of this tab, or a word about the one that is elsewhere. */
export function CallDock(): JSX.Element | null {
  const store = useStore();
  const _ = store.revision.value;
  const { taken } = store.calls;
  const calls = store.view.calls();
  const own = calls.find(({ call }) => call === taken.value);
  if (own !== undefined) return <Dock key={own.call} info={own} />;
  const elsewhere = calls.find(({ state, direction }) =>
    state !== "ringing" || direction === "outgoing"
  );
  return elsewhere === undefined ? null : <Elsewhere info={elsewhere} />;
}

function Dock({ info }: { readonly info: CallInfo }): JSX.Element {
  const store = useStore();
  const { peers } = store.calls;
  const dock = useRef<HTMLElement>(null);
  useEffect(() => dock.current?.focus(), []);
  return (
    <section
      class="call"
      ref={dock}
      tabIndex={-1}
      aria-label={`Call with ${visible(otherSide(info))}`}
    >
      <CallTiles info={info} />
      <div class="call-bar">
        <About info={info} />
        <CallControls info={info} dock={dock} />
      </div>
      {peers.value.map(({ user, tracks }) =>
        tracks && <CallSound key={user} stream={tracks.voice} />
      )}
    </section>
  );
}

/** With whom, for how long, whether their number was compared, and the way. */
function About({ info }: { readonly info: CallInfo }): JSX.Element {
  const store = useStore();
  const { peers } = store.calls;
  const others = info.members.filter(({ state }) => state !== "ended");
  const [only] = others;
  const link = peers.value.length === 1 ? peers.value[0]?.link : undefined;
  const progress = callProgress(info);
  return (
    <div class="call-about">
      <Avatar of={placeOfCall(info)} />
      <div class="grow">
        <div class="title">
          <bdi>{visible(otherSide(info))}</bdi>
          {only !== undefined && others.length === 1 && (
            <SafetyMark member={only} />
          )}
        </div>
        <div class="dim">
          {progress !== "" ? progress : <Clock since={info.since} />}
          {link !== undefined && <span>{linkText(link)}</span>}
        </div>
      </div>
    </div>
  );
}

function Clock(
  { since }: { readonly since: number | undefined },
): JSX.Element | null {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return since === undefined
    ? null
    : <span role="timer">{callClock(now - since)}</span>;
}

/** A call that another tab, or the terminal's window, has. */
function Elsewhere({ info }: { readonly info: CallInfo }): JSX.Element {
  const store = useStore();
  const name = visible(otherSide(info));
  return (
    <section class="call" aria-label={`Call with ${name}`}>
      <div class="call-bar">
        <div class="call-about">
          <Icon name="phone" />
          <span class="grow">In a call with {name}, in another tab</span>
        </div>
        <button
          type="button"
          class="danger"
          onClick={() => store.calls.end(info.call)}
        >
          End the call
        </button>
      </div>
    </section>
  );
}
