import type { NodeLag } from "../cluster/core_links.ts";
import { version } from "../../base/version.ts";
import type { Gauges, Histogram, Metrics } from "../core/metrics.ts";
import type { Rendezvous } from "../rendezvous/rendezvous.ts";

/** Everything there is to tell; times in seconds. */
export interface MetricsSnapshot {
  readonly counters: Metrics;
  readonly gauges: Gauges;
  /** Of the UDP port. */
  readonly udp: Pick<Rendezvous, "datagrams" | "relayedBytes" | "dropped">;
  /** How long the store took for each batch. */
  readonly commitSeconds: Histogram;
  /** Lines of the server's log, by level. */
  readonly logLines: ReadonlyMap<string, number>;
  readonly process: {
    readonly uptime: number;
    readonly memoryBytes: number;
  };
}

/**
 * The text that Prometheus reads (exposition format 0.0.4). Written by hand:
 * the usual library cannot be compiled into the program.
 */
export function renderMetrics(snapshot: MetricsSnapshot): string {
  const { counters, gauges, udp, commitSeconds, logLines, process } = snapshot;
  return [
    renderProcessMetrics(process),
    family("connections", "gauge", "Connections of clients now.", [
      [{}, gauges.connections],
    ]),
    family("connections_total", "counter", "Connections accepted.", [
      [{}, counters.connections],
    ]),
    family("users_online", "gauge", "Users who are logged in.", [
      [{}, gauges.online],
    ]),
    family("sessions", "gauge", "Their sessions, one for each device.", [
      [{}, gauges.sessions],
    ]),
    family("devices", "gauge", "Devices of all users that are remembered.", [
      [{}, gauges.devices],
    ]),
    family("queued_bytes", "gauge", "Bytes that wait for clients to read.", [
      [{}, gauges.queuedBytes],
    ]),
    family("pending_requests", "gauge", "Requests that wait for the store.", [
      [{}, gauges.pendingRequests],
    ]),
    family("logins_total", "counter", "Logins, by result.", [
      [{ result: "ok" }, counters.logins],
      [{ result: "resumed" }, counters.resumptions],
      ...[...counters.refusedLogins].map(([result, count]) =>
        [{ result }, count] as const
      ),
    ]),
    family(
      "messages_total",
      "counter",
      "Messages stored, by kind.",
      Object.entries(counters.messages).map(([kind, count]) =>
        [{ kind }, count] as const
      ),
    ),
    family("deliveries_total", "counter", "New messages given to clients.", [
      [{}, counters.deliveries],
    ]),
    family("slow_readers_total", "counter", "Clients cut off: not reading.", [
      [{}, counters.slowReaders],
    ]),
    family("commits_total", "counter", "Batches for the store, by result.", [
      [{ result: "ok" }, counters.commits],
      [{ result: "failed" }, counters.failedCommits],
    ]),
    histogram("commit_seconds", "Time to store a batch.", commitSeconds),
    family("udp_datagrams_total", "counter", "Datagrams received.", [
      [{}, udp.datagrams],
    ]),
    family(
      "udp_dropped_total",
      "counter",
      "Datagrams dropped, by why.",
      Object.entries(udp.dropped).map(([why, count]) =>
        [{ why }, count] as const
      ),
    ),
    family("relayed_bytes_total", "counter", "File data relayed.", [
      [{}, udp.relayedBytes],
    ]),
    family(
      "log_lines_total",
      "counter",
      "Lines of the server's log, by level.",
      [...logLines].map(([level, count]) => [{ level }, count] as const),
    ),
  ].join("");
}

/** What a node of a cluster tells of itself. */
export interface NodeSnapshot {
  /** True when it is the one that serves. */
  readonly isCore: boolean;
  /** Of the core, whichever node that is. */
  readonly term: number;
  /** True when the database answers. */
  readonly hasDatabase: boolean;
  /** Of a node that takes clients whether it is the core or not. */
  readonly clients?: {
    /** Connected to this node. */
    readonly connections: number;
    readonly hasNats: boolean;
    /** True while a core serves them. */
    readonly isServed: boolean;
    /** How far other nodes are behind with what this one sends them. */
    readonly lags: readonly NodeLag[];
  } | undefined;
}

/** The same for a node, to be put behind {@link renderMetrics}. */
export function renderNodeMetrics(node: NodeSnapshot): string {
  return [
    family("cluster_core", "gauge", "1 on the node that is the core.", [
      [{}, Number(node.isCore)],
    ]),
    family("cluster_term", "gauge", "Rises with each node that becomes it.", [
      [{}, node.term],
    ]),
    family("cluster_database_up", "gauge", "1 while the database answers.", [
      [{}, Number(node.hasDatabase)],
    ]),
    ...node.clients === undefined ? [] : [
      family("cluster_nats_up", "gauge", "1 while NATS can be reached.", [
        [{}, Number(node.clients.hasNats)],
      ]),
      family("cluster_served", "gauge", "1 while a core serves this node.", [
        [{}, Number(node.clients.isServed)],
      ]),
      family(
        "cluster_connections",
        "gauge",
        "Clients that are connected to this node.",
        [[{}, node.clients.connections]],
      ),
      family(
        "cluster_lag_bytes",
        "gauge",
        "For another node, without word that it came.",
        node.clients.lags.map(({ from, node, bytes }) => [
          { from, node },
          bytes,
        ]),
      ),
      family(
        "cluster_silence_seconds",
        "gauge",
        "Since another node was last heard of over NATS.",
        node.clients.lags.map(({ from, node, silentMs }) => [
          { from, node },
          silentMs / 1000,
        ]),
      ),
    ],
  ].join("");
}

/** What a process tells that serves nobody. */
export function renderProcessMetrics(
  process: MetricsSnapshot["process"],
): string {
  return [
    family("build_info", "gauge", "The program's version.", [
      [{ version }, 1],
    ]),
    family("uptime_seconds", "gauge", "Since the start.", [
      [{}, process.uptime],
    ]),
    family("memory_bytes", "gauge", "Resident memory of the process.", [
      [{}, process.memoryBytes],
    ]),
  ].join("");
}

type Sample = readonly [Readonly<Record<string, string>>, number];

function family(
  name: string,
  type: "counter" | "gauge",
  help: string,
  samples: readonly Sample[],
): string {
  const lines = samples.map(([labels, value]) =>
    `parley_${name}${labelText(labels)} ${value}\n`
  );
  return head(name, type, help) + lines.join("");
}

function histogram(name: string, help: string, of: Histogram): string {
  const count = of.counts.at(-1) ?? 0;
  const buckets = of.bounds.map((bound, i) => [String(bound), of.counts[i]]);
  const lines = [...buckets, ["+Inf", count]].map(([le, value]) =>
    `parley_${name}_bucket{le="${le}"} ${value}\n`
  );
  return head(name, "histogram", help) + lines.join("") +
    `parley_${name}_sum ${of.sum}\nparley_${name}_count ${count}\n`;
}

function head(name: string, type: string, help: string): string {
  return `# HELP parley_${name} ${help}\n# TYPE parley_${name} ${type}\n`;
}

/** Values are our own words: none needs escaping. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) =>
    `${key}="${value}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
