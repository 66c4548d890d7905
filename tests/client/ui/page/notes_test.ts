import { assertEquals } from "@std/assert";
import { noticeOf } from "../../../../lib/client/ui/page/model/notes.ts";

Deno.test("noticeOf: an invitation says what to do here, and the next one takes its place", () => {
  const event = {
    ...{ event: "invited", group: "jedi", by: "luke\u0007" } as const,
    ...{ leaderOnly: false, at: 0 },
  };
  const text = ["luke invites you to group chat jedi; /joingroup jedi"];
  assertEquals(noticeOf(event, text), {
    text: "luke\u2407 invites you to the group jedi; " +
      "choose it in the list to join",
    isFailure: false,
    about: "invitations",
  });
  assertEquals(noticeOf(event, []), undefined);
});
