/** Small pictures that stand beside words or, with a label, for them. */
import type { ButtonHTMLAttributes, JSX } from "preact";

/** The names of the pictures. */
export type IconName = keyof typeof paths;

/** A picture that says nothing to a screen reader. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** A button with a picture, whose name is told and shown when pointed at. */
export function IconButton(
  { icon, label, class: kind = "", ...rest }:
    & {
      readonly icon: IconName;
      readonly label: string;
      readonly class?: string;
    }
    & Omit<ButtonHTMLAttributes, "class" | "icon" | "label">,
): JSX.Element {
  return (
    <button
      type="button"
      class={`icon-button ${kind}`}
      aria-label={label}
      title={label}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}

const paths = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.5 16.5L21 21",
  more: "M5 11.500v1M12 11.500v1M19 11.500v1",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8h.01",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  send: "M4 12l16-7-6 16-3-7z",
  clip:
    "M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.3a3 3 0 0 1 4.3 4.3l-7.8 7.7a1.5 1.5 0 0 1-2.2-2.1L14 7.5",
  folder: "M3 6h6l2 2.5h10V19H3z",
  play: "M8 5l11 7-11 7z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  down: "M12 5v14M6 13l6 6 6-6",
  people:
    "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 5.500a3 3 0 0 1 0 6M17.500 14.500c2.500.6 3.700 2.400 4 5.500",
  everybody: "M4 10v4l3 .5L9 20h2l-1-5 9 3V6l-9 3.500z",
  group: "M4 5h16v11H10l-4 4v-4H4z",
  checks: "M2 12.500l4.500 4.500L15.500 7.500M11 16.500l.500.500L20.500 7.500",
  check: "M5 12.500l4.500 4.500L19 7.500",
  waits: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4l3 2",
  transfers: "M8 4v14M4 14l4 4 4-4M16 20V6M12 10l4-4 4 4",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
  phone:
    "M6 4h3l1.500 4-2 1.500a11 11 0 0 0 6 6l1.500-2 4 1.500v3a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z",
  voice:
    "M12 3.500A2.500 2.500 0 0 0 9.500 6v5.500a2.500 2.500 0 0 0 5 0V6A2.500 2.500 0 0 0 12 3.500zM6 11.500a6 6 0 0 0 12 0M12 17.500V21",
  muted:
    "M14.500 9V6a2.500 2.500 0 0 0-4.800-1M9.500 9.500v2a2.500 2.500 0 0 0 4 2M6 11.500a6 6 0 0 0 9.500 4.900M17.700 13.500a6 6 0 0 0 .3-2M12 17.500V21M4 4l16 16",
  camera: "M3 7h12v10H3zM15 11l6-3.500v9L15 13",
  "no-camera": "M9 7h6v6M15 17H3V7h2M15 11l6-3.500v9L17 14M4 4l16 16",
  screen: "M3 5h18v11H3zM9 20h6M12 16v4",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  small: "M3 5h18v14H3zM12 12h6v4h-6z",
  warning: "M12 4L2.500 20h19zM12 10v5M12 17.500h.01",
} as const;
