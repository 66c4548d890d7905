/** What of a private session crosses the network, as tcpdump sees it. */
import { assert } from "@std/assert";
import { join } from "@std/path";
import { jediAccounts, logIn } from "../support/jedi.ts";
import { NetworkLab } from "../support/network_lab.ts";
import { RunningProcess } from "../support/running_process.ts";
import { sayPrivately } from "../support/say_privately.ts";
import { TestServer } from "../support/test_server.ts";
import { testUnless } from "../support/test_unless.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Why tcpdump cannot be asked what it sees; `undefined` where it can. */
async function lackOfCapture(): Promise<string | undefined> {
  try {
    const { success } = await new Deno.Command("tcpdump", {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? undefined : "tcpdump does not run";
  } catch {
    return "no tcpdump";
  }
}

testUnless(
  await NetworkLab.lack() ?? await lackOfCapture(),
  "private session: a packet capture shows no text, and nothing of it at the server",
  async () => {
    // In a network of their own: elsewhere there is more than tcpdump can take.
    await using lab = await NetworkLab.open();
    const place = lab.at(lab.server);
    await using server = await TestServer.start({
      accounts: jediAccounts,
      ...place,
    });
    await using yoda = await logIn(server, "yoda", place);
    await using luke = await logIn(server, "luke", place);
    const folder = await Deno.makeTempDir({ prefix: "parley-capture-" });
    const file = join(folder, "capture.pcap");
    const capture = new RunningProcess({
      command: [
        ...place.launcher,
        ...["tcpdump", "-i", "lo", "-U", "-s", "0", "-w", file, "tcp"],
      ],
      cwd: folder,
    });
    try {
      await capture.waitFor("tcpdump", (line) => line.includes("listening on"));
      // A text that does pass the server shows that the capture works.
      await yoda.succeed("/msgto luke jabberwock through the server");
      await luke.event("message", { from: "yoda" });
      await yoda.succeed("/startprivate luke");
      const privateTexts = 40;
      for (let i = 0; i < privateTexts; i++) {
        await sayPrivately(
          yoda,
          "luke",
          luke,
          `bandersnatch ${i} ${"x".repeat(500)}`,
        );
        await sayPrivately(luke, "yoda", yoda, `bandersnatch back ${i}`);
      }
      await yoda.succeed("/stopprivate luke");
      await luke.event("session", { state: "closed" });
      await yoda.succeed("/msgto luke jabberwock again");
      await waitUntil(
        "the last packet",
        async () =>
          segments(await Deno.readFile(file)).some(({ text }) =>
            text.includes("jabberwock again")
          ),
      );
      capture.signal("SIGINT");
      await capture.end();
      const all = segments(await Deno.readFile(file));
      assert(all.some(({ text }) => text.includes("jabberwock through")));
      assert(!all.some(({ text }) => text.includes("bandersnatch")));
      // By its hello, the session's connection is found.
      const ports = new Set(
        all.filter(({ text }) => text.startsWith("PLPS"))
          .flatMap(({ from, to }) => [from, to]),
      );
      assert(!ports.has(server.port));
      const sum = (segments: Segment[]) =>
        segments.reduce((bytes, { text }) => bytes + text.length, 0);
      const direct = all.filter(({ from, to }) =>
        ports.has(from) && ports.has(to)
      );
      assert(sum(direct) > privateTexts * 600, `${sum(direct)} bytes`);
      const atServer = all.filter(({ from, to }) =>
        from === server.port || to === server.port
      );
      // Offer, answer, end, pings and two messages; 40 long texts are more.
      assert(sum(atServer) < privateTexts * 250, `${sum(atServer)} bytes`);
    } finally {
      await capture.kill();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** A TCP segment with a payload. */
interface Segment {
  readonly from: number;
  readonly to: number;
  /** A character a byte. */
  readonly text: string;
}

/** Reads a capture of the loopback interface (pcap, Ethernet, IPv4 or IPv6). */
function segments(file: Uint8Array): Segment[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: Segment[] = [];
  for (let at = 24; at + 16 <= file.length;) {
    const length = view.getUint32(at + 8, true);
    const ip = at + 16 + 14;
    at += 16 + length;
    if (at > file.length) break;
    const isIpv6 = view.getUint16(ip - 2) === 0x86dd;
    const tcp = ip + (isIpv6 ? 40 : (view.getUint8(ip) & 15) * 4);
    const end = ip +
      (isIpv6 ? 40 + view.getUint16(ip + 4) : view.getUint16(ip + 2));
    const payload = tcp + (view.getUint8(tcp + 12) >> 4) * 4;
    if (payload >= end) continue;
    found.push({
      from: view.getUint16(tcp),
      to: view.getUint16(tcp + 2),
      text: new TextDecoder("latin1").decode(file.subarray(payload, end)),
    });
  }
  return found;
}
