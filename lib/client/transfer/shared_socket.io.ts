/** The client's UDP socket, which transfers and calls share. */
import { RelayJoins } from "./relay_joins.io.ts";
import { ServerBinding } from "./server_binding.io.ts";
import { UdpEndpoint } from "./udp_endpoint.io.ts";

/** One socket, the place at which the server sees it, and its relays. */
export class SharedSocket {
  readonly endpoint: UdpEndpoint;
  readonly binding: ServerBinding;
  readonly joins: RelayJoins;
  /** What uses it now, and should hear something; and what is told of calls. */
  readonly #users = new Map<Promise<void>, CallHandler | undefined>();
  #isInCall = false;

  /**
   * @param udpPort 0 for any free one.
   * @param now Monotonic ms.
   * @throws {Error} when the port cannot be had.
   */
  constructor(udpPort: number, now: () => number) {
    this.endpoint = new UdpEndpoint(udpPort);
    const isBusy = () => this.#users.size > 0;
    this.joins = new RelayJoins(this.endpoint, now);
    this.binding = new ServerBinding(
      this.endpoint,
      now,
      isBusy,
      () => this.joins.ask(),
    );
  }

  /**
   * Something uses it until `drained`: silence is to be noticed soon.
   *
   * @param onInCall Told of calls beside it, at once of one that is there.
   */
  watch(drained: Promise<void>, onInCall?: CallHandler): void {
    this.#users.set(drained, onInCall);
    drained.then(() => this.#users.delete(drained));
    this.binding.watch();
    if (this.#isInCall) onInCall?.(true);
  }

  /** The user is in a call, for which the others leave room, or no longer. */
  setInCall(isInCall: boolean): void {
    if (isInCall === this.#isInCall) return;
    this.#isInCall = isInCall;
    for (const onInCall of this.#users.values()) onInCall?.(isInCall);
  }
}

/** Told whether the user is in a call. */
type CallHandler = (isInCall: boolean) => void;
