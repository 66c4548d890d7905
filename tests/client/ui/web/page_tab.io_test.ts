import { assertEquals } from "@std/assert";
import { EventEmitter } from "node:events";
import type { WebSocket } from "ws";
import { PageTab } from "../../../../lib/client/ui/web/page_tab.io.ts";
import type { WebWindow } from "../../../../lib/client/ui/web/web_window.io.ts";

Deno.test("PageTab: what fails for one page ends that page alone", async () => {
  const sent: string[] = [];
  const { promise, resolve } = Promise.withResolvers<number>();
  const socket = Object.assign(new EventEmitter(), {
    bufferedAmount: 0,
    send: (text: string) => sent.push(text),
    close: resolve,
    terminate: resolve,
  });
  const window = { remove: () => {} } as unknown as WebWindow;
  const tab = new PageTab(window, {
    socket: socket as unknown as WebSocket,
    prove: (nonce) => nonce,
    admit: () => Promise.reject(new Error("the disk is on fire")),
  });
  tab.start();
  const hello = JSON.stringify({ do: "hello", token: "A".repeat(22) });
  socket.emit("message", hello, false);
  assertEquals(await promise, 1008);
  assertEquals(sent.map((text) => JSON.parse(text)), [
    { tell: "error", message: "the disk is on fire", closed: true },
  ]);
  socket.emit("close");
});
