/**
 * The TCP port at which other clients reach this one for private sessions. Who
 * connects is a stranger until it says, within a short time, which session it
 * means; nothing is answered before that. Strangers are bounded in number, in
 * all and by address, in bytes and in time.
 */
import { decodeHello, helloBytes } from "../client/private_hello.ts";
import { privateLimits } from "../client/private_limits.ts";
import type { WireAddress } from "../protocol/request.ts";
import { limits } from "../protocol/limits.ts";
import { localAddresses } from "./local_addresses.ts";

/**
 * Gets each connection that said which session it means: its id and the bytes
 * that were read. `false` when nobody wants it; it is closed then.
 */
export type OnCaller = (
  socket: Deno.TcpConn,
  id: string,
  bytes: Uint8Array,
) => boolean;

/** A listener on a free port. */
export class PrivateListener {
  readonly #listener: Deno.TcpListener;
  readonly #onCaller: OnCaller;
  readonly #strangers = new Set<Deno.TcpConn>();
  readonly #byAddress = new Map<string, number>();
  #isClosed = false;
  /** Settles when nothing of it runs any more. */
  readonly #accepting: Promise<void>;

  /** @throws {Error} when no port can be had. */
  constructor(onCaller: OnCaller) {
    this.#onCaller = onCaller;
    this.#listener = listen();
    this.#accepting = this.#accept();
  }

  /** Where this listener can be reached. */
  get addresses(): WireAddress[] {
    const { hostname, port } = this.#listener.addr as Deno.NetAddr;
    const isIPv4Only = !hostname.includes(":");
    return localAddresses(limits.addresses)
      .filter((ip) => !isIPv4Only || !ip.includes(":"))
      .map((ip) => ({ ip, port }));
  }

  /** Frees the port and hangs up on strangers. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#listener.close();
      for (const socket of [...this.#strangers]) this.#dismiss(socket);
    }
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#admit(await this.#listener.accept());
      } catch {
        if (this.#isClosed) return;
        // Out of file descriptors, perhaps: others may free some.
        await new Promise((resolve) => setTimeout(resolve, acceptPauseMs));
      }
    }
  }

  #admit(socket: Deno.TcpConn): void {
    const { hostname } = socket.remoteAddr as Deno.NetAddr;
    const ofAddress = this.#byAddress.get(hostname) ?? 0;
    if (
      this.#isClosed || this.#strangers.size >= privateLimits.strangers ||
      ofAddress >= privateLimits.strangersPerAddress
    ) return socket.close();
    this.#strangers.add(socket);
    this.#byAddress.set(hostname, ofAddress + 1);
    this.#greet(socket).then(() => {
      this.#forgetOne(hostname);
      this.#dismiss(socket);
    });
  }

  async #greet(socket: Deno.TcpConn): Promise<void> {
    const timer = setTimeout(
      () => this.#dismiss(socket),
      privateLimits.strangerMs,
    );
    try {
      const bytes = new Uint8Array(helloBytes);
      let held = 0;
      while (held < bytes.length) {
        const count = await socket.read(bytes.subarray(held));
        if (count === null) return;
        held += count;
      }
      const hello = decodeHello(bytes);
      if (hello === undefined || !this.#strangers.delete(socket)) return;
      if (!this.#onCaller(socket, hello.id, bytes)) socket.close();
    } catch {
      // Reset, or dismissed.
    } finally {
      clearTimeout(timer);
    }
  }

  #dismiss(socket: Deno.TcpConn): void {
    if (this.#strangers.delete(socket)) socket.close();
  }

  #forgetOne(hostname: string): void {
    const left = (this.#byAddress.get(hostname) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(hostname, left);
    else this.#byAddress.delete(hostname);
  }
}

function listen(): Deno.TcpListener {
  try {
    // On usual systems this takes IPv4 too.
    return Deno.listen({ hostname: "::", port: 0 });
  } catch {
    return Deno.listen({ hostname: "0.0.0.0", port: 0 });
  }
}

const acceptPauseMs = 100;
