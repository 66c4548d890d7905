import { assertEquals } from "@std/assert";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import { ClientView } from "../../../lib/client/events/client_view.ts";
import { PrintedMessages } from "../../../lib/client/ui/printed_messages.ts";

const welcome: ClientEvent = {
  event: "welcome",
  user: "yoda",
  waiting: 0,
  resumed: false,
};

function result(command: string, answer: object): ClientEvent {
  const outcome = { command, ok: true, answer };
  return { event: "result", n: 1, outcome } as ClientEvent;
}

Deno.test("PrintedMessages: knows where each message stands, whatever printed it", () => {
  const view = new ClientView("localhost:6000");
  view.handleEvent(welcome);
  const printed = new PrintedMessages(view);
  const print = (event: ClientEvent, line: number) =>
    printed.handlePrinted(event, line);
  const came = { id: 1, number: 1, at: 1, from: "luke", text: "hi" };
  const kept = false;
  print({ event: "message", kind: "private", ...came, kept }, 1);
  const sent = [{ to: "luke", number: 2, kept }, {
    to: "leia",
    number: 3,
    kept,
  }];
  print(result("msgto", { at: 2, sent }), 2);
  print(result("groupmsg", { at: 3, number: 1, group: "jedi" }), 3);
  const past = [
    { kind: "private", number: 8, at: 8, from: "yoda", to: "han", text: "a" },
    {
      kind: "private",
      number: 9,
      at: 9,
      from: "han",
      to: "yoda",
      text: "b\nc",
    },
    { kind: "group", group: "sith", number: 1, at: 9, from: "han", text: "d" },
  ];
  print(result("history", { messages: past }), 10);
  const after = (line: number) =>
    [
      ["@luke", 1, 1],
      ["@luke", 2, 2],
      ["@leia", 3, 2],
      ["#jedi", 1, 3],
      ["@han", 8, 8],
      ["@han", 9, 9],
      ["#sith", 1, 9],
    ].map(([key, number, at]) =>
      printed.isAfter(key as "@luke", {
        number: number as number,
        at: at as number,
      }, line)
    );
  assertEquals(after(0), [true, true, true, true, true, true, true]);
  assertEquals(after(1), [false, true, true, true, true, true, true]);
  assertEquals(after(3), [false, false, false, false, true, true, true]);
  assertEquals(after(7), [false, false, false, false, false, true, true]);
  assertEquals(after(9), [false, false, false, false, false, false, true]);
  // The number may be another message's after the server was set back.
  assertEquals(printed.isAfter("@luke", { number: 1, at: 7 }, 0), false);
  printed.note("@luke", { number: 1, at: 1 }, 12);
  assertEquals(printed.isAfter("@luke", { number: 1, at: 1 }, 11), true);
});
