import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  UserLogFile,
  userLogText,
} from "../../../lib/server/logs/user_log.io.ts";
import { waitUntil } from "../../support/wait_until.ts";

const entry = (user: string) => ({ since: 0, user, ip: "::1", udpPort: 1 });

Deno.test("UserLogFile writes the latest list, one write at a time", async () => {
  const written: string[] = [];
  let release: () => void = () => {};
  let underWay = 0;
  const file = new UserLogFile("userlog.txt", async (_path, text) => {
    assertEquals(++underWay, 1);
    await new Promise<void>((resolve) => release = resolve);
    written.push(text);
    underWay--;
  }, () => {});
  file.set(() => []);
  for (const user of ["a", "b", "c"]) file.set(() => [entry(user)]);
  release();
  await waitUntil("the first is written", () => written.length === 1);
  await waitUntil("the next is under way", () => underWay === 1);
  release();
  await file.close();
  assertEquals(written, ["", userLogText([entry("c")])]);
});

Deno.test("UserLogFile waits the longer the longer a list took to make", async () => {
  const writtenAt: number[] = [];
  const file = new UserLogFile("userlog.txt", () => {
    writtenAt.push(performance.now());
    return Promise.resolve();
  }, () => {});
  const slowList = () => {
    const until = performance.now() + 5;
    while (performance.now() < until);
    return [];
  };
  file.set(slowList);
  file.set(slowList);
  await waitUntil("both are written", () => writtenAt.length === 2);
  await file.close();
  const [first = 0, second = 0] = writtenAt;
  assert(second - first > 90, `${second - first} ms`);
});

Deno.test("UserLogFile reports a failure once and tries again", async () => {
  const reports: string[] = [];
  let attempts = 0;
  let written = "";
  const file = new UserLogFile("userlog.txt", (_path, text) => {
    if (++attempts < 3) return Promise.reject(new Error("No space"));
    written = text;
    return Promise.resolve();
  }, (_level, text) => reports.push(text));
  file.set(() => [entry("a")]);
  await file.flush();
  file.set(() => [entry("b")]);
  await waitUntil("it is written", () => written !== "");
  await file.close();
  assertEquals(written, userLogText([entry("b")]));
  assertEquals(reports.length, 2);
  assertStringIncludes(reports[0] ?? "", "userlog.txt");
  assertStringIncludes(reports[1] ?? "", "is written again");
});
