/**
 * The seam between the core and the rendezvous, which runs where the UDP port
 * is, on this machine or on others. The core tells what changes, the rendezvous
 * what matters; datagrams never reach the core. Clients are numbered
 * by their device, transfers by the id of their offer.
 */
import type { WireAddress } from "../../wire/request.ts";

/** What the core tells the rendezvous. */
export type RendezvousChange =
  /**
   * First of all: the keys of probes and of tickets for the relay are made from
   * this. What another core told before is void.
   */
  | { readonly do: "secret"; readonly secret: Uint8Array }
  /** A client was given an id and a key; those it had before are void. */
  | {
    readonly do: "bind";
    readonly client: number;
    /** Hexadecimal. */
    readonly id: string;
    readonly key: Uint8Array;
  }
  /** The client is gone for good. */
  | { readonly do: "unbind"; readonly client: number }
  /** Datagrams of this transfer go between the two, at the cost of `account`. */
  | {
    readonly do: "relay";
    readonly transfer: string;
    readonly from: number;
    readonly to: number;
    /** The user who offered, whichever client that was. */
    readonly account: number;
  }
  /** The transfer is over. */
  | { readonly do: "relay-end"; readonly transfer: string }
  /** All rendezvous together have relayed enough for a user. */
  | {
    readonly do: "used-up";
    readonly account: number;
    /** Until when, ms since 1970 UTC. */
    readonly at: number;
  };

/** What the rendezvous tells the core. */
export type RendezvousNews =
  /** From where a client is seen now, IPv4 first; from nowhere any more. */
  | {
    readonly what: "seen";
    readonly client: number;
    readonly addresses: readonly WireAddress[];
  }
  /** No more of the transfer is relayed before `at`, ms since 1970 UTC. */
  | {
    readonly what: "used-up";
    readonly transfer: string;
    readonly at: number;
  }
  /** What it has relayed of a day; one of several tells it now and then. */
  | {
    readonly what: "relayed";
    /** Days since 1970 UTC. */
    readonly day: number;
    /** Bytes of that day, of those of whom there is something new. */
    readonly uses: readonly {
      readonly account: number;
      readonly bytes: number;
    }[];
  };
