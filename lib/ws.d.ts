/** Types of what Parley uses of `ws`, which ships none. */

declare module "ws" {
  import type { IncomingMessage } from "node:http";
  import type { Duplex } from "node:stream";

  export interface WebSocket {
    /** Bytes that are not yet with the system. */
    readonly bufferedAmount: number;
    send(text: string, done: (error?: Error | null) => void): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
    on(
      event: "message",
      listener: (
        data: { toString(encoding: "utf8"): string },
        isBinary: boolean,
      ) => void,
    ): void;
    on(event: "close", listener: () => void): void;
    on(event: "error", listener: (error: Error) => void): void;
  }

  export class WebSocketServer {
    constructor(options: {
      noServer: true;
      /** Most bytes of a message. */
      maxPayload: number;
      perMessageDeflate: boolean;
      clientTracking: boolean;
    });
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Uint8Array,
      done: (socket: WebSocket) => void,
    ): void;
  }
}
