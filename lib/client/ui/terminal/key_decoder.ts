/**
 * Turns the bytes of a terminal in raw mode into keys: UTF-8 text, control
 * keys, the escape sequences of xterm and its relatives, and bracketed paste.
 * Sequences may be split anywhere. Pure: the shell arms a timer for
 * {@link KeyDecoder.pollTimeout}.
 */

/** A key that is not text. */
export type KeyName =
  | "enter"
  /** Alt-Enter; Shift-Enter where the terminal tells it. */
  | "new-line"
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
  /** Gives up a search or a question: Ctrl-G, or Escape by itself. */
  | "cancel"
  | "suspend"
  | "interrupt"
  | "end-of-input"
  | "clear-screen";

/** One key press, or one paste. */
export type Key =
  | { readonly key: KeyName }
  | { readonly key: "text"; readonly text: string }
  /** `isCut`: more was pasted than is kept. */
  | { readonly key: "paste"; readonly text: string; readonly isCut?: true };

/**
 * Decodes one terminal's input. Whatever is left half-finished is given up when
 * no more bytes come: no key after it is lost.
 */
export class KeyDecoder {
  #state: "ground" | "escape" | "csi" | "ss3" | "paste" = "ground";
  #parameters = "";
  #pasted = "";
  #isCut = false;
  /** How many characters of the paste's end have come. */
  #ending = 0;
  /** A paste was given up: what was left of it may still come. */
  #isRestDue = false;
  /** When the last bytes came, monotonic ms. */
  #last = -Infinity;
  readonly #utf8 = new TextDecoder();

  /**
   * Takes the next bytes, as they were read in one go.
   *
   * @param now Monotonic, ms.
   * @returns The keys that are complete.
   */
  push(bytes: Uint8Array, now: number): Key[] {
    const keys = this.handleTimeout(now);
    this.#last = now;
    // A key comes by itself: one that is pasted comes with the rest of it.
    if (this.#state === "paste" && isInterrupt(bytes)) {
      this.#isRestDue = true;
      this.#ground();
      return keys;
    }
    const text = this.#utf8.decode(bytes, { stream: true });
    if (this.#isRestDue && this.#state === "ground") {
      this.#isRestDue = false;
      // Nobody types two lines in one go: they must not be taken for commands.
      if (/[\r\n][^\r\n]/.test(text)) this.#startPaste();
    }
    for (const character of text) this.#take(character, keys);
    return keys;
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  pollTimeout(): number | undefined {
    if (this.#state === "paste") return this.#last + pasteMs;
    return this.#state === "ground" ? undefined : this.#last + sequenceMs;
  }

  /** Gives up what is half-finished, if it is time. */
  handleTimeout(now: number): Key[] {
    const at = this.pollTimeout();
    if (at === undefined || now < at) return [];
    const keys: Key[] = [];
    if (this.#state === "paste") {
      this.#isRestDue = true;
      this.#endPaste(keys);
    } else if (this.#state === "escape") add(keys, "cancel");
    this.#ground();
    return keys;
  }

  #ground(): void {
    this.#state = "ground";
    this.#pasted = "";
  }

  #take(character: string, keys: Key[]): void {
    switch (this.#state) {
      case "ground":
        return this.#plain(character, keys);
      case "escape":
        return this.#escape(character, keys);
      case "ss3":
        this.#state = "ground";
        if (isControl(character)) return this.#plain(character, keys);
        return add(keys, finals[character] ?? rxvtFinals[character]);
      case "csi":
        return this.#csi(character, keys);
      case "paste":
        return this.#paste(character, keys);
    }
  }

  #plain(character: string, keys: Key[]): void {
    if (character === escape) {
      this.#state = "escape";
      return;
    }
    const control = controls[character];
    if (control !== undefined) return add(keys, control);
    // Of bytes that are no text nothing is shown.
    if (isControl(character) || character === "\ufffd") return;
    const last = keys.at(-1);
    if (last?.key === "text") {
      keys[keys.length - 1] = { key: "text", text: last.text + character };
    } else keys.push({ key: "text", text: character });
  }

  #escape(character: string, keys: Key[]): void {
    this.#parameters = "";
    if (character === "[") this.#state = "csi";
    else if (character === "O") this.#state = "ss3";
    else if (character !== escape) {
      this.#state = "ground";
      const key = altKeys[character];
      if (key === undefined && isControl(character)) {
        return this.#plain(character, keys);
      }
      add(keys, key);
    }
  }

  #csi(character: string, keys: Key[]): void {
    if (/[\x40-\x7e]/.test(character)) {
      this.#state = "ground";
      return this.#sequence(character, keys);
    }
    // Nothing real holds anything else, or is longer: what follows is for itself.
    const isParameter = /[\x20-\x3f]/.test(character);
    if (!isParameter || this.#parameters.length >= longestParameters) {
      this.#state = "ground";
      return this.#plain(character, keys);
    }
    this.#parameters += character;
  }

  #sequence(final: string, keys: Key[]): void {
    const [number = "", modifier = "", key] = this.#parameters.split(";");
    if (final === "~" && number === "200") this.#startPaste();
    else if (final === "~" && number === "3" && modifier !== "") {
      add(keys, "delete-word-right");
    } else if (isModifiedEnter(final, number, modifier, key)) {
      add(keys, "new-line");
    } else if (final === "~") add(keys, tildes[number]);
    else if (modifier !== "" && final === "C") add(keys, "word-right");
    else if (modifier !== "" && final === "D") add(keys, "word-left");
    else add(keys, finals[final]);
  }

  #startPaste(): void {
    this.#state = "paste";
    this.#pasted = "";
    this.#isCut = false;
    this.#ending = 0;
  }

  #paste(character: string, keys: Key[]): void {
    if (character === pasteEnd[this.#ending]) {
      this.#ending++;
      if (this.#ending < pasteEnd.length) return;
      this.#endPaste(keys);
      return this.#ground();
    }
    const begun = pasteEnd.slice(0, this.#ending);
    this.#ending = character === escape ? 1 : 0;
    if (this.#pasted.length >= longestPaste) {
      this.#isCut = true;
      return;
    }
    this.#pasted += character === escape ? begun : begun + character;
  }

  #endPaste(keys: Key[]): void {
    if (this.#pasted === "") return;
    const cut = this.#isCut ? { isCut: true } as const : {};
    keys.push({ key: "paste", text: this.#pasted, ...cut });
  }
}

/**
 * Enter with Shift, Alt or Ctrl, as terminals send it that tell these apart:
 * `CSI 13;2u`, or `CSI 27;2;13~`.
 */
function isModifiedEnter(
  final: string,
  number: string,
  modifier: string,
  key: string | undefined,
): boolean {
  return final === "u"
    ? number === "13" && modifier !== ""
    : final === "~" && number === "27" && key === "13";
}

function isControl(character: string): boolean {
  return /\p{Control}/u.test(character);
}

/** True for Ctrl-C and nothing else. */
function isInterrupt(bytes: Uint8Array): boolean {
  return bytes.length === 1 && bytes[0] === 0x03;
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
  "\r": "new-line",
  "\n": "new-line",
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
const escape = "\x1b";
const pasteEnd = "\x1b[201~";
const longestParameters = 16;
/** UTF-16 units: more than any text that may be sent. */
export const longestPaste = 1024 * 1024;
/** Longer than the bytes of one key are apart on a slow line. */
const sequenceMs = 500;
const pasteMs = 2000;
