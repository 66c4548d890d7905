import type { Instant } from "../../base/ports.ts";
import type {
  RendezvousChange,
  RendezvousNews,
} from "../model/rendezvous_change.ts";
import { Rendezvous } from "./rendezvous.ts";
import { UdpServer } from "./udp_server.io.ts";

/** A {@link Rendezvous} at work, with the UDP ports that it has. */
export class RendezvousServer {
  readonly #rendezvous: Rendezvous;
  readonly #handleNews: (news: RendezvousNews) => void;
  readonly #clock: () => Instant;
  #udp: UdpServer | undefined;
  #probes: UdpServer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /**
   * Knows what it is told; datagrams come once ports are open.
   *
   * @param relayBytes Bytes a day that are relayed for a user; 0 for none.
   * @param handleNews What the core is to know.
   */
  constructor(
    relayBytes: number,
    handleNews: (news: RendezvousNews) => void,
    clock: () => Instant,
  ) {
    this.#rendezvous = new Rendezvous(relayBytes);
    this.#handleNews = handleNews;
    this.#clock = clock;
  }

  /**
   * Opens the UDP port.
   *
   * @throws {Error} when it cannot be had; clients still meet on a LAN then.
   */
  open(host: string, port: number): void {
    this.#udp = new UdpServer(host, port, (bytes, from) => {
      const answer = this.#rendezvous.handleDatagram(
        bytes,
        from,
        this.#clock(),
      );
      this.#settle();
      return answer;
    });
  }

  /**
   * Opens any other UDP port, for probes alone: a client that is seen from two
   * addresses at two ports is behind a router that clients cannot reach each
   * other through. Nothing else needs it, so it may well fail.
   */
  openProbes(host: string): void {
    try {
      this.#probes = new UdpServer(
        host,
        0,
        (bytes, from) =>
          this.#rendezvous.handleProbe(bytes, from, this.#clock()),
      );
    } catch {
      // Clients are told that there is none.
    }
  }

  /** The UDP port; 0 for none. */
  get port(): number {
    return this.#udp?.port ?? 0;
  }

  /** The port for probes; 0 for none. */
  get probePort(): number {
    return this.#probes?.port ?? 0;
  }

  /** What came, was relayed and was dropped. */
  get counters(): Pick<Rendezvous, "datagrams" | "relayedBytes" | "dropped"> {
    return this.#rendezvous;
  }

  /** The core tells what is so from now on. */
  handleChange(change: RendezvousChange): void {
    this.#rendezvous.handleChange(change);
  }

  /** Tells what it has relayed; for one of several. */
  tellUses(): void {
    for (;;) {
      const uses = this.#rendezvous.pollUses(this.#clock());
      if (uses === undefined) return;
      this.#handleNews(uses);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#udp?.close();
    await this.#probes?.close();
  }

  #settle(): void {
    for (;;) {
      const news = this.#rendezvous.pollNews();
      if (news === undefined) break;
      this.#handleNews(news);
    }
    const { timeout } = this.#rendezvous;
    // One that is early is armed again then.
    if (this.#closed || this.#timer !== undefined || timeout === Infinity) {
      return;
    }
    const delayMs = Math.max(0, Math.ceil(timeout - this.#clock().mono));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#rendezvous.handleTimeout(this.#clock().mono);
      this.#settle();
    }, delayMs);
  }
}
