import { assertEquals } from "@std/assert";
import { Inbox } from "../../../lib/client/session/inbox.ts";
import { MemoryDevices } from "../../support/memory_devices.ts";

const yoda = { store: "s", user: "yoda" };

Deno.test("Inbox knows in the next run what was shown in this one", () => {
  const remembered = new MemoryDevices();
  const first = new Inbox(remembered);
  assertEquals(first.open(yoda), {});
  for (const id of [3, 5]) first.handleMessage(id, 0);
  assertEquals(remembered.ids, []);
  first.whenShown()?.(0);
  assertEquals(remembered.ids, [["s yoda", 5]]);

  const second = new Inbox(remembered);
  assertEquals(second.open(yoda), { seen: 5 });
  assertEquals(second.handleMessage(5, 0), false);
  // What comes again is acknowledged again.
  assertEquals(second.pollAcknowledge(0), 5);
  assertEquals(second.handleMessage(6, 0), true);
});

Deno.test("Inbox starts anew with another database or user", () => {
  const inbox = new Inbox(new MemoryDevices());
  inbox.open(yoda);
  inbox.handleMessage(9, 0);
  inbox.whenShown()?.(0);
  assertEquals(inbox.open(yoda), { seen: 9 });
  assertEquals(inbox.open({ ...yoda, user: "YODA" }), { seen: 9 });
  assertEquals(inbox.open({ ...yoda, store: "new" }), {});
  assertEquals(inbox.handleMessage(1, 0), true);
  inbox.whenShown()?.(0);
  assertEquals(inbox.pollAcknowledge(0), 1);
  assertEquals(inbox.open({ ...yoda, user: "luke" }), {});
});

Deno.test("Inbox goes on when its user has another name", () => {
  const remembered = new MemoryDevices();
  const inbox = new Inbox(remembered);
  inbox.open(yoda);
  inbox.handleMessage(4, 0);
  const shown = inbox.whenShown();
  inbox.handleRenamed("master");
  shown?.(0);
  assertEquals(inbox.open({ store: "s", user: "master" }), { seen: 4 });
  assertEquals(remembered.ids, [["s master", 4]]);
});

Deno.test("Inbox works without a memory", () => {
  const inbox = new Inbox();
  assertEquals(inbox.open(yoda), {});
  assertEquals(inbox.handleMessage(1, 0), true);
  inbox.whenShown()?.(0);
  assertEquals(inbox.open(yoda), { seen: 1 });
});

Deno.test("Inbox: what the server does not bear out is void, and told no more", () => {
  const remembered = new MemoryDevices();
  const inbox = new Inbox(remembered);
  inbox.open(yoda);
  const account = "0123456789abcdef";
  const first = [{ epoch: "1".repeat(16), after: 0 }];
  inbox.handleOpened({ account, epochs: first, seen: 0 });
  for (const id of [1, 2, 3]) assertEquals(inbox.handleMessage(id, 0), true);
  inbox.whenShown()?.(0);
  assertEquals(inbox.pollAcknowledge(0), 3);
  assertEquals(inbox.open(yoda), {
    seen: 3,
    known: { account, epochs: first },
  });
  // A server that was set back to where there was one message.
  const second = [...first, { epoch: "2".repeat(16), after: 1 }];
  inbox.handleOpened({ account, epochs: second, seen: 1 });
  const told = { seen: 1, known: { account, epochs: second } };
  assertEquals(inbox.open(yoda), told);
  assertEquals(inbox.handleMessage(1, 0), false);
  assertEquals(inbox.handleMessage(2, 0), true);
  assertEquals(inbox.handleMessage(3, 0), true);
  inbox.whenShown()?.(0);
  assertEquals(inbox.pollAcknowledge(9), 3);
  const next = new Inbox(remembered);
  assertEquals(next.open(yoda), { ...told, seen: 3 });
});

Deno.test("Inbox confirms nothing that is not shown, and shows it once", () => {
  const remembered = new MemoryDevices();
  const inbox = new Inbox(remembered);
  inbox.open(yoda);
  const account = "0123456789abcdef";
  const epochs = [{ epoch: "1".repeat(16), after: 0 }];
  inbox.handleOpened({ account, epochs, seen: 0 });
  inbox.whenShown()?.(0);
  inbox.handleMessage(1, 0);
  const first = inbox.whenShown();
  assertEquals([first !== undefined, inbox.whenShown()], [true, undefined]);
  inbox.handleMessage(2, 0);
  const second = inbox.whenShown();
  const state = () => [
    ...[inbox.isShown, inbox.pollTimeout(), inbox.pollAcknowledge(9)],
    remembered.ids.at(-1)?.[1],
  ];
  assertEquals(state(), [false, undefined, undefined, 0]);
  first?.(5);
  assertEquals(state(), [false, 5, 1, 1]);
  // The connection is lost before the second one is shown: it comes again.
  assertEquals(inbox.open(yoda), { seen: 1, known: { account, epochs } });
  inbox.handleOpened({ account, epochs, seen: 1 });
  assertEquals(inbox.handleMessage(2, 6), false);
  second?.(20);
  assertEquals(state().slice(1), [14, 2, 2]);
});

Deno.test("Inbox: what came and was not shown is void when the server was set back before it", () => {
  const inbox = new Inbox(new MemoryDevices());
  inbox.open(yoda);
  const account = "0123456789abcdef";
  const first = [{ epoch: "1".repeat(16), after: 0 }];
  inbox.handleOpened({ account, epochs: first, seen: 0 });
  inbox.handleMessage(1, 0);
  inbox.whenShown()?.(0);
  inbox.handleMessage(2, 0);
  inbox.handleMessage(3, 0);
  const late = inbox.whenShown();
  assertEquals(inbox.open(yoda).seen, 1);
  const second = [...first, { epoch: "2".repeat(16), after: 2 }];
  inbox.handleOpened({ account, epochs: second, seen: 1 });
  late?.(0);
  assertEquals(inbox.pollAcknowledge(9), 1);
  assertEquals(inbox.handleMessage(2, 0), false);
  assertEquals(inbox.handleMessage(3, 0), true);
});
