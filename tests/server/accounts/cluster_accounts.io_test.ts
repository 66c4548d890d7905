import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ClusterAccounts } from "../../../lib/server/accounts/cluster_accounts.io.ts";
import type {
  AccountRow,
  AccountRows,
} from "../../../lib/server/store/lease.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import {
  formatVerifier,
  makeVerifier,
} from "../../../lib/security/verifier.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const verifier = makeVerifier(new Uint8Array(32).fill(1), {
  salt: new Uint8Array(16).fill(2),
  iterations: 600_000,
});

Deno.test("ClusterAccounts brings those of the file to a database that has none, once", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/credentials.txt`;
    const rows = new MemoryRows();
    const said: string[] = [];
    const open = () => new ClusterAccounts(rows, (_, text) => said.push(text));
    const none = () => open().load(path);
    const error = await assertRejects(none, StartError, "user add NAME");
    assertStringIncludes(error.message, path);
    await Deno.writeTextFile(path, "# nobody\n");
    await assertRejects(none, StartError, "user add NAME");

    await Deno.writeTextFile(path, "# people\nyoda a b\nbad\nluke two\n");
    const names = async () => [...(await open().load(path)).keys()];
    assertEquals(await names(), ["yoda", "luke"]);
    assertEquals(rows.all, [
      { name: "yoda", credential: "a b" },
      { name: "luke", credential: "two" },
    ]);
    assertStringIncludes(said.join("\n"), "line 3: ");
    assertStringIncludes(said.at(-1) ?? "", "2 accounts of");
    await Deno.writeTextFile(path, "leia three\n");
    assertEquals(await names(), ["yoda", "luke"]);
  });
});

Deno.test("ClusterAccounts changes what users ask for, in memory when it is stored", async () => {
  const rows = new MemoryRows();
  rows.all = [{ name: "yoda", credential: "one" }];
  const accounts = new ClusterAccounts(rows, () => {});
  assertEquals([...(await accounts.load("none")).keys()], ["yoda"]);
  const change = { do: "set-verifier", name: "yoda", verifier } as const;
  assertEquals((await accounts.edit(change)).get("yoda")?.kind, "verifier");
  assertEquals(rows.all[0]?.credential, formatVerifier(verifier));
  const rename = { do: "rename", name: "yoda", to: "master" } as const;
  assertEquals([...(await accounts.edit(rename)).keys()], ["master"]);
  // Who is not there any more is not changed.
  await assertRejects(() => accounts.edit(rename), StartError, "meanwhile");
  rows.all = [{ name: "luke", credential: "two" }];
  const again = { ...rename, name: "master", to: "yoda" };
  await assertRejects(() => accounts.edit(again), StartError, "meanwhile");
  const read: string[] = [];
  await accounts.reload((all) => read.push(...all.keys()));
  assertEquals(read, ["luke"]);
});

class MemoryRows implements AccountRows {
  all: AccountRow[] = [];

  read(): Promise<AccountRow[]> {
    return Promise.resolve(this.all);
  }

  add(rows: readonly AccountRow[]): Promise<void> {
    this.all.push(...rows);
    return Promise.resolve();
  }

  change(from: AccountRow, to: AccountRow): Promise<void> {
    const at = this.all.findIndex((row) =>
      row.name === from.name && row.credential === from.credential
    );
    if (at < 0) return Promise.reject(new StartError("edited meanwhile"));
    this.all[at] = to;
    return Promise.resolve();
  }
}
