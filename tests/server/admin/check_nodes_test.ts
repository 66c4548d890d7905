import { assertEquals } from "@std/assert";
import {
  type CheckedNode,
  checkNodes,
} from "../../../lib/server/admin/check_nodes.ts";

const own: CheckedNode = {
  ...{ name: "b", isRunning: false, key: "SHA256:k", folder: "data" },
};
const others = [
  { name: "a", version: "1", key: "SHA256:k", age: 0.5 },
  { name: "b", version: "1", key: "SHA256:old", age: 5.5 },
];

function said(node: Partial<CheckedNode>, nodes = others): string[] {
  return checkNodes({ ...own, ...node }, nodes)
    .map(({ status, message }) => `${status} ${message}`);
}

Deno.test("checkNodes() says with which nodes this one would work, and nothing where there are none", () => {
  assertEquals(said({}), ['ok nodes: at work with the same key: "a"']);
  assertEquals(said({}, []), []);
  assertEquals(said({ key: undefined }, others.slice(1)), []);
});

Deno.test("checkNodes() warns of a name that is taken, but not of the node's own", () => {
  const ok = 'ok nodes: at work with the same key: "a"';
  assertEquals(said({ name: "a" }), [
    'warn nodes: one that is at work is called "a", too; give this one ' +
    "another name with --node",
    ok,
  ]);
  assertEquals(said({ name: "a", isRunning: true }), [ok]);
});

Deno.test("checkNodes() finds the key that the others would refuse", () => {
  assertEquals(said({ key: "SHA256:x" }), [
    'fail nodes: "a" has the key SHA256:k, this one the key SHA256:x; give ' +
    "all nodes the same files",
  ]);
  assertEquals(said({ key: "" }), [
    'fail nodes: "a" has the key SHA256:k, this one no TLS; give all nodes ' +
    "the same files",
  ]);
  assertEquals(said({ key: undefined }), [
    'fail nodes: "a" has the key SHA256:k; bring its tls-key.pem and ' +
    'tls-cert.pem to "data"',
  ]);
});
