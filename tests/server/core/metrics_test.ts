import { assert, assertEquals } from "@std/assert";
import { Histogram, Metrics } from "../../../lib/server/core/metrics.ts";
import { renderMetrics } from "../../../lib/server/admin/metrics_page.ts";
import { Rendezvous } from "../../../lib/server/rendezvous/rendezvous.ts";

Deno.test("Metrics counts messages by kind, deletions not at all", () => {
  const metrics = new Metrics();
  const message = { id: 1, number: 1, sender: 1, at: 0, text: "x", mid: "a" };
  metrics.noteStored([
    { write: "message", message: { ...message, receiver: 2 } },
    { write: "message", message: { ...message, group: 3 } },
    { write: "message", message },
    { write: "message", message: { ...message, receiver: 2, deletes: 1 } },
    { write: "broadcast", message: 1, receivers: [2] },
  ]);
  assertEquals(metrics.messages, { private: 1, group: 1, broadcast: 1 });
  assertEquals(metrics.commits, 1);
});

Deno.test("Histogram counts each value under every bound that holds it", () => {
  const histogram = new Histogram([0.01, 0.1]);
  for (const seconds of [0.01, 0.05, 3]) histogram.add(seconds);
  assertEquals(histogram.counts, [1, 2, 3]);
  assertEquals(histogram.sum, 3.06);
});

Deno.test("renderMetrics() is text that Prometheus reads", () => {
  const counters = new Metrics();
  counters.logins = 2;
  counters.noteRefusedLogin("login_failed");
  counters.noteRefusedLogin("login_failed");
  const commitSeconds = new Histogram([0.01, 0.1]);
  commitSeconds.add(0.05);
  const text = renderMetrics({
    counters,
    gauges: {
      ...{ connections: 3, online: 2, sessions: 4, devices: 6 },
      ...{ queuedBytes: 4, pendingRequests: 5 },
    },
    udp: {
      datagrams: 9,
      relayedBytes: 10,
      dropped: { ...new Rendezvous(0).dropped, rate: 11 },
    },
    commitSeconds,
    logLines: new Map([["error", 6]]),
    process: { uptime: 7.5, memoryBytes: 8 },
  });
  const lines = text.split("\n");
  for (
    const line of [
      "parley_connections 3",
      "parley_users_online 2",
      "parley_sessions 4",
      "parley_devices 6",
      "parley_udp_datagrams_total 9",
      "parley_relayed_bytes_total 10",
      'parley_udp_dropped_total{why="rate"} 11',
      'parley_udp_dropped_total{why="malformed"} 0',
      'parley_logins_total{result="ok"} 2',
      'parley_logins_total{result="login_failed"} 2',
      'parley_commit_seconds_bucket{le="0.01"} 0',
      'parley_commit_seconds_bucket{le="0.1"} 1',
      'parley_commit_seconds_bucket{le="+Inf"} 1',
      "parley_commit_seconds_count 1",
      'parley_log_lines_total{level="error"} 6',
      "parley_uptime_seconds 7.5",
    ]
  ) assert(lines.includes(line), line);
  assert(text.endsWith("\n"));
  // Each family is described once, before its samples; no sample comes twice.
  const described = new Set<string>();
  const samples = new Set<string>();
  for (const line of lines.filter((line) => line !== "")) {
    const type = line.match(/^# TYPE (\S+) (counter|gauge|histogram)$/);
    if (type) {
      assert(!described.has(type[1]!), line);
      described.add(type[1]!);
    } else if (!line.startsWith("# HELP ")) {
      const match = line.match(
        /^(\w+?)(_bucket|_sum|_count)?(\{[^}]*\})? \S+$/,
      );
      assert(match, line);
      assert(
        described.has(match[1]!) || described.has(match[1]! + (match[2] ?? "")),
        line,
      );
      const name = line.slice(0, line.lastIndexOf(" "));
      assert(!samples.has(name), name);
      samples.add(name);
    }
  }
});
