import { assertEquals } from "@std/assert";
import { CredentialsFile } from "../../lib/server/credentials_file.ts";
import { demoAccounts } from "../../lib/server/demo_accounts.ts";

Deno.test("demoAccounts are those of the credentials.txt that ships", async () => {
  const path = new URL("../../credentials.txt", import.meta.url);
  const file = new CredentialsFile(await Deno.readTextFile(path));
  assertEquals(file.problems, []);
  assertEquals(
    [...file.accounts],
    [...demoAccounts].map(([name, password]) => [
      name,
      { kind: "password", password },
    ]),
  );
});
