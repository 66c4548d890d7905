import { assertEquals } from "@std/assert";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import { ClientView } from "../../../lib/client/events/client_view.ts";
import { Attention } from "../../../lib/client/ui/attention.ts";

/** A terminal of ten lines, and somebody at it or not. */
class Desk {
  readonly view = new ClientView("localhost:6000");
  readonly #attention = new Attention(this.view);
  now = 1_000_000;
  #line = 0;
  #id = 0;

  /** A message comes and takes a line. */
  print(from: string, group?: string): void {
    const place = { id: ++this.#id, number: 1, at: 0, from };
    const said = { ...place, text: "hi", kept: false };
    this.#print(
      group === undefined
        ? { event: "message", kind: "private", ...said }
        : { event: "message", kind: "group", group, ...said },
    );
  }

  whisper(from: string): void {
    this.#print({
      event: "private-message",
      ...{ session: 1, at: 0, from, text: "hi" },
    });
  }

  key(): string[] {
    this.#attention.handleKey(this.now);
    return this.#poll();
  }

  /** Lets time pass; what is seen by then. */
  pass(ms: number): string[] {
    const end = this.now + ms;
    const seen: string[] = [];
    for (;;) {
      const at = this.#attention.pollTimeout();
      if (at === undefined || at > end) break;
      this.now = Math.max(this.now, at);
      seen.push(...this.#poll());
    }
    this.now = end;
    return seen;
  }

  /** What came before this desk was there is printed for who opens the chat. */
  recall(from: string, ...ids: number[]): void {
    for (const id of ids) {
      const line = ++this.#line;
      this.#attention.handleRecalled(`@${from}`, id, line, this.now);
    }
  }

  open(name: string): void {
    this.view.handleEvent({ event: "chat", kind: "user", name });
  }

  #print(event: ClientEvent): void {
    this.view.handleEvent(event);
    this.#attention.handlePrinted(event, ++this.#line, this.now);
  }

  #poll(): string[] {
    const seen = this.#attention.pollSeen(this.#line - 10, this.now);
    for (const { key, upto = 0 } of seen) {
      if (key.startsWith("=")) {
        this.view.handleEvent({ event: "session-seen", user: key.slice(1) });
        continue;
      }
      const mark = this.view.markOf(key, upto);
      if (mark === undefined) continue;
      const place = key.startsWith("#")
        ? { group: key.slice(1) }
        : { with: key.slice(1) };
      this.view.handleEvent({ event: "seen", ...place, ...mark });
    }
    return seen.map(({ key, upto }) => `${key} ${upto ?? ""}`.trim());
  }
}

Deno.test("Attention: what stands on the screen of who types counts after a second", () => {
  const desk = new Desk();
  desk.key();
  desk.print("luke");
  assertEquals(desk.pass(900), []);
  desk.print("luke");
  desk.print("leia", "jedi");
  assertEquals(desk.pass(100), ["@luke 1"]);
  assertEquals(desk.pass(2000), ["@luke 2", "#jedi 3"]);
  assertEquals(desk.pass(10_000), []);
  assertEquals(desk.view.conversations().map(({ unread }) => unread), [0, 0]);
});

Deno.test("Attention: at a terminal that nobody uses nothing counts until a key is pressed", () => {
  const desk = new Desk();
  desk.key();
  desk.pass(60_001);
  desk.print("luke");
  desk.whisper("han");
  assertEquals(desk.pass(3_600_000), []);
  // What came a moment ago is still to be read.
  desk.print("leia");
  assertEquals(desk.key(), ["@luke 1", "=han"]);
  assertEquals(desk.pass(1000), ["@leia 2"]);
});

Deno.test("Attention: of what has scrolled away in part nothing counts, but for the open chat", () => {
  const desk = new Desk();
  desk.pass(60_001);
  for (let n = 0; n < 8; n++) desk.print("luke");
  for (let n = 0; n < 5; n++) desk.print("leia");
  desk.pass(5000);
  assertEquals(desk.key(), ["@leia 13"]);
  desk.print("luke");
  assertEquals(desk.pass(5000), []);
  // Seen on another device as far as what is here.
  const mark = { upto: 8, unread: 0, last: 8 };
  desk.view.handleEvent({ event: "seen", with: "luke", ...mark });
  assertEquals(desk.key(), ["@luke 14"]);
  desk.open("luke");
  for (let n = 0; n < 20; n++) desk.print("luke");
  assertEquals(desk.key(), ["@luke 34"]);
});

Deno.test("Attention: in the open chat nothing counts as long as something unseen was not shown", () => {
  const desk = new Desk();
  desk.key();
  const conversations = [{ with: "luke", upto: 2, unread: 3 }];
  desk.view.handleEvent({ event: "unseen", conversations, last: 5 });
  desk.open("luke");
  assertEquals(desk.pass(5000), []);
  // Two of the three, and one that was seen long ago.
  desk.recall("luke", 2, 4, 5);
  assertEquals(desk.pass(5000), []);
  desk.recall("luke", 3, 4, 5);
  assertEquals(desk.pass(5000), ["@luke 5"]);
});
