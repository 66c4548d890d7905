import { assertEquals } from "@std/assert";
import { EntryList } from "../../../lib/client/tree/entry_list.ts";

Deno.test("EntryList gives back what was added, in any order, however many", () => {
  const list = new EntryList(1);
  const paths: string[] = [];
  const folders = [-1];
  for (let i = 0; i < 3_000; i++) {
    const parent = folders[i * 7 % folders.length]!;
    const name = `${"ü😀".repeat(i % 40)}${i}`;
    const isFolder = i % 5 === 0;
    const entry = { isFolder, size: 3 * i, modified: i - 1.5e12 };
    const index = list.add({
      ...{ parent, name, ...entry, isExecutable: i % 3 === 0 },
    });
    assertEquals(index, i);
    // Deep ones would take too long to compare.
    if (isFolder && folders.length < 30) folders.push(index);
    paths.push(parent < 0 ? name : `${paths[parent]}/${name}`);
  }
  assertEquals(list.length, 3_000);
  assertEquals(Array.from(list, ({ path }) => path), paths);
  for (let i = 2_999; i >= 0; i -= 13) {
    const { path, isFolder, size, modified, isExecutable } = list.at(i)!;
    assertEquals({ path, isFolder, size, modified, isExecutable }, {
      ...{ path: paths[i]!, isFolder: i % 5 === 0, size: 3 * i },
      ...{ modified: i - 1.5e12, isExecutable: i % 3 === 0 },
    });
  }
  assertEquals(list.at(3_000), undefined);
});
