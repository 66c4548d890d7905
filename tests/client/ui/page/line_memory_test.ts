import { assertEquals } from "@std/assert";
import { LineMemory } from "../../../../lib/client/ui/page/model/line_memory.ts";

Deno.test("each conversation has its draft, also after the page was loaded again", () => {
  const memory = new LineMemory();
  memory.keep("@luke", "I was about to");
  memory.keep("#jedi", "the council");
  memory.keep("@leia", "hm");
  memory.keep("@leia", "");
  memory.keep("@lars", "for one of this name before");
  memory.move("@luke", "@lars");
  memory.move("@nobody", "#jedi");
  memory.move("@lars", "@luke");
  const again = new LineMemory();
  again.restore(memory.save());
  assertEquals(again.draft("@luke"), "I was about to");
  assertEquals(again.has("#jedi"), true);
  assertEquals([again.has("@leia"), again.has("@lars")], [false, false]);
  for (const broken of [null, "", "{", "3", '[["a"],[1,2],3]']) {
    new LineMemory().restore(broken);
  }
});

Deno.test("what is private is not kept for later, and nothing for who logs in next", () => {
  const memory = new LineMemory();
  memory.keep("=luke", "the plans are");
  memory.keep("@luke", "hello");
  memory.enter("sent");
  const again = new LineMemory();
  again.restore(memory.save());
  assertEquals(again.has("=luke"), false);
  assertEquals(again.draft("@luke"), "hello");
  memory.clear();
  assertEquals(memory.has("@luke"), false);
  assertEquals(memory.recall("", 1), undefined);
});

Deno.test("Up goes back through what was sent, Down to what was begun", () => {
  const memory = new LineMemory();
  memory.enter("one");
  memory.enter("two");
  memory.enter("two");
  assertEquals(memory.recall("thr", 1), "two");
  assertEquals(memory.recall("two", 1), "one");
  assertEquals(memory.recall("one", 1), undefined);
  assertEquals(memory.recall("one", -1), "two");
  assertEquals(memory.recall("two", -1), "thr");
  assertEquals(memory.recall("thr", -1), undefined);
});
