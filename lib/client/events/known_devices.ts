/** Names of the user's own devices, as far as they are known. Bounded. */
export class KnownDevices {
  readonly #names = new Set<string>();

  /** The names in alphabetical order. */
  names(): string[] {
    return [...this.#names].sort();
  }

  /** All that there are. */
  learnAll(devices: readonly { readonly name: string }[]): void {
    this.#names.clear();
    for (const { name } of devices) this.hear(name);
  }

  /** One of them is there. */
  hear(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    if (this.#names.size <= mostDevices) return;
    const [oldest] = this.#names;
    if (oldest !== undefined) this.#names.delete(oldest);
  }

  /** One has another name. */
  rename(from: string, to: string): void {
    this.#names.delete(from);
    this.hear(to);
  }

  /** One is none any more. */
  forget(name: string): void {
    this.#names.delete(name);
  }
}

/** Most devices that are remembered; a server that does as it should has fewer. */
const mostDevices = 100;
