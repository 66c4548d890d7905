import { assertEquals } from "@std/assert";
import {
  changedText,
  entryOutcomes,
  entryStates,
} from "../../../lib/client/tree/entry_states.ts";

const entries = ["t", "t/a", "t/b", "t/c", "t/d", "t/e"].map((path) => ({
  ...{ path, isFolder: path === "t", size: 9, modified: 0 },
  isExecutable: false,
}));
/** All is wanted but a, which is here, and e, which is not to come. */
const wanted = [true, false, true, true, true, false];
const leftOut = [false, false, false, false, false, true];
const failures = new Map([["t/b", "changed while it was sent"]]);

Deno.test("entryStates() tells where each file stands", () => {
  const state = { wanted, finished: 1, current: "t/c", failures };
  const middle = [
    { state: "failed", why: "changed while it was sent" },
    { state: "running" },
    { state: "waiting" },
  ] as const;
  assertEquals(entryStates(entries, { ...state, leftOut }), [
    undefined,
    { state: "kept" },
    ...middle,
    { state: "skipped", why: "not wanted" },
  ]);
  const kept = { state: "kept" } as const;
  assertEquals(
    entryStates(entries, state),
    [undefined, kept, ...middle, kept],
  );
});

Deno.test("entryOutcomes() tells of no folder, and first what did not arrive", () => {
  const state = { wanted, leftOut, finished: 3, current: undefined, failures };
  const states = entryStates(entries, state);
  const told = (most: number) => {
    const { entries: some, more } = entryOutcomes(entries, states, most);
    return [...some.map(({ path, state }) => `${path} ${state}`), more];
  };
  assertEquals(told(9), [
    ...["t/b failed", "t/e skipped"],
    ...["t/a kept", "t/c done", "t/d done", 0],
  ]);
  assertEquals(told(2), ["t/b failed", "t/e skipped", 3]);
});

Deno.test("changedText() names the first files, and counts", () => {
  assertEquals(
    changedText(["a.mp4"], 312, true),
    '311 of 312 files arrived; "a.mp4" changed while it was sent; sent again, only it goes over',
  );
  assertEquals(
    changedText(["a", "b", "c", "d", "e"], 2_000, false),
    '1,995 of 2,000 files arrived; "a", "b", "c" and 2 more changed while they were sent; sent again, only they come',
  );
  assertEquals(
    changedText(["a"], 1, false),
    '0 of 1 file arrived; "a" changed while it was sent; sent again, only it comes',
  );
});
