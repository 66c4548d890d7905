import { assert, assertEquals } from "@std/assert";
import {
  natsLine,
  parseStatusCommand,
  statusLines,
} from "../../../lib/server/admin/status_command.ts";

Deno.test("statusLines() says which node serves, and which is not heard of", () => {
  const version = "1.2.3";
  const nodes = [
    { name: "a", version, age: 0.25 },
    { name: "long", version, age: 5.1 },
    { name: "b", version, age: 1 },
  ];
  assertEquals(statusLines({ core: "a", term: 3, nodes }), [
    'node "a" is the core, term 3',
    "a     core     1.2.3  seen 0.3 s ago",
    "long  silent   1.2.3  seen 5.1 s ago",
    "b     standby  1.2.3  seen 1.0 s ago",
  ]);
  assertEquals(
    statusLines({ core: "", term: 3, nodes: [] }),
    ["no node is the core; the last term was 3"],
  );
});

Deno.test("natsLine() says who is heard over NATS, or why nobody is", () => {
  const lead = {
    term: 3,
    node: "a",
    version: "1",
    format: 1,
    nodes: ["a", "b"],
  };
  assertEquals(
    natsLine({ lead }, "a"),
    'NATS: node "a" is heard, with clients of "a", "b"',
  );
  assertEquals(
    natsLine({ lead: { ...lead, nodes: [] } }, "a"),
    'NATS: node "a" is heard, with clients of no node',
  );
  assertEquals(
    natsLine({}, "a"),
    'NATS: node "a" is not heard; are all nodes started with this --nats?',
  );
  assertEquals(natsLine({}, ""), "NATS: no core is heard");
  assertEquals(natsLine({ fault: "no route" }, ""), "NATS: no route");
});

Deno.test("parseStatusCommand() needs a database", () => {
  const request = parseStatusCommand(["--database", "db.txt"]);
  assert(request.kind === "run");
  assertEquals(request.options, { database: "db.txt" });
  const nats = "nats://a,nats://b";
  const both = parseStatusCommand(["--database", "db.txt", "--nats", nats]);
  assert(both.kind === "run");
  assertEquals(both.options, { database: "db.txt", nats });
  assertEquals(parseStatusCommand([]).kind, "error");
  assertEquals(parseStatusCommand(["--help"]).kind, "help");
});
