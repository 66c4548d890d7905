/** What a stranger can tell of a name: nothing. */
import { assert, assertEquals } from "@std/assert";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";

/** Everything the server said, without what is random in it. */
function linesOf(client: TestClient): string[] {
  return client.lines.map((line) =>
    line.replace(/[A-Za-z0-9+/]{22,}={0,2}/g, (text) => `<${text.length}>`)
  );
}

Deno.test("ServerCore answers logins to known and unknown names with the same bytes", () => {
  const told = (name: string) => {
    const harness = new CoreHarness();
    const lines: string[][] = [];
    for (let tries = 0; tries < 4; tries++) {
      const client = harness.connect();
      client.hello();
      // Another name than the account's, of the same length.
      const scram = `n,,n=${name},r=nonce-of-a-client-${tries}`;
      const id = client.send("login", { scram, udpPort: 0 });
      const reply = client.replyTo(id);
      if (reply !== undefined && "ok" in reply) {
        const first = (reply.ok as { scram: string }).scram;
        const nonce = first.match(/r=([^,]*)/)?.[1];
        const proof = "A".repeat(43) + "=";
        client.send("proof", { scram: `c=biws,r=${nonce},p=${proof}` });
      }
      lines.push(linesOf(client));
      client.disconnect();
    }
    const reports = harness.reports.map((text) => text.replace(name, "NAME"));
    return { lines, reports };
  };
  const known = told("luke");
  assertEquals(told("lupe"), known);
  assert(known.lines[0]?.some((line) => line.includes("login_failed")));
  assert(known.lines[2]?.some((line) => line.includes("login_failed_blocked")));
  assert(known.lines[3]?.some((line) => line.includes("account_blocked")));
});
