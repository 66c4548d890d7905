/**
 * Turns the bytes of a terminal in raw mode into keys: UTF-8 text, control
 * keys, the escape sequences of xterm and its relatives, and bracketed paste.
 * Sequences may be split anywhere.
 */

/** A key that is not text. */
export type KeyName =
  | "enter"
  | "tab"
  | "shift-tab"
  | "backspace"
  | "delete"
  | "left"
  | "right"
  | "up"
  | "down"
  | "home"
  | "end"
  | "word-left"
  | "word-right"
  | "delete-word"
  | "delete-word-right"
  | "delete-to-start"
  | "delete-to-end"
  /** Puts back what was cut last. */
  | "yank"
  | "transpose"
  /** Searches the history. */
  | "search"
  /** Gives up a search or a question. */
  | "cancel"
  | "suspend"
  | "interrupt"
  | "end-of-input"
  | "clear-screen";

/** One key press, or one paste. */
export type Key =
  | { readonly key: KeyName }
  | { readonly key: "text" | "paste"; readonly text: string };

/** Decodes one terminal's input. */
export class KeyDecoder {
  #state: "ground" | "escape" | "csi" | "ss3" | "paste" = "ground";
  #parameters = "";
  #pasted = "";
  readonly #utf8 = new TextDecoder();

  /** Takes the next bytes; returns the keys that are complete. */
  push(bytes: Uint8Array): Key[] {
    const keys: Key[] = [];
    for (const character of this.#utf8.decode(bytes, { stream: true })) {
      this.#take(character, keys);
    }
    return keys;
  }

  #take(character: string, keys: Key[]): void {
    switch (this.#state) {
      case "ground":
        return this.#ground(character, keys);
      case "escape":
        return this.#escape(character, keys);
      case "ss3":
        this.#state = "ground";
        return add(keys, finals[character] ?? rxvtFinals[character]);
      case "csi":
        return this.#csi(character, keys);
      case "paste":
        return this.#paste(character, keys);
    }
  }

  #ground(character: string, keys: Key[]): void {
    if (character === "\x1b") {
      this.#state = "escape";
      return;
    }
    const control = controls[character];
    if (control !== undefined) return add(keys, control);
    if (/\p{Control}/u.test(character)) return;
    const last = keys.at(-1);
    if (last?.key === "text") {
      keys[keys.length - 1] = { key: "text", text: last.text + character };
    } else keys.push({ key: "text", text: character });
  }

  #escape(character: string, keys: Key[]): void {
    this.#parameters = "";
    if (character === "[") this.#state = "csi";
    else if (character === "O") this.#state = "ss3";
    else if (character !== "\x1b") {
      this.#state = "ground";
      add(keys, altKeys[character]);
    }
  }

  #csi(character: string, keys: Key[]): void {
    if (/[\x40-\x7e]/.test(character)) {
      this.#state = "ground";
      return this.#sequence(character, keys);
    }
    // Nothing real is longer: what follows is taken for text again.
    if (this.#parameters.length >= longestParameters) this.#state = "ground";
    this.#parameters += character;
  }

  #sequence(final: string, keys: Key[]): void {
    const [number = "", modifier = ""] = this.#parameters.split(";");
    if (final === "~" && number === "200") {
      this.#state = "paste";
      this.#pasted = "";
    } else if (final === "~" && number === "3" && modifier !== "") {
      add(keys, "delete-word-right");
    } else if (final === "~") add(keys, tildes[number]);
    else if (modifier !== "" && final === "C") add(keys, "word-right");
    else if (modifier !== "" && final === "D") add(keys, "word-left");
    else add(keys, finals[final]);
  }

  #paste(character: string, keys: Key[]): void {
    this.#pasted += character;
    if (character === "~" && this.#pasted.endsWith(pasteEnd)) {
      const text = this.#pasted.slice(0, -pasteEnd.length);
      keys.push({ key: "paste", text });
      this.#state = "ground";
      this.#pasted = "";
    } else if (this.#pasted.length > longestPaste + pasteEnd.length) {
      // Keeps what may be the beginning of the end.
      const kept = this.#pasted.slice(0, longestPaste);
      this.#pasted = kept + this.#pasted.slice(1 - pasteEnd.length);
    }
  }
}

function add(keys: Key[], key: KeyName | undefined): void {
  if (key !== undefined) keys.push({ key });
}

const controls: Record<string, KeyName | undefined> = {
  "\x01": "home",
  "\x02": "left",
  "\x03": "interrupt",
  "\x04": "end-of-input",
  "\x05": "end",
  "\x06": "right",
  "\x07": "cancel",
  "\x08": "backspace",
  "\t": "tab",
  "\n": "enter",
  "\x0b": "delete-to-end",
  "\x0c": "clear-screen",
  "\r": "enter",
  "\x0e": "down",
  "\x10": "up",
  "\x12": "search",
  "\x14": "transpose",
  "\x15": "delete-to-start",
  "\x17": "delete-word",
  "\x19": "yank",
  "\x1a": "suspend",
  "\x7f": "backspace",
};
const altKeys: Record<string, KeyName | undefined> = {
  b: "word-left",
  f: "word-right",
  d: "delete-word-right",
  "\x7f": "delete-word",
  "\x08": "delete-word",
};
const finals: Record<string, KeyName | undefined> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  Z: "shift-tab",
};
/** Ctrl with an arrow key, as rxvt sends it. */
const rxvtFinals: Record<string, KeyName | undefined> = {
  c: "word-right",
  d: "word-left",
};
const tildes: Record<string, KeyName | undefined> = {
  "1": "home",
  "3": "delete",
  "4": "end",
  "7": "home",
  "8": "end",
};
const pasteEnd = "\x1b[201~";
const longestParameters = 16;
const longestPaste = 64 * 1024;
