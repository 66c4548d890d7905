import { assertEquals } from "@std/assert";
import { globToRegExp } from "@std/path";
import {
  choiceOf,
  countStates,
  everything,
  exactly,
  filterFiles,
  type ListedFile,
  listOf,
  stateText,
} from "../../../../lib/client/ui/page/model/folder_list.ts";

const files: ListedFile[] = [
  { path: "holiday/a.mp4", size: 1, state: "done" },
  { path: "holiday/b.mp4", size: 2, state: "running" },
  { path: "holiday/Sea/c.txt", size: 3, state: "failed", why: "it\nchanged" },
  { path: "holiday/Sea/d.txt", size: 4, state: "done" },
];

Deno.test("listOf() has the files, and says how many are not among them", () => {
  const about = { size: 0, modified: 0, isExecutable: false };
  const entries = [
    { ...about, path: "holiday", isFolder: true },
    { ...about, path: "holiday/a", isFolder: false },
  ];
  const { files, all } = listOf(entries, 98_000);
  assertEquals([files.map(({ path }) => path), all], [["holiday/a"], 98_000]);
  assertEquals(listOf(entries, 0).all, 1);
});

Deno.test("countStates() begins with what somebody has to see to", () => {
  assertEquals(countStates(files), [["failed", 1], ["running", 1], [
    "done",
    2,
  ]]);
  assertEquals(countStates([{ path: "a", size: 1 }]), []);
});

Deno.test("filterFiles() goes by state and by any part of the path", () => {
  const paths = (filter: Parameters<typeof filterFiles>[1]) =>
    filterFiles(files, filter).map(({ size }) => size);
  assertEquals(paths({ text: "" }), [1, 2, 3, 4]);
  assertEquals(paths({ text: " sea/ " }), [3, 4]);
  assertEquals(paths({ state: "done", text: "" }), [1, 4]);
  assertEquals(paths({ state: "done", text: "SEA" }), [4]);
});

Deno.test("stateText() says where a file stands, and nothing that controls", () => {
  assertEquals(files.map(stateText), [
    "arrived",
    "on its way",
    "failed: it␊changed",
    "arrived",
  ]);
  assertEquals(stateText({ path: "a", size: 1 }), "");
});

Deno.test("choiceOf() names those that are wanted, and refuses none and too many", () => {
  const list = { files, all: 4 };
  assertEquals(choiceOf(list, new Set()), everything);
  const left = new Set(["holiday/a.mp4", "holiday/b.mp4"]);
  assertEquals(choiceOf(list, left), {
    words: " only /holiday/Sea/c.txt /holiday/Sea/d.txt",
    label: "Accept 2 of 4 files",
  });
  const none = choiceOf(list, new Set(files.map(({ path }) => path)));
  assertEquals(
    none.problem,
    "nothing is ticked; tick what you want, or reject it",
  );
  const many = Array.from({ length: 2_000 }, (_, index) => ({
    ...{ path: `holiday/${"x".repeat(20)}${index}`, size: 1 },
  }));
  const most = choiceOf({ files: many, all: 2_000 }, new Set([many[0]!.path]));
  assertEquals(most.problem?.startsWith("too many are ticked"), true);
});

Deno.test("exactly() is a pattern of one path, whatever is in it", () => {
  for (
    const path of [
      "a b.mp4",
      "holiday/[1] {x,y} (a|b) *?.txt",
      "!(a)/@(b)+(c)^$",
      "a\\*b`c",
      "ü/\u{1f600}.png",
    ]
  ) {
    const pattern = globToRegExp(exactly(path));
    assertEquals(pattern.test(`/${path}`), true, `${path}: ${pattern}`);
    assertEquals(pattern.test(`/x${path}`), false, path);
    assertEquals(pattern.test(path), false, path);
  }
  assertEquals(globToRegExp(exactly("a*")).test("/ab"), false);
});
