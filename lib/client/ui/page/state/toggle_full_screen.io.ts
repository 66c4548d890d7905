/// <reference lib="dom" />
/** Shows an element on the whole screen; ends that when one is shown so. */
export function toggleFullScreen(element: Element | null): void {
  const done = document.fullscreenElement === null
    ? element?.requestFullscreen()
    : document.exitFullscreen();
  // A browser that does not want to stays as it is.
  done?.catch(() => {});
}
