import { assertEquals } from "@std/assert";
import { keptLine } from "../../../../lib/client/ui/terminal/history.io.ts";

Deno.test("keptLine: secrets never get into the history of later runs", () => {
  assertEquals(keptLine("/msgto luke hi"), "/msgto luke hi");
  assertEquals(keptLine("/changepassword old new"), "/changepassword");
  assertEquals(keptLine("/ChangePassword old new"), "/ChangePassword");
  assertEquals(keptLine("/private luke hush"), undefined);
  assertEquals(keptLine("private luke hush"), undefined);
  assertEquals(keptLine(" /msgto luke hi"), undefined);
  assertEquals(keptLine("  "), undefined);
});
