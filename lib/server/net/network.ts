/**
 * The port between the core's shell and whoever holds the clients' connections,
 * on this machine or on another: bytes come in, frames go out, by the number of
 * a connection. The shell never sees a socket.
 *
 * Frames are not pushed into the network, it takes them. What is queued for a
 * connection stays with the core until then, and a network takes no more of it
 * than it is about to write, or than the other side of its own line has room
 * for. So there is one place that knows how far a reader is behind: there the
 * core paces what is read from the store, there the limit is counted
 * (`limits.outgoingBytes`), and whoever exceeds it is told why and cut off,
 * behind a socket as behind another machine. Memory is bounded by that limit for
 * each connection. A network that as a whole no longer takes anything ends its
 * connections itself, with {@link NetworkOwner.handleClosed} for each. A frame
 * for many is the same array in all of their queues, and none is copied: a
 * network that carries frames for many connections over one line can tell by
 * that, within one call of {@link Network.wake}, what it has to carry once; what
 * many get who get nothing else it is told by {@link Network.share}.
 */
import type { ConnectionId, RemoteAddress } from "../model/actions.ts";
import type { Frame } from "../model/outgoing_queue.ts";

/** Frames that several connections get alike. */
export interface FramesForMany {
  readonly frames: readonly Frame[];
  readonly bytes: number;
  readonly connections: readonly ConnectionId[];
}

/** Who holds connections. Calls about one that is closed do nothing. */
export interface Network {
  /** Frames were queued for these, in this turn of the event loop. */
  wake(connections: readonly ConnectionId[]): void;
  /**
   * These get frames together, before anything that is queued for them; absent
   * where that is not worth it, and all is queued.
   *
   * @returns Those that there is no room for now: theirs are to be queued.
   */
  share?(frames: FramesForMany): readonly ConnectionId[];
  /**
   * Somebody is logged in on this connection.
   *
   * @param restarts True when their client can begin anew on it.
   */
  enter(connection: ConnectionId, restarts: boolean): void;
  /** Writes out what is queued, then closes. */
  finish(connection: ConnectionId): void;
  /** Cuts it off at once. */
  abort(connection: ConnectionId): void;
}

/** What a network tells the one who uses it, and takes from there. */
export interface NetworkOwner {
  /** A client connected; its number was never used before. */
  handleOpen(connection: ConnectionId, remote: RemoteAddress): void;
  /** Bytes came; they may be reused after the call. */
  handleData(connection: ConnectionId, bytes: Uint8Array): void;
  /**
   * Takes what is queued, the oldest first.
   *
   * @param enoughBytes From how many on the rest is left for another time.
   */
  takeFrames(connection: ConnectionId, enoughBytes: number): readonly Frame[];
  /**
   * No more comes from the client; told once. Nothing can be taken afterwards: a
   * network that can still write to the client takes what is left before.
   */
  handleClosed(connection: ConnectionId): void;
}
