import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useStore } from "../parts/store_context.tsx";

/** What somebody says, through the device that was chosen. */
export function CallSound(
  { stream }: { readonly stream: MediaStream },
): JSX.Element {
  const store = useStore();
  const sound = useRef<HTMLAudioElement>(null);
  const { audiooutput } = store.calls.own.chosen.value;
  const isSilent = store.calls.isSilent.value;
  useEffect(() => {
    const element = sound.current;
    if (element === null) return;
    element.srcObject = stream;
    // A browser may want to see first that somebody is there.
    element.play().catch((error) => {
      if (error?.name === "NotAllowedError") store.calls.handleSilence(true);
    });
  }, [stream, isSilent]);
  useEffect(() => {
    if (audiooutput !== undefined) {
      sound.current?.setSinkId?.(audiooutput).catch((error) =>
        store.tell(`the speaker cannot be used: ${error.message}`, true)
      );
    }
  }, [audiooutput]);
  return <audio ref={sound} />;
}
