import { assertEquals } from "@std/assert";
import type { ClientEvent } from "../../../../lib/client/events/client_event.ts";
import { ClientView } from "../../../../lib/client/events/client_view.ts";
import type { QuietEvent } from "../../../../lib/client/events/quiet_event.ts";
import {
  hasAbsent,
  mostAwaited,
} from "../../../../lib/client/ui/page/model/chat_target.ts";
import { limits } from "../../../../lib/wire/limits.ts";

Deno.test("hasAbsent(): files wait for who is not known to be online", () => {
  const view = new ClientView("server");
  const tell = (event: object) =>
    view.handleEvent(event as ClientEvent | QuietEvent);
  const user = (name: string) => hasAbsent(view, { kind: "user", name });
  const group = () => hasAbsent(view, { kind: "group", name: "jedi" });
  tell({ event: "welcome", user: "yoda", waiting: 0 });
  assertEquals([user("yoda"), user("luke"), group()], [false, true, false]);
  const come = (name: string, online: boolean) =>
    tell({ event: "presence", user: name, online, at: 1 });
  const join = (...joined: string[]) =>
    tell({
      ...{ event: "directory" },
      group: { group: "jedi", leader: "yoda", leaderOnly: false, joined },
    });
  come("luke", true);
  join("yoda", "luke");
  assertEquals([user("luke"), group()], [false, false]);
  come("luke", false);
  assertEquals([user("luke"), group()], [true, true]);
  join(...Array.from({ length: mostAwaited + 1 }, (_, index) => `u${index}`));
  assertEquals(group(), false);
  assertEquals(mostAwaited, limits.laterReceivers);
});
