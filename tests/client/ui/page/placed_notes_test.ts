import { assertEquals } from "@std/assert";
import { PlacedNotes } from "../../../../lib/client/ui/page/model/placed_notes.ts";

Deno.test("notes stand in their conversation, under whatever name, until they are read", () => {
  const notes = new PlacedNotes();
  const add = (key: "@luke" | "#jedi", id: number) =>
    notes.add({ key, id, below: id, text: [`${id}`] });
  add("@luke", 1);
  add("#jedi", 2);
  add("@luke", 3);
  notes.dismiss("@luke", 1);
  notes.move("@luke", "@lars");
  assertEquals(notes.of("@luke"), []);
  assertEquals(notes.of("@lars").map(({ key, id }) => [key, id]), [[
    "@lars",
    3,
  ]]);
  for (let id = 10; id < 100; id++) add("#jedi", id);
  assertEquals([notes.of("#jedi").length, notes.of("#jedi")[0]?.id], [50, 50]);
  notes.clear();
  assertEquals(notes.of("@lars"), []);
});
