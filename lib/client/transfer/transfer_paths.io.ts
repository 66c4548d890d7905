/** One transfer's ways to the other side: which there are, and how they do. */
import type { TransferEvent, TransferLink } from "../events/transfer_port.ts";
import type { RelayRefusal } from "../../wire/rendezvous_datagram.ts";
import type { WireAddress } from "../../wire/request.ts";
import {
  explainNoPath,
  explainRefusal,
  type PathKind,
  pathKind,
  pathRank,
} from "../../engine/path/path_kind.ts";
import type { PathInfo } from "../../engine/control_channel.ts";
import { PathLoss } from "../../engine/path/path_loss.ts";
import type { UdpEndpoint } from "./udp_endpoint.io.ts";

/** What is needed of the socket. */
type PathEndpoint = Pick<
  UdpEndpoint,
  "localAddresses" | "relayPath" | "path" | "address"
>;

/** The paths of one transfer. */
export class TransferPaths {
  readonly #id: string;
  readonly #endpoint: PathEndpoint;
  readonly #isBound: () => boolean | undefined;
  readonly #own: ReadonlySet<string>;
  readonly #tried: WireAddress[] = [];
  #paths: number[] = [];
  #refusal: RelayRefusal | undefined;
  #firstAt: number | undefined;
  #toldAt = -Infinity;
  #toldPath = -1;
  #lookAt = -Infinity;
  readonly #loss = new PathLoss();

  /** @param isBound Whether the server's UDP port answers. */
  constructor(
    id: string,
    endpoint: PathEndpoint,
    addresses: readonly WireAddress[],
    isBound: () => boolean | undefined,
  ) {
    this.#id = id;
    this.#endpoint = endpoint;
    this.#isBound = isBound;
    this.#own = new Set(endpoint.localAddresses().map(({ ip }) => ip));
    this.add(addresses);
  }

  /** What an engine wants to know. */
  get options() {
    const relay = this.#endpoint.relayPath;
    return {
      paths: this.#paths,
      localPaths: this.#paths.filter((path) => this.kind(path) === "local"),
      rankOf: (path: number) => pathRank(this.kind(path)),
      ...(relay < 0 ? {} : { relay }),
    };
  }

  /** The other side may be at these addresses, too; returns their paths. */
  add(addresses: readonly WireAddress[]): number[] {
    const added: number[] = [];
    for (const address of addresses) {
      const path = this.#endpoint.path(address);
      if (path < 0 || this.#paths.includes(path)) continue;
      added.push(path);
      this.#tried.push(address);
    }
    this.#paths = [...this.#paths, ...added];
    return added;
  }

  /** The server does not relay this transfer. */
  handleRefused(refusal: RelayRefusal): void {
    this.#refusal = refusal;
  }

  /** True some times a second: whether to ask {@link update}. */
  isDue(now: number): boolean {
    if (now < this.#lookAt) return false;
    this.#lookAt = now + lookMs;
    return true;
  }

  /**
   * What to tell of the path in use, if it is time to. That is when it is known
   * to work in both directions, because something sent over it was answered.
   *
   * @param sending What a sender has sent and lost so far, datagrams.
   * @param isEnd The transfer ends: what was not told is told now.
   */
  update(
    info: PathInfo,
    sending: { sentPackets: number; lostPackets: number } | undefined,
    now: number,
    isEnd = false,
  ): TransferEvent | undefined {
    const { path, rtt, heardAt } = info;
    if (path < 0 || (rtt <= 0 && !isEnd)) return undefined;
    const loss = sending === undefined
      ? undefined
      : this.#loss.share(path, sending.sentPackets, sending.lostPackets);
    this.#firstAt ??= now;
    const isNews = path !== this.#toldPath;
    // The first that answers is often replaced at once by a better one.
    const isEarly = now - this.#firstAt < settleMs;
    const isDue = isNews ? isEnd || !isEarly : now - this.#toldAt >= tellMs;
    if (!isDue) return undefined;
    this.#toldAt = now;
    this.#toldPath = path;
    const kind = this.kind(path);
    const silence = now - heardAt;
    const link: TransferLink = {
      via: kind,
      rtt,
      ...(kind === "relay" ? {} : { address: this.#endpoint.address(path) }),
      ...(loss === undefined ? {} : { loss }),
      ...(kind === "relay" ? { why: this.#noPath() } : {}),
      ...(silence >= silentMs ? { silence } : {}),
    };
    return { event: "path", id: this.#id, link };
  }

  /** Why nothing was found at all. */
  explain(): string {
    const relay = this.#refusal === undefined
      ? ""
      : `, and ${explainRefusal(this.#refusal)}`;
    return this.#noPath() + relay;
  }

  /** What kind of path has this number. */
  kind(path: number): PathKind {
    if (path === this.#endpoint.relayPath) return "relay";
    return pathKind(this.#endpoint.address(path).ip, this.#own);
  }

  #noPath(): string {
    return explainNoPath({ tried: this.#tried, isBound: this.#isBound() });
  }
}

const lookMs = 50;
const settleMs = 250;
const tellMs = 1_000;
/** Probes that must have come in the meantime, and then some. */
const silentMs = 3_000;
