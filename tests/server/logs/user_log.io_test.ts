import { assertEquals } from "@std/assert";
import { userLogText } from "../../../lib/server/logs/user_log.io.ts";

Deno.test("userLogText numbers those online from 1", () => {
  const since = new Date(2026, 5, 1, 21, 30, 4).getTime();
  const entries = [
    { since, user: "yoda", ip: "129.64.31.13", udpPort: 6666 },
    { since, user: "leia", ip: "::1", udpPort: 0 },
  ];
  assertEquals(
    userLogText(entries),
    "1; 01 Jun 2026 21:30:04; yoda; 129.64.31.13; 6666\n" +
      "2; 01 Jun 2026 21:30:04; leia; ::1; 0\n",
  );
});

Deno.test("userLogText of nobody is empty", () => {
  assertEquals(userLogText([]), "");
});
