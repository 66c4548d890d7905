/** Two ports of this machine: what comes to one goes out of the other. */
import { BrowserPort } from "../../lib/client/calls/browser_port.io.ts";
import type { CallDescription } from "../../lib/client/events/call_description.ts";
import { IncomingMedia, OutgoingMedia } from "../../lib/engine/call_media.ts";

/** What two clients are for two browsers, without a path between. */
export class DatagramBridge implements AsyncDisposable {
  /** Where each of the two sends. */
  readonly ports: readonly [number, number];
  /** Most bytes of a datagram so far. */
  largest = 0;
  readonly #ends: readonly [BrowserPort, BrowserPort];

  constructor() {
    const forward = (to: () => BrowserPort) => {
      const [outgoing, incoming] = [new OutgoingMedia(), new IncomingMedia()];
      let number = 0;
      return new BrowserPort((bytes) => {
        this.largest = Math.max(this.largest, bytes.length);
        outgoing.push(bytes);
        for (let part = outgoing.next(); part; part = outgoing.next()) {
          incoming.take(part, number++);
        }
        const whole = incoming.shift();
        if (whole !== undefined) to().send(whole);
      });
    };
    const one = forward(() => other);
    const other = forward(() => one);
    this.#ends = [one, other];
    this.ports = [one.port, other.port];
  }

  /** Both have described themselves. */
  open(...[one, other]: readonly [CallDescription, CallDescription]): void {
    this.#ends[0].open({ own: one, theirs: other });
    this.#ends[1].open({ own: other, theirs: one });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ends.map((each) => each.close()));
  }
}
