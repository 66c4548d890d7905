/** Copies of what a window sends that wait until somebody is back. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { KeptOfferFiles } from "../../../lib/client/offers/kept_offer_files.io.ts";
import { KeptUploads } from "../../../lib/client/offers/kept_uploads.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";
import { waitUntil } from "../../support/wait_until.ts";

const owner = { store: "s", account: "0123456789abcdef" };

Deno.test("KeptUploads: each stands as long as something that waits is of it", () =>
  withTempFolder(async (state) => {
    const env = (name: string) => name === "XDG_STATE_HOME" ? state : undefined;
    const later = join(state, "parley", "uploads", "later");
    const uploads = new KeptUploads(env);
    const offers = new KeptOfferFiles(env);
    let number = 0;
    const upload = (bytes = 4) => {
      const name = `A${number++}`;
      const folder = join(state, name);
      Deno.mkdirSync(folder);
      Deno.writeTextFileSync(join(folder, "film"), "film");
      const kept = uploads.keep(folder, name, bytes);
      return "folder" in kept ? join(kept.folder, "film") : kept.fault;
    };
    const offer = (path: string, id: string, ...to: string[]) =>
      offers.put(owner, {
        ...{ id: id.padStart(16, "0"), since: 1, paths: [path] },
        ...{ followsLinks: false, file: { name: "film", size: 4 } },
        to: to.map((user) => ({ user })),
      });
    const isGone = (path: string) =>
      waitUntil(`${path} is gone`, () => Promise.resolve(!exists(path)));

    assertEquals(offers.usedPaths(), []);
    const [one, two, left] = [upload(), upload(), upload()];
    assertEquals(one, join(later, "A0.4", "film"));
    offer(one, "1", "luke", "leia");
    offer(two, "2", "luke");
    // Neither what waits goes, nor what is about to wait.
    uploads.removeLeft(offers.usedPaths());
    uploads.release("A0", offers.usedPaths());
    for (const path of [one, two, left]) assert(exists(path), path);
    const past = new Date(Date.now() - 2 * 3_600_000);
    for (const path of [one, left]) {
      await Deno.utime(join(path, ".."), past, past);
    }
    new KeptUploads(env).removeLeft(new KeptOfferFiles(env).usedPaths());
    await isGone(left);
    // One of two has it; then both; the other is taken back.
    offer(one, "1", "leia");
    assert(exists(one));
    offer(one, "1");
    await isGone(one);
    assert(exists(two));
    offer(two, "2");
    await isGone(two);
    const three = upload();
    uploads.release("A3", offers.usedPaths());
    await isGone(three);
    // A path elsewhere is nobody's business.
    const own = join(state, "parley", "uploads", "own");
    await Deno.mkdir(own, { recursive: true });
    offer(own, "3");
    assert(exists(own));

    assert(exists(upload(15.9e9)));
    const fault = upload(0.2e9);
    assert(fault.startsWith("15.9 GB of 16.0 GB wait here already"), fault);
    await waitUntil(
      "only one is left",
      () => Promise.resolve([...Deno.readDirSync(later)].length === 1),
    );
    offers.close();
  }));

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
