import { assertEquals, assertMatch } from "@std/assert";
import {
  explainNoPath,
  explainRefusal,
} from "../../../lib/engine/path/path_kind.ts";

Deno.test("explainNoPath names what was tried, this machine excepted", () => {
  const tried = [
    { ip: "203.0.113.7", port: 1 },
    { ip: "2001:db8::1", port: 2 },
    { ip: "127.0.0.1", port: 3 },
  ];
  assertMatch(
    explainNoPath({ tried, isBound: true }),
    /^none of 203\.0\.113\.7:1, \[2001:db8::1\]:2 answered; a router/,
  );
  assertMatch(
    explainNoPath({ tried: tried.slice(0, 1), isBound: false }),
    /^203\.0\.113\.7:1 did not answer; this client's UDP .* firewall/,
  );
  assertMatch(
    explainNoPath({ tried: [], isBound: undefined }),
    /named no address; the server has no UDP port/,
  );
  const many = Array.from(
    { length: 20 },
    (_, i) => ({ ip: "1.2.3.4", port: i }),
  );
  assertMatch(explainNoPath({ tried: many, isBound: true }), /1\.2\.3\.4:5, …/);
});

Deno.test("explainRefusal tells the two reasons apart", () => {
  assertEquals(explainRefusal("off"), "the server does not relay");
  assertMatch(explainRefusal("quota"), /quota .* used up/);
});
