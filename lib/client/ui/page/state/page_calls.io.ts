/// <reference lib="dom" />
/**
 * The call that this tab has, if it has one: the devices of this side, and a
 * connection to each of the others. It lives beside what is open on the page and
 * ends with the tab.
 */
import { type Signal, signal } from "@preact/signals";
import type { CallLink, CallMedia } from "../../../commands/call_info.ts";
import type { BrowserLink, CallTold } from "../../../events/call_port.ts";
import type { ClientEvent } from "../../../events/client_event.ts";
import type { CallTarget, PageMessage } from "../../web/web_wire.ts";
import type { CallStatus } from "../model/call_status.ts";
import { CallPeer, type ReceivedTracks } from "./call_peer.io.ts";
import type { ClientRequests } from "./client_requests.io.ts";
import { OwnMedia } from "./own_media.io.ts";

/** Somebody else in the call of this tab. */
export interface SeenPeer {
  readonly user: string;
  /** Absent until the browser has made them. */
  readonly tracks?: ReceivedTracks;
  /** What they send. */
  readonly status: CallStatus;
  /** Their browser is there, and is the one that was announced. */
  readonly isOpen: boolean;
  readonly link?: CallLink;
}

/** What the calls need of the page. */
export interface PageCallsHost {
  readonly requests: ClientRequests;
  send(message: PageMessage): boolean;
  /** Tells something beside the conversations, in place of what was told about it. */
  tell(text: string, isFailure: boolean, about?: string): void;
  /** What was told about it is not so any more. */
  withdraw(about: string): void;
}

/** The calls of a tab. */
export class PageCalls {
  /** Number of the call that this tab has. */
  readonly taken: Signal<number | undefined> = signal(undefined);
  readonly peers: Signal<readonly SeenPeer[]> = signal([]);
  /** The browser plays no sound until the user does something. */
  readonly isSilent: Signal<boolean> = signal(false);
  readonly own: OwnMedia;
  readonly #host: PageCallsHost;
  readonly #connections = new Map<string, NamedPeer>();

  constructor(host: PageCallsHost) {
    this.#host = host;
    this.own = new OwnMedia(
      () => this.#sendTracks(),
      (text) => host.tell(text, true),
    );
    // The browser asks before a call ends by a mistaken key.
    addEventListener("beforeunload", (event) => {
      if (this.taken.value !== undefined) event.preventDefault();
    });
  }

  /** Whether this browser can take calls. */
  get canCall(): boolean {
    return "RTCPeerConnection" in globalThis &&
      navigator.mediaDevices !== undefined;
  }

  /** Calls somebody, or a group. */
  call(to: CallTarget, media: CallMedia): Promise<void> {
    return this.#report(this.#host.requests.call(to, media));
  }

  /** Answers a call that rings. */
  answer(call: number, media: CallMedia): Promise<void> {
    return this.#report(this.#host.requests.answerCall(call, media));
  }

  /** Declines, takes back, or hangs up. */
  end(call: number): Promise<void> {
    return this.#report(this.#host.requests.endCall(call));
  }

  /** The client's word about the call of this tab. */
  handle(message: CallTold): void {
    if (message.tell === "call-taken") {
      if (this.taken.value !== undefined) this.close();
      this.taken.value = message.call;
      this.own.open(message.media === "video");
      return;
    }
    const { call, peer } = message;
    if (call !== this.taken.value) return;
    switch (message.tell) {
      case "call-peer":
        return this.#connect(call, peer, message);
      case "call-description":
        this.#connections.get(peer)?.end.handleDescription(message.description);
        return;
      case "call-stats": {
        // It is shown of the only one; a call of several would be drawn for each.
        if (this.peers.value.length > 1) return;
        const { via, rtt, loss } = message;
        return this.#change(peer, { link: { via, rtt, loss } });
      }
      case "call-gone":
        return this.#remove(peer);
    }
  }

  /** What all tabs are told of calls. */
  handleEvent({ info }: Extract<ClientEvent, { event: "call" }>): void {
    if (info.state === "open") this.#host.withdraw(aboutCalls);
    if (info.call === this.taken.value && info.state === "ended") this.close();
  }

  /** Somebody has another name: the connection is with the same person. */
  handleRenamed(from: string, to: string): void {
    const connection = this.#connections.get(from);
    if (connection === undefined) return;
    this.#connections.delete(from);
    this.#connections.set(to, connection);
    connection.user = to;
    this.#change(from, { user: to });
  }

  /** The client is gone, and with it the way to the others. */
  handleLost(): void {
    if (this.taken.value === undefined) return;
    this.close();
    const text = "the call has ended: the page has lost its client";
    this.#host.tell(text, true, aboutCalls);
  }

  /** Ends what this tab has of a call, if it has one, without a word. */
  close(): void {
    this.taken.value = undefined;
    for (const user of [...this.#connections.keys()]) this.#remove(user);
    this.own.close();
    this.isSilent.value = false;
  }

  /** The user did something: what could not be heard until now can be. */
  handleSilence(isSilent: boolean): void {
    this.isSilent.value = isSilent;
  }

  #connect(
    call: number,
    user: string,
    { port, role }: Extract<CallTold, { tell: "call-peer" }>,
  ): void {
    this.#remove(user);
    const { tracks, status: sent } = this.own;
    const end = new CallPeer({
      handleDescription: (description) => {
        const { user: peer } = connection;
        this.#host.send({ do: "call-description", call, peer, description });
      },
      handleTracks: (tracks) => this.#change(connection.user, { tracks }),
      handleStatus: (status) => this.#change(connection.user, { status }),
      handleOpen: () => {
        this.#change(connection.user, { isOpen: true });
        this.#tellConnected(call, connection, "open");
      },
      handleEnd: (link, why) => {
        const { user } = connection;
        this.#tellConnected(call, connection, link);
        this.#remove(user);
        // What is lost the client tells, who may have found it again.
        if (why !== undefined) {
          this.#host.tell(`call with ${user}: ${why}`, true);
        }
      },
    }, { role, port, tracks, status: sent });
    const connection: NamedPeer = { user, end };
    this.#connections.set(user, connection);
    this.peers.value = [...this.peers.value, { user, status, isOpen: false }];
    this.#setPeople();
    end.start();
  }

  #tellConnected(
    call: number,
    { user: peer }: NamedPeer,
    link: BrowserLink,
  ): void {
    this.#host.send({ do: "call-connected", call, peer, link });
  }

  #change(user: string, change: Partial<SeenPeer>): void {
    this.peers.value = this.peers.value.map((each) =>
      each.user === user ? { ...each, ...change } : each
    );
  }

  #remove(user: string): void {
    this.#connections.get(user)?.end.close();
    if (!this.#connections.delete(user)) return;
    this.peers.value = this.peers.value.filter((each) => each.user !== user);
    this.#setPeople();
  }

  #setPeople(): void {
    const people = this.#connections.size + 1;
    for (const { end } of this.#connections.values()) end.setPeople(people);
  }

  #sendTracks(): void {
    const { tracks, status } = this.own;
    for (const { end } of this.#connections.values()) end.send(tracks, status);
  }

  async #report(
    reply: ReturnType<ClientRequests["call"]>,
  ): Promise<void> {
    const { outcome } = await reply;
    if (!outcome.ok && !outcome.announced) {
      this.#host.tell(outcome.message, true, aboutCalls);
    }
  }
}

/** What leads to somebody else's browser. */
interface NamedPeer {
  /** Their name, which may change. */
  user: string;
  readonly end: CallPeer;
}

/** Why there is no call: so until there is one. */
const aboutCalls = "calls";
/** Until it is told. */
const status: CallStatus = { voice: true, camera: false, screen: false };
