import { assertEquals } from "@std/assert";
import type { SaidMessage } from "../../../lib/client/events/conversations.ts";
import {
  recentOf,
  type RecentOptions,
  recentParts,
  rowsOf,
} from "../../../lib/client/text/recent.ts";

function said(number: number, more: Partial<SaidMessage> = {}): SaidMessage {
  return { id: number, number, at: number, from: "luke", text: "hi", ...more };
}

function range(first: number, last: number): SaidMessage[] {
  return Array.from({ length: last - first + 1 }, (_, n) => said(first + n));
}

/** What is shown of these, headings as texts and messages as their numbers. */
function shown(
  messages: readonly SaidMessage[],
  unread: number,
  options: Partial<RecentOptions> = {},
  key: "@luke" | "=luke" | "#jedi" = "@luke",
): (string | number | undefined)[] {
  const recent = recentOf({ messages, unread }, {
    most: 10,
    isOnScreen: () => false,
    ...options,
  });
  return recentParts(key, recent).map(({ heading, message }) =>
    heading ?? message?.number
  );
}

Deno.test("recentOf: the last messages, with a line where the user stopped reading", () => {
  assertEquals(shown([], 0), []);
  assertEquals(shown(range(1, 12), 0), [
    "the last with luke",
    ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  ]);
  // What this user said and what was taken back is not unread.
  const mixed = [
    ...range(1, 3),
    said(4, { own: true }),
    said(5, { deleted: true, text: "" }),
    said(6),
  ];
  assertEquals(shown(mixed, 2, {}, "#jedi"), [
    "the last in #jedi",
    ...[1, 2],
    "2 unread",
    ...[3, 4, 6],
  ]);
  assertEquals(shown(range(1, 2), 2), ["the last with luke: 2 unread", 1, 2]);
  assertEquals(shown(range(1, 20), 14, { most: 2 }), [
    "the last with luke: the last 2 of 14 unread; /history luke 14 has the others",
    ...[19, 20],
  ]);
  // Of a private session there is no history.
  assertEquals(shown(range(1, 20), 14, { most: 2 }, "=luke"), [
    "the last with luke (private): the last 2 of 14 unread",
    ...[19, 20],
  ]);
});

Deno.test("recentOf: what is on the screen stays there and is not repeated", () => {
  const all = range(1, 12);
  const isOnScreen = ({ at }: SaidMessage) => at > 9;
  assertEquals(shown(all, 1, { isOnScreen }), [
    "earlier with luke",
    ...[3, 4, 5, 6, 7, 8, 9],
  ]);
  assertEquals(shown(all, 4, { isOnScreen }).slice(-2), ["4 unread", 9]);
  assertEquals(shown(all, 12, { isOnScreen: () => true }), []);
  // Older ones on the screen do not make the last ones earlier ones.
  const above = ({ at }: SaidMessage) => at < 5;
  assertEquals(shown(all, 0, { isOnScreen: above })[0], "the last with luke");
});

Deno.test("recentOf: what would leave the screen by what is printed is shown again", () => {
  // The message of number N has N more rows under it.
  const isOnScreen = ({ at }: SaidMessage, after: number) => at > after;
  // Two rows are for headings: 1 and 2 go, then 3 and 4, and so on to the last.
  assertEquals(shown(range(1, 8), 0, { isOnScreen }).slice(1), [
    ...[1, 2, 3, 4, 5, 6, 7, 8],
  ]);
  const higher = ({ at }: SaidMessage, after: number) => at + 3 > after;
  assertEquals(shown(range(1, 8), 0, { isOnScreen: higher }), []);
});

Deno.test("recentOf: long messages are fewer, and one is shown in any case", () => {
  const long = said(3, { text: "x".repeat(200) });
  const messages = [said(1), said(2), long, said(4)];
  const rows = (columns: number, rows: number) =>
    shown(messages, 0, {
      rows,
      rowsOf: (message) => rowsOf(message, columns),
    }).slice(1);
  assertEquals(rows(40, 12), [1, 2, 3, 4]);
  assertEquals(rows(40, 6), [4]);
  assertEquals(rows(100, 6), [1, 2, 3, 4]);
  assertEquals(shown([long], 0, { rows: 1, rowsOf: () => 5 }).slice(1), [3]);
  assertEquals(rowsOf(said(1, { text: "a\nb\nc" }), 80), 3);
});
