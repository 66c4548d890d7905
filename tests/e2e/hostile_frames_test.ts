import { assert, assertEquals } from "@std/assert";
import { TestServer } from "../support/test_server.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { accountLine } from "../support/account_line.ts";

const accounts = accountLine("yoda", "green") + accountLine("luke", "blue");

/**
 * The bad input must be answered or hung up on within this time, ms: before who
 * says nothing is hung up on, after 10 s.
 */
const soon = 9000;

async function withinSoon<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: too late`)), soon);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("server: bad input on one connection disturbs nobody", async (t) => {
  await using server = await TestServer.start({ accounts });
  using luke = await ProtocolClient.login(server.port, {
    user: "luke",
    password: "blue",
  });

  await t.step("a line without end before login", async () => {
    using client = await ProtocolClient.connect(server.port);
    await client.write("x".repeat(5000));
    await withinSoon("error", client.event("error"));
    assertEquals(client.events[0]?.error.code, "frame_too_long");
    await withinSoon("close", client.closed);
  });

  await t.step("a line of 1 MB after login", async () => {
    using client = await ProtocolClient.login(server.port, {
      user: "yoda",
      password: "green",
    });
    client.write("y".repeat(1_000_000) + "\n");
    await withinSoon("close", client.closed);
  });

  await t.step("invalid UTF-8", async () => {
    using client = await ProtocolClient.connect(server.port);
    await client.write(Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d, 10));
    await withinSoon("error", client.event("error"));
    assertEquals(client.events[0]?.error.code, "bad_frame");
    await withinSoon("close", client.closed);
  });

  await t.step("deep JSON, no JSON, no object: an error each", async () => {
    using client = await ProtocolClient.connect(server.port);
    const deep = `{"id":1,"do":"ping","x":${"[".repeat(900)}${
      "]".repeat(900)
    }}`;
    await client.write(`${deep}\nhello?\n[1,2]\n`);
    await withinSoon(
      "errors",
      (async () => {
        while (client.events.length < 3) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })(),
    );
    for (const event of client.events) {
      assertEquals(event.error.code, "bad_frame");
    }
    await client.hello();
  });

  await t.step("an unknown request, and one with wrong fields", async () => {
    for (
      const [name, fields, code] of [
        ["dance", {}, "unknown_request"],
        ["message", { to: "luke", text: 5 }, "bad_request"],
      ] as const
    ) {
      try {
        await withinSoon(name, luke.request(name, fields));
        assert(false, "must be refused");
      } catch (error) {
        assert(error instanceof RequestRefused, String(error));
        assertEquals(error.code, code);
      }
    }
  });

  await t.step("requests before hello and before login", async () => {
    using client = await ProtocolClient.connect(server.port);
    for (const code of ["hello_first", "login_first"]) {
      try {
        await client.request("who");
        assert(false, "must be refused");
      } catch (error) {
        assert(error instanceof RequestRefused, String(error));
        assertEquals(error.code, code);
      }
      if (code === "hello_first") await client.hello();
    }
  });

  await t.step("the others notice nothing and the server is well", async () => {
    using yoda = await ProtocolClient.login(server.port, {
      user: "yoda",
      password: "green",
    });
    await yoda.request("message", { to: ["luke"], text: "well?", mid: "1" });
    await luke.event("message", { text: "well?" });
    assertEquals(server.process.ended, undefined);
  });
});

Deno.test("server: more than 16 connections without login from one address are refused", async () => {
  await using server = await TestServer.start({ accounts });
  const clients: ProtocolClient[] = [];
  try {
    for (let i = 0; i < 16; i++) {
      clients.push(await ProtocolClient.connect(server.port));
    }
    await Promise.all(clients.map((client) => client.hello()));
    const refused = await ProtocolClient.connect(server.port);
    clients.push(refused);
    await withinSoon("refusal", refused.closed);
    const other = await ProtocolClient.connect(server.port, "127.0.0.2");
    clients.push(other);
    await other.hello();
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});
