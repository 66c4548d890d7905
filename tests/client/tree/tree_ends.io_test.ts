import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { encodeChoice, noStart } from "../../../lib/client/tree/tree_choice.ts";
import { TreeSource } from "../../../lib/client/tree/tree_ends.io.ts";
import {
  type TreeCall,
  TreeThread,
} from "../../../lib/client/tree/tree_thread.io.ts";
import { withTempFolder } from "../../support/temp_folder.ts";
import { makeTree } from "../../support/file_tree.ts";

/** One whose calls to read are seen. */
class WatchedThread extends TreeThread {
  /** How many bytes each asked for. */
  readonly reads: number[] = [];

  override ask<C extends TreeCall>(call: C, memory: ArrayBuffer[] = []) {
    if (call.call === "read") this.reads.push(call.length);
    return super.ask(call, memory);
  }
}

Deno.test("TreeSource: what is sent first waits for one block to be read", async () => {
  await withTempFolder(async (folder) => {
    const contents = new Uint8Array(3_000_000).map((_, i) => i * 7);
    makeTree(folder, { "trip/a.bin": contents });
    const thread = new WatchedThread();
    const roots = [join(folder, "trip")];
    await thread.ask({ call: "walk", roots, followsLinks: false });
    const choice = encodeChoice({ wanted: [true, true], start: noStart });
    const { size } = await thread.ask({ call: "choose", choice });
    const source = new TreeSource(thread, {
      ...{ name: "trip", size, fingerprint: "" },
    });
    const first = await source.read(0);
    assertEquals(first.length, 256 * 1024);
    assertEquals(first.slice(1), contents.slice(0, 256 * 1024 - 1));
    assertEquals(thread.reads, [256 * 1024, 1024 * 1024]);
    let length = first.length;
    for (let block = 1; length < size; block++) {
      length += (await source.read(block)).length;
    }
    assertEquals(length, size);
    source.close();
  });
});
