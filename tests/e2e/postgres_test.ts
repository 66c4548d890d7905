/** The server with its data in PostgreSQL, as it is run. */
import { assertEquals } from "@std/assert";
import { accountLine } from "../support/account_line.ts";
import { noPostgres, PostgresServer } from "../support/postgres_server.ts";
import { testUnless } from "../support/test_unless.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { TestServer } from "../support/test_server.ts";

const accounts = accountLine("yoda", "green") + accountLine("luke", "blue");

testUnless(
  noPostgres,
  "server on PostgreSQL: whatever is killed, every message is there once, in order",
  async () => {
    await using postgres = await PostgresServer.start();
    const url = await postgres.createDatabase();
    const args = ["--database", url];
    await using server = await TestServer.start({ accounts, args });
    let yoda = await login(server.port, "yoda", "green");
    const faults: Record<number, () => Promise<void>> = {
      100: async () => {
        await server.stop("SIGKILL");
        await server.startAgain();
      },
      200: async () => {
        await postgres.kill();
        await postgres.run();
      },
      300: () => postgres.endConnections("parley1"),
      400: async () => {
        await postgres.stop("fast");
        await postgres.run();
      },
    };
    /** Says something until that is confirmed, as a client does. */
    const say = async (number: number) => {
      const mid = `m${number}`;
      for (;;) {
        try {
          const text = `text ${number}`;
          return await yoda.request("message", { to: ["luke"], text, mid });
        } catch (error) {
          if (error instanceof RequestRefused) continue;
          yoda = await login(server.port, "yoda", "green");
        }
      }
    };
    for (let number = 0; number < 500; number += 10) {
      const fault = faults[number]?.();
      for (let each = number; each < number + 10; each++) await say(each);
      await fault;
    }
    yoda[Symbol.dispose]();
    const texts = Array.from({ length: 500 }, (_, number) => `text ${number}`);
    using luke = await ProtocolClient.connect(server.port);
    await luke.hello();
    await luke.authenticate("luke", "blue");
    for (const text of texts) await luke.event("message", { text });
    const got = luke.events.filter(({ ev }) => ev === "message");
    assertEquals(got.map(({ text }) => text), texts);
    await server.stop();
    const lines = (await server.data("messagelog.txt")).trimEnd().split("\n");
    assertEquals(
      lines.map((line) => line.split("; ").at(-1)),
      texts,
    );
    assertEquals(
      lines.map((line) => parseInt(line)),
      texts.map((_, n) => n + 1),
    );
  },
);

async function login(
  port: number,
  user: string,
  password: string,
): Promise<ProtocolClient> {
  for (;;) {
    try {
      return await ProtocolClient.login(port, { user, password });
    } catch {
      // The server, or its database, is not there yet.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
