import { assert, assertEquals } from "@std/assert";
import { MetricsServer } from "../../../lib/server/admin/metrics_server.io.ts";
import { waitUntil } from "../../support/wait_until.ts";

Deno.test("MetricsServer answers one request for each connection", async () => {
  const state: { fault?: string } = {};
  const server = new MetricsServer("127.0.0.1", 0, {
    metrics: () => "users 3\n",
    fault: () => state.fault,
  });
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(
      `http://127.0.0.1:${server.port}${path}`,
      init,
    );
    return [response.status, await response.text()];
  };
  assertEquals(await ask("/metrics?x=1"), [200, "users 3\n"]);
  assertEquals(await ask("/metrics", { method: "HEAD" }), [200, ""]);
  assertEquals(await ask("/healthz"), [200, "ok\n"]);
  state.fault = "the disk is full: ü";
  assertEquals(await ask("/healthz"), [503, "the disk is full: ü\n"]);
  assertEquals(await ask("/"), [404, "/healthz or /metrics\n"]);
  assertEquals(await ask("/", { method: "POST" }), [405, "only GET\n"]);
  server.close();
});

Deno.test("MetricsServer lets silent strangers of one address keep out nobody else", async () => {
  const server = new MetricsServer("127.0.0.1", 0, {
    metrics: () => "",
    fault: () => undefined,
  });
  const { port } = server;
  let open = 0;
  const strangers = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port })
        .catch(() => undefined);
      if (conn === undefined) return;
      open++;
      conn.read(new Uint8Array(1)).catch(() => null).then(() => open--);
      return conn;
    }),
  );
  await waitUntil("the others to be closed", () => open <= 16);
  const { connect } = await import("node:net");
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      localAddress: "127.0.0.2",
    });
    let text = "";
    socket.on("data", (bytes) => text += bytes);
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
    socket.write("GET /healthz HTTP/1.1\r\n\r\n");
  });
  assert(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
  for (const conn of strangers) conn?.close();
  server.close();
});
