import { assertEquals } from "@std/assert";
import { Inbox, type InboxOwner } from "../../lib/client/inbox.ts";

/** A memory as the shell has it, without files. */
function memory() {
  const ids = new Map<string, number>();
  const key = ({ store, user }: InboxOwner) => `${store} ${user}`;
  return {
    ids,
    read: (owner: InboxOwner) => ids.get(key(owner)),
    write: (owner: InboxOwner, id: number) => void ids.set(key(owner), id),
  };
}

const yoda = { store: "s", user: "yoda" };

Deno.test("Inbox knows in the next run what was shown in this one", () => {
  const remembered = memory();
  const first = new Inbox(remembered);
  assertEquals(first.open(yoda), undefined);
  for (const id of [3, 5]) first.handleMessage(id, 0);
  assertEquals([...remembered.ids], []);
  first.handleShown();
  assertEquals([...remembered.ids], [["s yoda", 5]]);

  const second = new Inbox(remembered);
  assertEquals(second.open(yoda), 5);
  assertEquals(second.handleMessage(5, 0), false);
  // What comes again is acknowledged again.
  assertEquals(second.pollAcknowledge(0), 5);
  assertEquals(second.handleMessage(6, 0), true);
});

Deno.test("Inbox starts anew with another database or user", () => {
  const inbox = new Inbox(memory());
  inbox.open(yoda);
  inbox.handleMessage(9, 0);
  assertEquals(inbox.open(yoda), 9);
  assertEquals(inbox.open({ ...yoda, store: "new" }), undefined);
  assertEquals(inbox.handleMessage(1, 0), true);
  assertEquals(inbox.pollAcknowledge(0), 1);
  assertEquals(inbox.open({ ...yoda, user: "luke" }), undefined);
});

Deno.test("Inbox goes on when its user has another name", () => {
  const remembered = memory();
  const inbox = new Inbox(remembered);
  inbox.open(yoda);
  inbox.handleMessage(4, 0);
  inbox.handleRenamed("master");
  assertEquals(inbox.open({ store: "s", user: "master" }), 4);
  inbox.handleShown();
  assertEquals([...remembered.ids], [["s master", 4]]);
});

Deno.test("Inbox works without a memory", () => {
  const inbox = new Inbox();
  assertEquals(inbox.open(yoda), undefined);
  assertEquals(inbox.handleMessage(1, 0), true);
  inbox.handleShown();
  assertEquals(inbox.open(yoda), 1);
});
