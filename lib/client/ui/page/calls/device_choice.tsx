import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useTakenFocus } from "../parts/kept_focus.tsx";
import { useStore } from "../parts/store_context.tsx";
import type { DeviceKind } from "../state/own_media.io.ts";

/** Which microphone, camera and speaker are used. */
export function DeviceChoice(): JSX.Element {
  const store = useStore();
  const { own } = store.calls;
  const close = () => {
    own.isChoosing.value = false;
  };
  const box = useRef<HTMLDivElement>(null);
  useTakenFocus(() => {
    // Who is writing goes on when a device is lost.
    const isAsked = box.current?.closest(".call")
      ?.contains(document.activeElement);
    if (isAsked) box.current?.querySelector("select")?.focus();
  });
  return (
    <div
      class="device-choice form"
      id="devices"
      role="group"
      aria-label="Devices"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
      {kinds.map(([kind, label]) => {
        const devices = own.devices.value.filter((each) => each.kind === kind);
        return (
          <label key={kind}>
            {label}
            <select
              value={own.chosen.value[kind] ?? usedId(kind) ?? ""}
              disabled={devices.length === 0}
              onChange={(event) => own.choose(kind, event.currentTarget.value)}
            >
              {devices.length === 0
                ? <option value="">None found</option>
                : kind === "audiooutput" && <option value="">Default</option>}
              {devices.map(({ deviceId, label }, index) => (
                <option key={deviceId} value={deviceId}>
                  {label || `${index + 1}`}
                </option>
              ))}
            </select>
          </label>
        );
      })}
      <button type="button" onClick={close}>Done</button>
    </div>
  );

  function usedId(kind: DeviceKind): string | undefined {
    const track = kind === "audioinput"
      ? own.voice.value
      : kind === "videoinput"
      ? own.camera.value
      : null;
    return track?.getSettings().deviceId;
  }
}

const kinds = [
  ["audioinput", "Microphone"],
  ["videoinput", "Camera"],
  ["audiooutput", "Speaker"],
] as const satisfies readonly (readonly [DeviceKind, string])[];
