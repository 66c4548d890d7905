/** Requests and replies over a connection, one at a time. */
import { encodeFrame } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { LineDecoder } from "../../base/line_decoder.ts";
import type { RequestFields, RequestName } from "../../wire/request.ts";
import {
  checkReply,
  decodeServerFrame,
  type ReplyFields,
  type ServerFrame,
} from "../../wire/server_frame.ts";
import type {
  ByteSocket,
  TcpSocketEvents,
} from "../../system/tcp_socket.io.ts";
import { serverSpeaksTls, startsLikeTls } from "../../security/certificate.ts";
import { canonicalIp } from "../../base/ip_address.ts";
import {
  encodeProbe,
  openProbed,
  type Probed,
} from "../../wire/rendezvous_datagram.ts";

/** A server that answers with an error. */
export class RequestRefusedError extends Error {
  override readonly name = "RequestRefusedError";
  /** Of the protocol's table; `undefined` for one that this client lacks. */
  readonly code: string | undefined;

  constructor(code: string | undefined, message: string) {
    super(message);
    this.code = code;
  }
}

/** A connection to ask on. */
export class ServerDialogue implements TcpSocketEvents {
  readonly #connection: ByteSocket;
  readonly #decoder = new LineDecoder(limits.serverFrameBytes);
  readonly #frames: ServerFrame[] = [];
  /** Why no more frames come. */
  #fault: unknown;
  /** Called when something came. */
  #onProgress: () => void = () => {};
  #id = 0;
  #isFirst = true;

  constructor(connection: ByteSocket) {
    this.#connection = connection;
    connection.start(this);
  }

  /**
   * Asks and waits for the reply.
   *
   * @throws {RequestRefusedError} when the server refuses.
   * @throws {Error} when the connection is lost, or the server is none.
   */
  async ask<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
  ): Promise<ReplyFields<N>> {
    const id = ++this.#id;
    await this.#connection.write(encodeFrame({ id, do: name, ...fields }));
    for (;;) {
      const frame = await this.#read();
      if (frame.kind === "ok" && frame.re === id) {
        return checkReply(name, frame.ok);
      }
      if (frame.kind === "error" && (frame.re ?? id) === id) {
        throw new RequestRefusedError(frame.code, frame.message);
      }
    }
  }

  handleBytes(bytes: Uint8Array): void {
    if (this.#fault !== undefined) return;
    try {
      this.#take(bytes);
    } catch (error) {
      this.#fault = error;
    }
    if (this.#fault !== undefined) this.#connection.pause();
    this.#onProgress();
  }

  handleEnd(): void {
    this.#fault ??= new Error("the server closed the connection");
    this.#onProgress();
  }

  #take(bytes: Uint8Array): void {
    if (this.#isFirst && startsLikeTls(bytes)) throw new Error(serverSpeaksTls);
    this.#isFirst = false;
    const fault = this.#decoder.push(bytes, (line) => {
      this.#frames.push(decodeServerFrame(line));
      return true;
    });
    if (fault !== undefined) throw new Error("it is no Parley server");
    if (this.#frames.length > mostFrames) {
      throw new Error("it sends what it was not asked for");
    }
  }

  async #read(): Promise<ServerFrame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#fault !== undefined) throw this.#fault;
      await new Promise<void>((resolve) => this.#onProgress = resolve);
    }
  }
}

/** Most frames that wait to be read. */
const mostFrames = 64;

// Sends probes to a server's UDP ports and collects what comes back.

/** One thing to find out. */
export interface ProbeQuestion {
  /** The server's UDP port. */
  readonly port: number;
  /** Bytes of the datagram. */
  readonly size: number;
}

/** What a probe brought. */
export interface ProbeAnswer extends Probed {
  /** Round-trip time, ms. */
  readonly rtt: number;
}

/** One socket that probes one server. */
export class UdpProber {
  readonly #socket: Deno.DatagramConn;
  readonly #ip: string;
  readonly #id: Uint8Array;
  readonly #key: Uint8Array;
  readonly #receiving: Promise<void>;
  /** Probes under way by number. */
  readonly #sent = new Map<
    number,
    { readonly at: number; readonly answered: (answer: ProbeAnswer) => void }
  >();
  #number = 0;
  #isClosed = false;

  /**
   * @param ip The server's address.
   * @param localPort 0 for any free one.
   * @throws {Error} when the port cannot be had.
   */
  constructor(
    ip: string,
    id: Uint8Array,
    key: Uint8Array,
    localPort: number,
  ) {
    this.#ip = canonicalIp(ip);
    this.#id = id;
    this.#key = key;
    this.#socket = Deno.listenDatagram({
      transport: "udp",
      hostname: this.#ip.includes(":") ? "::" : "0.0.0.0",
      port: localPort,
    });
    this.#receiving = this.#receive();
  }

  /** This machine's port. */
  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /**
   * Asks everything at once, and what is not answered again.
   *
   * @param rounds How often at most.
   * @param pauseMs How long to wait for answers, each time.
   * @returns The answers in the order of the questions; `undefined` for none.
   */
  async ask(
    questions: readonly ProbeQuestion[],
    rounds: number,
    pauseMs: number,
  ): Promise<(ProbeAnswer | undefined)[]> {
    const answers: (ProbeAnswer | undefined)[] = questions.map(() => undefined);
    let left = questions.length;
    for (let round = 0; round < rounds && left > 0; round++) {
      let done = () => {};
      const all = new Promise<void>((resolve) => done = resolve);
      for (const [index, question] of questions.entries()) {
        if (answers[index] !== undefined) continue;
        await this.#send(question, (answer) => {
          if (answers[index] !== undefined) return;
          answers[index] = answer;
          if (--left === 0) done();
        });
      }
      const timer = setTimeout(done, pauseMs);
      await all;
      clearTimeout(timer);
    }
    return answers;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#socket.close();
    await this.#receiving;
  }

  async #send(
    { port, size }: ProbeQuestion,
    answered: (answer: ProbeAnswer) => void,
  ): Promise<void> {
    const number = ++this.#number;
    this.#sent.set(number, { at: performance.now(), answered });
    const bytes = encodeProbe(this.#id, this.#key, number, size);
    try {
      const to = { transport: "udp", hostname: this.#ip, port } as const;
      await this.#socket.send(bytes, to);
    } catch {
      // Larger than a link of this machine carries: it does not arrive.
    }
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(2048);
    while (!this.#isClosed) {
      try {
        const [bytes] = await this.#socket.receive(buffer);
        const probed = openProbed(bytes, this.#id, this.#key);
        const sent = probed && this.#sent.get(probed.number);
        if (probed === undefined || sent === undefined) continue;
        this.#sent.delete(probed.number);
        sent.answered({ ...probed, rtt: performance.now() - sent.at });
      } catch {
        // Closed, or the system tells that a port is unreachable.
        await Promise.resolve();
      }
    }
  }
}
