import type { InboxOwner, SeenMark } from "../../lib/client/session/inbox.ts";
import type { OwnDevice } from "../../lib/client/session/login.ts";
import type { DeviceMemory } from "../../lib/client/session/session_parts.ts";

/** A memory as the shell has it, without files. */
export class MemoryDevices implements DeviceMemory {
  readonly #marks = new Map<string, SeenMark>();
  /** What the server called the device, by `STORE USER`. */
  readonly names = new Map<string, string>();

  /** The ids alone, by `STORE USER`. */
  get ids(): [string, number][] {
    return [...this.#marks].map(([key, { id }]) => [key, id]);
  }

  /** What it says that it is. */
  own: OwnDevice = { id: "00112233445566ff", name: "laptop" };

  device(): OwnDevice {
    return this.own;
  }

  learnName(owner: InboxOwner, name: string, id?: string): void {
    this.names.set(keyOf(owner), name);
    if (id !== undefined) this.own = { id, name: this.own.name };
  }

  read(owner: InboxOwner): SeenMark | undefined {
    return this.#marks.get(keyOf(owner));
  }

  write(owner: InboxOwner, mark: SeenMark): void {
    this.#marks.set(keyOf(owner), mark);
  }

  rename(owner: InboxOwner, user: string): void {
    const mark = this.read(owner);
    if (mark !== undefined) this.write({ ...owner, user }, mark);
    this.#marks.delete(keyOf(owner));
  }
}

function keyOf({ store, user }: InboxOwner): string {
  return `${store} ${user}`;
}
