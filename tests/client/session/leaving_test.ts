import { assertEquals } from "@std/assert";
import type {
  PrivateSessionInfo,
  TransferInfo,
} from "../../../lib/client/events/client_event.ts";
import { Leaving, type UnderWay } from "../../../lib/client/session/leaving.ts";

const nothing: UnderWay = { transfers: [], sessions: [], waitingCommands: 0 };

function transfer(
  name: string,
  direction: TransferInfo["direction"],
  state: TransferInfo["state"],
): TransferInfo {
  const numbers = { transfer: 1, size: 9, bytes: 0, rate: 0, paused: false };
  return { kind: "file", user: "luke", name, direction, state, ...numbers };
}

function session(
  direction: PrivateSessionInfo["direction"],
  state: PrivateSessionInfo["state"],
): PrivateSessionInfo {
  return { session: 2, kind: "session", user: "leia", direction, state };
}

Deno.test("Leaving: at once when nothing would be lost", () => {
  assertEquals(new Leaving().warning("Ctrl-C", nothing, 0, true), undefined);
});

Deno.test("Leaving: says what would be lost, and the same key within five seconds means it", () => {
  const leaving = new Leaving();
  const underWay = {
    transfers: [
      transfer("a", "incoming", "running"),
      { ...transfer("b", "outgoing", "offered"), roots: 3 },
    ],
    sessions: [session("outgoing", "offered"), session("incoming", "open")],
    waitingCommands: 2,
  };
  const warning =
    "under way: a from luke, b and 2 more to luke, private session with leia, 2 more; " +
    "Ctrl-D again ends that and logs out";
  assertEquals(leaving.warning("Ctrl-D", underWay, 0, true), warning);
  assertEquals(leaving.warning("Ctrl-D", underWay, 5000, true), warning);
  assertEquals(leaving.warning("Ctrl-D", underWay, 9999, true), undefined);
});

Deno.test("Leaving: a key that may have cleared a line must be pressed once more", () => {
  const leaving = new Leaving();
  assertEquals(
    leaving.warning("Ctrl-C", nothing, 0, false),
    "Ctrl-C again logs out",
  );
  assertEquals(leaving.warning("Ctrl-C", nothing, 1, false), undefined);
});

Deno.test("Leaving: lines typed while there is no connection would be lost too", () => {
  const waiting = { ...nothing, waitingCommands: 1 };
  assertEquals(
    new Leaving().warning("Ctrl-C", waiting, 0, true),
    "under way: 1 line waiting for the server; Ctrl-C again ends that and logs out",
  );
});
