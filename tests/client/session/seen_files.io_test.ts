import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { SeenFiles } from "../../../lib/client/session/seen_files.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const owner = { store: "ab", user: "yoda" };

Deno.test("SeenFiles reads what was written last, for each database and user", async () => {
  await withTempFolder((folder) => {
    const env = () => folder;
    const files = new SeenFiles(env);
    assertEquals(files.read(owner), undefined);
    for (const id of [123_456, 7, Number.MAX_SAFE_INTEGER, 9]) {
      files.write(owner, { id, epochs: [] });
      assertEquals(new SeenFiles(env).read(owner), { id, epochs: [] });
    }
    files.write({ ...owner, user: "Yoda" }, { id: 3, epochs: [] });
    files.write({ ...owner, store: "../../x" }, { id: 4, epochs: [] });
    assertEquals(files.read(owner)?.id, 9);
    assertEquals(files.read({ ...owner, user: "Yoda" })?.id, 3);
    assertEquals(files.read({ ...owner, store: "../../x" })?.id, 4);
    return Promise.resolve();
  });
});

Deno.test("SeenFiles takes anything else in a file for nothing", async () => {
  await withTempFolder(async (folder) => {
    const files = new SeenFiles(() => folder);
    files.write(owner, { id: 5, epochs: [] });
    const seen = join(folder, "parley", "seen");
    for await (const { name } of Deno.readDir(seen)) {
      for (const text of ["", "x", "-1", "1e3", "99999999999999999999"]) {
        await Deno.writeTextFile(join(seen, name), text);
        assertEquals(files.read(owner), undefined, text);
      }
    }
  });
});

Deno.test("SeenFiles keeps what the id is of, or the id alone where that is damaged", async () => {
  await withTempFolder(async (folder) => {
    const files = new SeenFiles(() => folder);
    const account = "0123456789abcdef";
    const run = (after: number) => ({ epoch: `${after}`.repeat(16), after });
    const long = { id: 9, account, epochs: [run(1), run(2), run(3)] };
    files.write(owner, long);
    assertEquals(files.read(owner), long);
    const short = { id: 2, account, epochs: [run(1)] };
    files.write(owner, short);
    assertEquals(files.read(owner), short);
    const seen = join(folder, "parley", "seen");
    for await (const { name } of Deno.readDir(seen)) {
      for (const line of ["x", `${account} x:1`, `${account} ${account}:-1`]) {
        await Deno.writeTextFile(join(seen, name), `7\n${line}\n`);
        assertEquals(files.read(owner), { id: 7, epochs: [] });
      }
    }
  });
});

Deno.test("SeenFiles does without a folder", () => {
  const files = new SeenFiles(() => undefined);
  files.write(owner, { id: 5, epochs: [] });
  assertEquals(files.read(owner), undefined);
});
