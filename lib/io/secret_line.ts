/**
 * A line typed on a terminal in raw mode without being shown: takes the bytes
 * of the keys, with erasing by Backspace, Ctrl+W and Ctrl+U as in any terminal.
 */

/** What became of the line with the last byte. */
export type SecretLineState = "typing" | "entered" | "cancelled";

/** One line that is being typed. */
export class SecretLine {
  #bytes: number[] = [];
  #state: SecretLineState = "typing";
  /** Inside an escape sequence, such as an arrow key's. */
  #escape: "none" | "started" | "sequence" = "none";
  /** When the last byte came, monotonic ms. */
  #last = 0;

  /** What was typed so far. */
  get text(): string {
    return new TextDecoder().decode(Uint8Array.from(this.#bytes));
  }

  /**
   * Takes one byte from the terminal.
   *
   * @param now Monotonic, ms: what comes later, or is a control character, is no
   * part of an escape sequence.
   */
  handleByte(byte: number, now: number): SecretLineState {
    if (this.#state !== "typing") return this.#state;
    const isLate = now - this.#last >= sequenceMs;
    this.#last = now;
    if (isLate || byte < 0x20) this.#escape = "none";
    if (this.#escape !== "none") {
      this.#handleEscape(byte);
    } else if (byte === escape) {
      this.#escape = "started";
    } else if (byte === lineFeed || byte === carriageReturn) {
      this.#state = "entered";
    } else if (
      byte === controlC || (byte === controlD && this.#bytes.length === 0)
    ) {
      this.#state = "cancelled";
    } else if (byte === backspace || byte === rubOut) {
      this.#erase();
    } else if (byte === controlU || byte === controlW) {
      this.#bytes = [];
    } else if (byte >= 0x20 && this.#bytes.length < maxBytes) {
      this.#bytes.push(byte);
    }
    return this.#state;
  }

  /** The input has ended. */
  handleEnd(): SecretLineState {
    if (this.#state === "typing") {
      this.#state = this.#bytes.length > 0 ? "entered" : "cancelled";
    }
    return this.#state;
  }

  /** Keys that are not text end with a letter or `~` (ECMA-48 §5.4). */
  #handleEscape(byte: number): void {
    if (this.#escape === "started" && (byte === bracket || byte === letterO)) {
      this.#escape = "sequence";
    } else if (this.#escape === "started" || byte >= 0x40) {
      this.#escape = "none";
    }
  }

  /** Takes the last character off, all bytes of it. */
  #erase(): void {
    let byte = this.#bytes.pop();
    while (byte !== undefined && (byte & 0xc0) === 0x80) {
      byte = this.#bytes.pop();
    }
  }
}

const controlC = 0x03;
const controlD = 0x04;
const backspace = 0x08;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const controlU = 0x15;
const controlW = 0x17;
const escape = 0x1b;
const letterO = 0x4f;
const bracket = 0x5b;
const rubOut = 0x7f;
const maxBytes = 4096;
const sequenceMs = 500;
