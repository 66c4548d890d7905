/** Folders where no more files can be opened, which says nothing of those in them. */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { makeTree } from "../../support/file_tree.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

Deno.test({
  name:
    "when too many files are open that is told, and none counts as unreadable, changed or damaged",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withTempFolder(async (folder) => {
      makeTree(folder, { "trip/a": "what is sent" });
      const trip = join(folder, "trip");
      const { stdout } = await new Deno.Command("sh", {
        args: [
          ...["-c", 'ulimit -n 300 && exec "$@"', "sh", Deno.execPath()],
          ...["eval", "--quiet", codeFor(trip)],
        ],
        cwd: fromFileUrl(new URL("../../..", import.meta.url)),
      }).output();
      const full = "cannot be read: too many open files";
      assertEquals(JSON.parse(new TextDecoder().decode(stdout)), [
        ["walk", `"${trip}" ${full}`],
        ["read", `"${join(trip, "a")}" ${full}`],
        [
          "look",
          `Too many open files (os error 24): open '${join(trip, "a")}'`,
        ],
      ]);
    }),
});

/** A program that tries all of it while it can open nothing more. */
function codeFor(trip: string): string {
  const from = (path: string) =>
    JSON.stringify(
      new URL(`../../../lib/client/tree/${path}`, import.meta.url),
    );
  return `
    import { encodeManifest } from ${from("manifest.ts")};
    import { noStart, streamSize } from ${from("tree_choice.ts")};
    import { TreeReader } from ${from("tree_reader.io.ts")};
    import { walkTree } from ${from("tree_walk.io.ts")};
    import { openPlain } from ${from("whole_reads.io.ts")};

    const trip = ${JSON.stringify(trip)};
    const found = walkTree([trip], { followsLinks: false });
    const wanted = Array.from(found.entries, () => true);
    const choice = { wanted, start: noStart };
    const manifest = encodeManifest(found.entries);
    const bytes = new Uint8Array(streamSize(found.entries, choice));

    const list = Deno.readDirSync;
    let held = [];
    function hold() {
      try {
        for (;;) held.push(Deno.openSync(trip));
      } catch {
        // No more can be opened.
      }
    }
    function walk() {
      // What is in the folder is found just before.
      Deno.readDirSync = (path) => {
        const children = [...list(path)];
        hold();
        return children;
      };
      walkTree([trip], { followsLinks: false });
    }
    function read() {
      hold();
      new TreeReader(found, choice, manifest).read(bytes);
    }
    function look() {
      hold();
      openPlain(trip + "/a");
    }
    const told = [walk, read, look].map((act) => {
      try {
        act();
        return [act.name, "done"];
      } catch (error) {
        return [act.name, error.message];
      } finally {
        for (const file of held) file.close();
        held = [];
      }
    });
    console.log(JSON.stringify(told));
  `;
}
