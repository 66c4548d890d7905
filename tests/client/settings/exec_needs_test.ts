import { assertEquals } from "@std/assert";
import { execNeeds, isVisit } from "../../../lib/client/settings/exec_needs.ts";

Deno.test("execNeeds: who waits for an offer is a device, and may need the output", () => {
  const needs = (...exec: string[]) => {
    const { receives, takesOutput } = execNeeds(exec);
    return [receives, takesOutput];
  };
  assertEquals(needs(), [false, false]);
  assertEquals(needs("/msgto luke /receive luke --to -"), [false, false]);
  assertEquals(needs("/receive luke"), [true, false]);
  assertEquals(needs("/receive luke --to ./-"), [true, false]);
  assertEquals(needs("/groups", "/receive luke --to -"), [true, true]);
  // What is no command needs nothing.
  assertEquals(needs("/receive luke --to"), [false, false]);
});

Deno.test("isVisit: commands that wait for nothing are one", () => {
  const visits = (receive: boolean, ...exec: string[]) =>
    isVisit({ exec, receive });
  assertEquals(visits(false), false);
  assertEquals(visits(false, "/groups"), true);
  assertEquals(visits(true, "/groups"), false);
  assertEquals(visits(false, "/groups", "/receive luke"), false);
});
