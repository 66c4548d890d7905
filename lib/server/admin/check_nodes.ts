/** How a node fits those of its cluster, for `parley-server check`. */
import type { CheckResult } from "../../cli/check_result.ts";
import { type ClusterState, goneSeconds } from "../store/lease.ts";

/** The node that is to be started, or that runs. */
export interface CheckedNode {
  readonly name: string;
  /** True when it runs: then it is one of those at work itself. */
  readonly isRunning: boolean;
  /**
   * Fingerprint of its key; empty without TLS, `undefined` while it has none and
   * would make one.
   */
  readonly key: string | undefined;
  /** Where its key and certificate are to be. */
  readonly folder: string;
}

/** Looks at the nodes that are at work; none where there are none. */
export function checkNodes(
  { name, isRunning, key, folder }: CheckedNode,
  nodes: ClusterState["nodes"],
): CheckResult[] {
  const others = nodes.filter(({ age }) => age <= goneSeconds);
  if (others.length === 0) return [];
  const found: CheckResult[] = [];
  const add = (status: CheckResult["status"], text: string) =>
    found.push({ status, message: `nodes: ${text}` });
  if (!isRunning && others.some((other) => other.name === name)) {
    add(
      "warn",
      `one that is at work is called "${name}", too; give this one another ` +
        "name with --node",
    );
  }
  const stranger = others.find((other) => other.key !== key);
  if (stranger !== undefined) {
    const has = `"${stranger.name}" has ${shownKey(stranger.key)}`;
    add(
      "fail",
      key === undefined
        ? `${has}; bring its tls-key.pem and tls-cert.pem to "${folder}"`
        : `${has}, this one ${shownKey(key)}; give all nodes the same files`,
    );
    return found;
  }
  const names = [...new Set(others.map(({ name }) => `"${name}"`))].join(", ");
  add("ok", `at work with the same key: ${names}`);
  return found;
}

function shownKey(key: string): string {
  return key === "" ? "no TLS" : `the key ${key}`;
}
