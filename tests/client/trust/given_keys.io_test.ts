import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { GivenKeyFiles } from "../../../lib/client/trust/given_keys.io.ts";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const random = new SeededRandom(5);
const [one, two] = [random, random].map((each) =>
  Identity.fromSeed(each.bytes(32))
) as [Identity, Identity];
const place = { store: "../s", account: "0123456789abcdef" };

Deno.test("GivenKeyFiles: a key is its owner's alone, and is found again by its store", () =>
  withTempFolder(async (folder) => {
    const faults: string[] = [];
    const open = () => new GivenKeyFiles(folder, (fault) => faults.push(fault));
    const keys = open();
    assertEquals(keys.find(place.store, one.publicKey), undefined);
    keys.keep(place, two);
    keys.keep(place, one);
    await keys.settled();
    const [entry, ...more] = await Array.fromAsync(
      Deno.readDir(join(folder, "identities")),
    );
    assertEquals([entry?.name, more.length], [
      "2e2e2f73-30313233343536373839616263646566.pem",
      0,
    ]);
    const path = join(folder, "identities", entry?.name ?? "");
    for (const [each, mode] of [[path, 0o600], [join(path, ".."), 0o700]]) {
      assertEquals((await Deno.stat(`${each}`)).mode! & 0o777, mode);
    }
    const again = open();
    const found = again.find(place.store, one.publicKey);
    assertEquals(found?.toPem(), one.toPem());
    assertEquals(again.find(place.store, two.publicKey), undefined);
    assertEquals(again.find("s", one.publicKey), undefined);
    // A file that cannot be read counts for nothing.
    await Deno.writeTextFile(path, "nothing");
    assertEquals(again.find(place.store, one.publicKey), undefined);
    assertEquals(faults, []);
  }));

Deno.test("GivenKeyFiles: a key that cannot be written is told", () =>
  withTempFolder(async (folder) => {
    const faults: string[] = [];
    await Deno.writeTextFile(join(folder, "identities"), "no folder");
    const keys = new GivenKeyFiles(folder, (fault) => faults.push(fault));
    keys.keep(place, one);
    await keys.settled();
    assertMatch(faults.join(), /^cannot write ".*": .*only until this client/);
  }));
