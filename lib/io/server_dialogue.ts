/** Requests and replies over a connection, one at a time. */
import { encodeFrame } from "../protocol/frame.ts";
import { limits } from "../protocol/limits.ts";
import { LineDecoder } from "../protocol/line_decoder.ts";
import type { RequestFields, RequestName } from "../protocol/request.ts";
import {
  checkReply,
  decodeServerFrame,
  type ReplyFields,
  type ServerFrame,
} from "../protocol/server_frame.ts";
import { serverSpeaksTls, startsLikeTls } from "../protocol/tls_record.ts";

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
export class ServerDialogue {
  readonly #connection: Deno.Conn;
  readonly #decoder = new LineDecoder(limits.serverFrameBytes);
  readonly #frames: ServerFrame[] = [];
  readonly #buffer = new Uint8Array(16 * 1024);
  #id = 0;
  #isFirst = true;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
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
    await this.#write(encodeFrame({ id, do: name, ...fields }));
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

  async #write(frame: Uint8Array): Promise<void> {
    let bytes = frame;
    while (bytes.length > 0) {
      bytes = bytes.subarray(await this.#connection.write(bytes));
    }
  }

  async #read(): Promise<ServerFrame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      const count = await this.#connection.read(this.#buffer);
      if (count === null) throw new Error("the server closed the connection");
      const bytes = this.#buffer.subarray(0, count);
      if (this.#isFirst && startsLikeTls(bytes)) {
        throw new Error(serverSpeaksTls);
      }
      this.#isFirst = false;
      const fault = this.#decoder.push(bytes, (line) => {
        this.#frames.push(decodeServerFrame(line));
        return true;
      });
      if (fault !== undefined) throw new Error("it is no Parley server");
    }
  }
}
