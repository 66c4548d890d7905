import { assert, assertEquals } from "@std/assert";
import { TcpListener, type TcpSocket } from "../../lib/system/tcp_socket.io.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("TcpListener accepts a crowd also when it pauses meanwhile, without being reminded", async () => {
  const { setInterval } = globalThis;
  const listener = new TcpListener("127.0.0.1", 0);
  const accepted: TcpSocket[] = [];
  // Once a second it looks for those who wait in any case.
  globalThis.setInterval = (() => undefined) as unknown as typeof setInterval;
  try {
    listener.start({
      handleSocket(socket) {
        accepted.push(socket);
        if (accepted.length % pauseEach !== 0) return;
        listener.pause();
        setTimeout(() => listener.resume(), 5);
      },
      handleFailure() {},
      handleRecovery() {},
    });
  } finally {
    globalThis.setInterval = setInterval;
  }
  try {
    for (let round = 0; round < 3; round++) {
      const { port } = listener;
      const clients = await Promise.all(
        Array.from(
          { length: crowd },
          () => Deno.connect({ hostname: "127.0.0.1", port }),
        ),
      );
      await waitUntil("all", () => accepted.length >= crowd);
      for (const each of [...accepted.splice(0), ...clients]) each.close();
    }
    assertEquals(accepted, []);
  } finally {
    listener.close();
  }
});

Deno.test("TcpSocket writes what it was given, however late the other side reads it", async () => {
  const listener = new TcpListener("127.0.0.1", 0);
  const accepted: TcpSocket[] = [];
  listener.start({
    handleSocket: (socket) => accepted.push(socket),
    handleFailure() {},
    handleRecovery() {},
  });
  const { port } = listener;
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await waitUntil("accepted", () => accepted.length > 0);
    const under = writeAll(accepted[0]!);
    assert(under.length > 1, "the system has taken all of it");
    // Memory that is free by now is used for something else.
    for (let round = 0; round < 10; round++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      Array.from({ length: 100 }, () => new Uint8Array(writeBytes).fill(255));
    }
    const bytes = new Uint8Array(64 * 1024);
    let wrong = 0;
    for (let at = 0; at < writes * writeBytes;) {
      const read = await client.read(bytes) ?? 0;
      assert(read > 0, `it ends after ${at} bytes`);
      for (let index = 0; index < read; index++) {
        if (bytes[index] !== Math.floor(at++ / writeBytes)) wrong++;
      }
    }
    assertEquals(wrong, 0);
    await Promise.all(under);
  } finally {
    client.close();
    for (const socket of accepted) socket.close();
    listener.close();
  }
});

/** Nobody but the socket has what is written; what it does not take at once. */
function writeAll(socket: TcpSocket): Promise<void>[] {
  const under: Promise<void>[] = [];
  for (let number = 0; number < writes; number++) {
    const later = socket.write(new Uint8Array(writeBytes).fill(number));
    if (later !== undefined) under.push(later);
  }
  return under;
}

const writes = 100;
const writeBytes = 200_000;
const crowd = 200;
const pauseEach = 32;
