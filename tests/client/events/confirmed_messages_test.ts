import { assertEquals } from "@std/assert";
import {
  ConfirmedMessages,
  lossText,
} from "../../../lib/client/events/confirmed_messages.ts";

/** The server confirms a message to luke. */
function say(confirmed: ConfirmedMessages, id: number, text = `text ${id}`) {
  const fields = { to: ["luke"], text, mid: text };
  const sent = [{ to: "luke", id, number: id, kept: false }];
  confirmed.noting("message", fields, () => {})({ ok: { at: 1, sent } });
}

Deno.test("ConfirmedMessages: those over an id are lost, of every kind, once, but not what was taken back", () => {
  const confirmed = new ConfirmedMessages();
  confirmed.open("one");
  for (const id of [1, 2, 3]) say(confirmed, id);
  confirmed.noting(
    "group-message",
    { group: "jedi", text: "hello", mid: "a" },
    () => {},
  )({ ok: { at: 1, id: 4, number: 2 } });
  confirmed.noting("broadcast", { text: "all", mid: "b" }, () => {})({
    ok: { at: 1, id: 5, number: 4, partial: false },
  });
  const remove = (number: number, group?: string) =>
    confirmed.noting(
      "delete",
      { number, mid: "c", ...group !== undefined && { group } },
      () => {},
    )({ ok: { at: 1, number: 9 } });
  remove(3);
  // The number 4 of the group is another one.
  remove(4, "Jedi");
  confirmed.open("one");
  const loss = confirmed.takeLost(1);
  assertEquals(lossText(loss), [
    '3 messages of yours are gone: to luke "text 2", in jedi "hello", ' +
    'to all "all"',
  ]);
  assertEquals(loss.messages.map(({ number }) => number), [2, 2, 4]);
  assertEquals(lossText(confirmed.takeLost(1)), []);
  assertEquals(lossText(confirmed.takeLost(0)), [
    '1 message of yours is gone: to luke "text 1"',
  ]);
});

Deno.test("ConfirmedMessages: bounded, says so, and of one database", () => {
  const confirmed = new ConfirmedMessages();
  confirmed.open("one");
  for (let id = 1; id <= 1500; id++) say(confirmed, id);
  const [text = ""] = lossText(confirmed.takeLost(100));
  assertEquals(
    text,
    'More than 1000 messages of yours are gone: to luke "text 501", ' +
      'to luke "text 502", to luke "text 503", …',
  );
  say(confirmed, 101);
  // What was told as lost before is not counted again.
  assertEquals(confirmed.takeLost(100).isMore, false);
  say(confirmed, 102);
  confirmed.open("two");
  assertEquals(confirmed.takeLost(0).messages, []);
});
