/** Standard input in pieces, with a read that can be given up. */
export class StdinReader {
  readonly #reader = Deno.stdin.readable.getReader();
  #cancelled = false;

  /** The next bytes; `undefined` at the end or after {@link cancel}. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#cancelled) return undefined;
    try {
      const { value } = await this.#reader.read();
      return value;
    } catch {
      return undefined;
    }
  }

  /** Ends a read that is under way, and all later ones. */
  cancel(): void {
    this.#cancelled = true;
    this.#reader.cancel().catch(() => {});
  }
}
