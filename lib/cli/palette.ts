/** Colours for a terminal, or none at all. */
export interface Palette {
  /** A user's or group's name, always in the same colour. */
  name(text: string): string;
  error(text: string): string;
  good(text: string): string;
  /** Something less important than the rest of its line. */
  dim(text: string): string;
  bold(text: string): string;
  /** The user's own name in what somebody says. */
  mention(text: string): string;
  /** The row at the lower end of the terminal. */
  bar(text: string): string;
}

/** Leaves texts as they are. */
export const plainPalette: Palette = {
  name: (text) => text,
  error: (text) => text,
  good: (text) => text,
  dim: (text) => text,
  bold: (text) => text,
  mention: (text) => text,
  bar: (text) => text,
};

/** The sixteen colours every terminal has, so that themes stay legible. */
export const colourPalette: Palette = {
  name: (text) => sgr(nameColours[hash(text) % nameColours.length] ?? 36, text),
  error: (text) => sgr(31, text),
  good: (text) => sgr(32, text),
  dim: (text) => sgr(2, text),
  bold: (text) => sgr(1, text),
  mention: (text) => sgr(7, text),
  bar: (text) => sgr(7, text),
};

function sgr(code: number, text: string): string {
  return `\x1b[${code}m${text}\x1b[0m`;
}

/** FNV-1a: spreads short names evenly. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value >>> 0;
}

/** Neither red, which means an error, nor black and white. */
const nameColours = [32, 33, 34, 35, 36, 92, 93, 94, 95, 96];
