import { assertEquals } from "@std/assert";
import { TransferPaths } from "../../../lib/client/transfer/transfer_paths.io.ts";

const there = { ip: "127.0.0.1", port: 4_000 };

function paths(): TransferPaths {
  const endpoint = {
    relayPath: -1,
    localAddresses: () => [there],
    path: () => 0,
    address: () => there,
  };
  return new TransferPaths("00", endpoint, [there], () => true);
}

/** What is told at `now` of the path, when so much was sent and lost. */
function tell(
  target: TransferPaths,
  now: number,
  rtt: number,
  [sentPackets, lostPackets] = [0, 0],
  isEnd = false,
) {
  const info = { path: 0, rtt, heardAt: now };
  const told = target.update(info, { sentPackets, lostPackets }, now, isEnd);
  return told?.event === "path" ? told.link : undefined;
}

Deno.test("TransferPaths: nobody is reached before something was answered", () => {
  const target = paths();
  // Heard, but whether anything arrives there is not known.
  for (let now = 0; now < 5_000; now += 100) {
    assertEquals(tell(target, now, 0), undefined);
  }
  assertEquals(tell(target, 5_000, 3), undefined, "a better one may follow");
  assertEquals(tell(target, 5_300, 3)?.via, "local");
});

Deno.test("TransferPaths: what was carried to its end worked in both directions", () => {
  assertEquals(tell(paths(), 10, 0, [0, 0], true)?.via, "local");
});

Deno.test("TransferPaths: no loss is told of twenty datagrams", () => {
  const target = paths();
  tell(target, 0, 1);
  assertEquals(tell(target, 300, 1, [20, 2])?.loss, undefined);
  assertEquals(tell(target, 1_400, 1, [4_000, 20])?.loss, 0.005);
});
