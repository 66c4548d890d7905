import { assertEquals } from "@std/assert";
import { CredentialsFile } from "../../lib/server/accounts/credentials_file.ts";
import { demoAccounts } from "../../lib/server/accounts/account_table.ts";

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
