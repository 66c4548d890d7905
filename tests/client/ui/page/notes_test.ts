import { assertEquals, assertStrictEquals } from "@std/assert";
import { ClientView } from "../../../../lib/client/events/client_view.ts";
import {
  noticeOf,
  openNotices,
} from "../../../../lib/client/ui/page/model/notes.ts";

Deno.test("noticeOf: the next invitation takes the place of one", () => {
  const event = {
    ...{ event: "invited", group: "jedi", by: "luke" } as const,
    ...{ leaderOnly: false, at: 0 },
  };
  assertEquals(noticeOf(event, ["luke invites you"]), {
    text: "luke invites you",
    isFailure: false,
    about: "invitations",
    group: "jedi",
  });
  assertEquals(noticeOf(event, []), undefined);
});

Deno.test("openNotices: an invitation is over when its group was joined, or it was taken back", () => {
  const view = new ClientView("localhost:1");
  for (const group of ["jedi", "sith"]) {
    const by = { group, by: "luke", leaderOnly: false, at: 0 };
    view.handleEvent({ event: "invited", ...by });
  }
  const other = { id: 1, text: "other", isFailure: true };
  const invitation = { text: "luke invites you", isFailure: false };
  const jedi = { ...invitation, id: 2, group: "jedi" };
  const sith = { ...invitation, id: 3, group: "sith" };
  const all = [other, jedi, sith];
  assertStrictEquals(openNotices(all, view), all);
  const me = { user: "yoda", me: true as const, at: 0 };
  view.handleEvent({ event: "joined", group: "jedi", ...me });
  assertEquals(openNotices(all, view), [other, sith]);
  view.handleEvent({ event: "removed", group: "sith", by: "luke", ...me });
  assertEquals(openNotices(all, view), [other]);
});
