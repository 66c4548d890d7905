import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  judgeClock,
  judgeNat,
  judgeSize,
  judgeUdp,
  renderCheck,
  renderCheckJson,
} from "../../../lib/client/doctor/doctor_check.ts";

Deno.test("judgeClock() takes half of the round trip for its error", () => {
  const same = judgeClock({ asked: 1000, answered: 1100, server: 1050 });
  assertEquals(same.status, "ok");
  assertEquals(same.fields, { aheadMs: 0, errorMs: 51 });
  const slow = judgeClock({ asked: 0, answered: 8000, server: 9000 });
  assertEquals(slow.status, "ok", "it may be the way's delay");
  const ahead = judgeClock({ asked: 93_000, answered: 93_100, server: 0 });
  assertEquals(ahead.status, "warn");
  assertEquals(
    renderCheck(ahead),
    "warn  clock          this machine's clock is 93.0 s (±0.051 s) ahead of the server's; " +
      "set the one that is wrong, or messages show wrong times",
  );
  const behind = judgeClock({ asked: 0, answered: 2, server: 6000 });
  assertStringIncludes(behind.message, "behind");
});

Deno.test("judgeUdp() tells silence, loss and health apart", () => {
  const judge = (answered: number) =>
    judgeUdp({ port: 6000, sent: 5, answered, rtt: 1.26 });
  assertEquals([0, 3, 5].map((count) => judge(count).status), [
    "fail",
    "warn",
    "ok",
  ]);
  assertStringIncludes(judge(0).advice ?? "", "firewall");
  assertEquals(judge(5).fields?.rtt, 1.3);
});

Deno.test("judgeNat() tells what can be told, and no more", () => {
  const nat = {
    seen: { ip: "203.0.113.5", port: 4000 },
    seenByOther: { ip: "203.0.113.5", port: 4000 },
    otherPort: 7000,
    localIps: ["192.168.1.2"],
    localPort: 4000,
  };
  const type = (change: Partial<Parameters<typeof judgeNat>[0]>) => {
    const { status, fields } = judgeNat({ ...nat, ...change });
    return `${status} ${fields?.type} ${fields?.keepsPort}`;
  };
  assertEquals(type({}), "ok endpoint-independent true");
  assertEquals(type({ localPort: 1 }), "ok endpoint-independent false");
  assertEquals(type({ localIps: ["203.0.113.5"] }), "ok none true");
  const elsewhere = { ip: "203.0.113.5", port: 4001 };
  assertEquals(
    type({ seenByOther: elsewhere }),
    "warn endpoint-dependent true",
  );
  assertEquals(type({ seenByOther: undefined }), "warn unknown true");
  assertEquals(
    type({ seenByOther: undefined, otherPort: 0 }),
    "warn unknown true",
  );
  // The same machine behind a port that is forwarded.
  assertEquals(
    type({ localIps: ["203.0.113.5"], localPort: 1 }),
    "ok endpoint-independent false",
  );
});

Deno.test("judgeSize() wants what files need", () => {
  const status = (...arrived: number[]) =>
    judgeSize(arrived, 1200, 1372).status;
  assertEquals([status(), status(1200), status(1200, 1372), status(1472)], [
    "fail",
    "warn",
    "ok",
    "ok",
  ]);
});

Deno.test("renderCheck(): one line with status, name, finding and advice", () => {
  const check = {
    check: "tcp",
    status: "fail",
    message: "nothing listens",
    advice: "start it",
    fields: { ms: 3 },
  } as const;
  assertEquals(
    renderCheck(check),
    "FAIL  TCP            nothing listens; start it",
  );
  assertEquals(JSON.parse(renderCheckJson(check)), {
    event: "check",
    check: "tcp",
    status: "fail",
    message: "nothing listens",
    advice: "start it",
    ms: 3,
  });
  assert(!renderCheckJson(check).includes("\n"));
});
