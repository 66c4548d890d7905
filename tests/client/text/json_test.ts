import { assert, assertEquals } from "@std/assert";
import type {
  ClientEvent,
  CommandSuccess,
} from "../../../lib/client/events/client_event.ts";
import { renderJson } from "../../../lib/client/text/json.ts";

const at = Date.UTC(2026, 5, 1, 12, 0, 0);

Deno.test("renderJson: times about people are in UTC", () => {
  const json = (outcome: CommandSuccess) =>
    JSON.parse(renderJson({ event: "result", n: 1, outcome }));
  const iso = "2026-06-01T12:00:00.000Z";
  const answer = { users: [{ user: "luke", since: at }] };
  assertEquals(json({ command: "blocked", ok: true, answer }).users, [
    { user: "luke", since: iso },
  ]);
  const fields = { name: "Y" };
  const who = { user: "yoda", fields, online: false, lastSeen: at };
  const profile = json({ command: "profile", ok: true, answer: who });
  assertEquals(profile.lastSeen, iso);
  assertEquals(profile.fields, fields);
  assert(!("since" in profile));
});

Deno.test("renderJson: is one flat object a line with times in UTC", () => {
  const event: ClientEvent = {
    event: "message",
    id: 1,
    kind: "private",
    number: 3,
    at,
    from: "a",
    text: "x\ny",
    kept: true,
  };
  assertEquals(
    renderJson(event),
    '{"event":"message","id":1,"kind":"private","number":3,"at":"2026-06-01T12:00:00.000Z","from":"a","text":"x\\ny","kept":true}',
  );
  const outcome = {
    command: "nope",
    ok: false,
    code: "usage",
    message: "m",
  } as const;
  // Whether an event has told it is for this program alone.
  const told = {
    event: "result",
    n: 2,
    outcome: { ...outcome, announced: true },
  } as const;
  assertEquals(JSON.parse(renderJson(told)), {
    event: "result",
    n: 2,
    ...outcome,
  });
});
