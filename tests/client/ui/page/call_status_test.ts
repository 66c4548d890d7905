import { assertEquals } from "@std/assert";
import { callStatus } from "../../../../lib/client/ui/page/model/call_status.ts";

Deno.test("what the other side tells of what it sends is three truths, and nothing else", () => {
  const said = { voice: true, camera: false, screen: true };
  const text = JSON.stringify({ ...said, name: "<b>" });
  assertEquals({ ...callStatus(text) }, said);
  const wrong = [
    "",
    "{",
    "null",
    "[]",
    '{"voice":true}',
    '{"voice":1,"camera":true,"screen":true}',
    text + " ".repeat(1024),
    new ArrayBuffer(8),
    undefined,
  ];
  for (const each of wrong) assertEquals(callStatus(each), undefined);
});
