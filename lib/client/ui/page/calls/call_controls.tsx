/** What one can do in a call. */
import type { JSX, RefObject } from "preact";
import type { CallInfo } from "../../../commands/call_info.ts";
import { IconButton } from "../parts/icon.tsx";
import { toggleFullScreen } from "../state/toggle_full_screen.io.ts";
import { useStore } from "../parts/store_context.tsx";
import { DeviceChoice } from "./device_choice.tsx";

/** The buttons of the call in this tab. */
export function CallControls(
  { info, dock }: {
    readonly info: CallInfo;
    readonly dock: RefObject<HTMLElement | null>;
  },
): JSX.Element {
  const store = useStore();
  const { own, peers, isSilent } = store.calls;
  const isChoosing = own.isChoosing.value;
  const isMuted = own.isMuted.value || own.voice.value === null;
  const hasCamera = own.camera.value !== null;
  const hasScreen = own.screen.value !== null;
  const isSeen = peers.value.some(({ status }) =>
    status.camera || status.screen
  );
  return (
    <div class="call-controls" role="group" aria-label="Call">
      {isSilent.value && (
        <button
          type="button"
          class="main"
          onClick={() => store.calls.handleSilence(false)}
        >
          Turn the sound on
        </button>
      )}
      <IconButton
        icon={isMuted ? "muted" : "voice"}
        label={isMuted ? "Unmute" : "Mute"}
        class={isMuted ? "off" : ""}
        onClick={() => {
          own.setMuted(!isMuted);
          if (own.voice.value === null) own.open(false);
        }}
      />
      <IconButton
        icon={hasCamera ? "camera" : "no-camera"}
        label={hasCamera ? "Switch the camera off" : "Switch the camera on"}
        class={hasCamera ? "" : "off"}
        onClick={() => own.setCamera(!hasCamera)}
      />
      {"getDisplayMedia" in (navigator.mediaDevices ?? {}) && (
        <IconButton
          icon="screen"
          label={hasScreen ? "Stop showing the screen" : "Show the screen"}
          class={hasScreen ? "on" : ""}
          onClick={() => own.setScreen(!hasScreen)}
        />
      )}
      <IconButton
        icon="settings"
        label="Choose devices"
        aria-expanded={isChoosing}
        aria-controls="devices"
        onClick={() => {
          own.isChoosing.value = !isChoosing;
        }}
      />
      {isSeen && (
        <>
          {document.pictureInPictureEnabled && (
            <IconButton
              icon="small"
              label="Picture in picture"
              class="wide-only"
              onClick={() => togglePicture(dock.current)}
            />
          )}
          <IconButton
            icon="full"
            label="Full screen"
            onClick={() => toggleFullScreen(dock.current)}
          />
        </>
      )}
      <IconButton
        icon="phone"
        label={info.state === "ringing" ? "Take the call back" : "Hang up"}
        class="hang-up"
        onClick={() => store.calls.end(info.call)}
      />
      {isChoosing && <DeviceChoice />}
    </div>
  );
}

function togglePicture(dock: HTMLElement | null): void {
  const video = dock?.querySelector<HTMLVideoElement>("video.remote");
  const done = document.pictureInPictureElement === null
    ? video?.requestPictureInPicture()
    : document.exitPictureInPicture();
  done?.catch(() => {});
}
