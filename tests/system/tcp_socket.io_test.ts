import { assertEquals } from "@std/assert";
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
      await waitUntil("all", () => accepted.length >= crowd, 10_000);
      for (const each of [...accepted.splice(0), ...clients]) each.close();
    }
    assertEquals(accepted, []);
  } finally {
    listener.close();
  }
});

const crowd = 200;
const pauseEach = 32;
