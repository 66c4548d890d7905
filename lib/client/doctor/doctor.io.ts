/**
 * `parley doctor`: looks at everything between this machine and a server, one
 * thing after the other, each for at most five seconds, without logging in.
 */
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import { lookup } from "node:dns/promises";
import type { ClientOptions } from "../settings/options.ts";
import {
  type DoctorCheck,
  judgeClock,
  judgeNat,
  judgeSize,
  judgeUdp,
  renderCheck,
  renderCheckJson,
} from "./doctor_check.ts";
import { exitCode } from "../events/exit_code.ts";
import { serverLabel } from "../trust/server_pins.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import { protocolVersion, version } from "../../base/version.ts";
import { networkSizes, transferLimits } from "../../engine/packets/limits.ts";
import type { ConsoleOutput } from "../../system/console_output.io.ts";
import { localAddresses } from "../../system/addresses.io.ts";
import { connectPinned, givenPin, openPins } from "../trust/server_pins.io.ts";
import { reasonOf } from "../../system/errors.io.ts";
import { RequestRefusedError, ServerDialogue, UdpProber } from "./probes.io.ts";
import type { ByteSocket } from "../../system/tcp_socket.io.ts";
import { connectTcp } from "../../system/tcp_connect.io.ts";
import { withDeadline, withinTime } from "../../system/clock.io.ts";

/**
 * Checks the way to each machine of the server and prints a line for each
 * thing.
 *
 * @returns The exit code: 0 when nothing failed, 4 when none of them can be
 * reached, else 1.
 */
export async function runDoctor(
  options: ClientOptions,
  output: ConsoleOutput,
): Promise<number> {
  const { json } = options;
  // What the server is known by, wherever it is.
  const label = serverLabel(options.host, options.port);
  const places = [options, ...options.others ?? []];
  const failures: DoctorCheck[] = [];
  for (const { host, port } of places) {
    const at = places.length > 1 ? serverLabel(host, port) : undefined;
    if (at !== undefined && !json) output.write(`${at}\n`);
    let failed: DoctorCheck | undefined;
    const tell: Tell = (check) => {
      if (check.status === "fail") failed ??= check;
      const line = json ? renderCheckJson(check, at) : renderCheck(check);
      output.write(`${line}\n`);
    };
    await examine({ ...options, host, port }, tell, label);
    if (failed !== undefined) failures.push(failed);
  }
  if (failures.length === 0) return 0;
  const isAway = failures.length === places.length &&
    failures.every(({ check }) => check === "name" || check === "tcp");
  return isAway ? exitCode("unreachable") : 1;
}

type Tell = (check: DoctorCheck) => void;

/** Makes the checks; ends where one fails that the next ones need. */
async function examine(
  options: ClientOptions,
  tell: Tell,
  label: string,
): Promise<void> {
  if (!await checkName(options, tell)) return;
  if (!await checkTcp(options, tell)) return;
  const connection = await checkTls(options, tell, label);
  if (connection === undefined) return;
  try {
    const dialogue = new ServerDialogue(connection);
    const hello = await checkServer(dialogue, tell);
    if (hello === undefined) return;
    const { hostname } = connection.remote;
    await checkUdp(dialogue, hello, hostname, options, tell);
  } finally {
    connection.close();
  }
}

async function checkName({ host }: ClientOptions, tell: Tell) {
  const check = "name";
  try {
    const found = await withDeadline(lookup(host, { all: true }), mostMs);
    const addresses = found.map(({ address }) => address);
    const isAddress = addresses.includes(host);
    const message = isAddress
      ? `${host} is an address`
      : `${host} is ${addresses.join(", ")}`;
    tell({ check, status: "ok", message });
    return true;
  } catch (error) {
    const isLate = error instanceof Deno.errors.TimedOut;
    tell({
      check,
      status: "fail",
      message: isLate
        ? `no name server answers for ${host}`
        : `there is no host ${host}`,
      advice: isLate
        ? "check this machine's network and name servers"
        : "check its spelling, or use the address",
    });
    return false;
  }
}

async function checkTcp(options: ClientOptions, tell: Tell) {
  const { host, port } = options;
  const check = "tcp";
  const place = serverLabel(host, port);
  const started = performance.now();
  try {
    (await connect(options)).close();
    const ms = Number((performance.now() - started).toFixed(1));
    const message = `${place} answers in ${ms} ms`;
    tell({ check, status: "ok", message, fields: { ms } });
    return true;
  } catch (error) {
    tell({ check, status: "fail", ...whyNoTcp(error, place) });
    return false;
  }
}

function whyNoTcp(
  error: unknown,
  place: string,
): Pick<DoctorCheck, "message" | "advice"> {
  if (error instanceof Deno.errors.ConnectionRefused) {
    return {
      message: `nothing listens at ${place}`,
      advice: "check the port, and that the server runs",
    };
  }
  if (error instanceof Deno.errors.TimedOut) {
    return {
      message: `${place} does not answer`,
      advice:
        "check the address, and that firewalls between let this TCP port pass",
    };
  }
  return {
    message: `cannot reach ${place}: ${reasonOf(error)}`,
    advice: "check this machine's network",
  };
}

async function checkTls(
  options: ClientOptions,
  tell: Tell,
  label: string,
): Promise<ByteSocket | undefined> {
  const { host, port, plain } = options;
  const check = "tls";
  try {
    if (plain) {
      const connection = await connect(options);
      tell({
        check,
        status: "warn",
        message: "none, as --plain asks for: others can read along",
        advice: "leave --plain to trusted networks",
        fields: { plain: true },
      });
      return connection;
    }
    const pins = await openPins(givenPin(options));
    const { socket, certificate, firstContact } = await withinTime(
      mostMs,
      (signal) => connectPinned(host, port, pins, signal, label),
    );
    const { fingerprint } = certificate;
    const isKnown = firstContact === undefined;
    tell({
      check,
      status: "ok",
      message: isKnown
        ? `the server's key is the known one, ${fingerprint}`
        : `the server is not known yet; its key is ${fingerprint}`,
      ...!isKnown && {
        advice: "compare it with what the server prints at its start",
      },
      fields: { fingerprint, known: isKnown },
    });
    return socket;
  } catch (error) {
    const message = error instanceof Error ? reasonOf(error) : String(error);
    tell({ check, status: "fail", message });
    return undefined;
  }
}

/** Says hello; tells of the server and of the clocks. */
async function checkServer(
  dialogue: ServerDialogue,
  tell: Tell,
): Promise<ReplyFields<"hello"> | undefined> {
  const check = "server";
  const asked = Date.now();
  const started = performance.now();
  try {
    const hello = await withDeadline(
      dialogue.ask("hello", {
        version: protocolVersion,
        features: [],
        agent: `parley/${version}`,
      }),
      mostMs,
    );
    const rtt = performance.now() - started;
    const message = `${hello.agent}, protocol ${hello.version}`;
    tell({ check, status: "ok", message, fields: { agent: hello.agent } });
    tell(judgeClock({ asked, answered: asked + rtt, server: hello.time }));
    return hello;
  } catch (error) {
    const message = error instanceof RequestRefusedError
      ? `the server refuses: ${error.message}`
      : `what answers is no Parley server that this client understands: ${
        reasonOf(error)
      }`;
    const advice = "check the port, --plain, and the versions of both programs";
    tell({ check, status: "fail", message, advice });
    return undefined;
  }
}

/** Probes the server's UDP ports. */
async function checkUdp(
  dialogue: ServerDialogue,
  { udpPort }: ReplyFields<"hello">,
  ip: string,
  options: ClientOptions,
  tell: Tell,
): Promise<void> {
  const check = "udp";
  if (udpPort === 0) {
    return tell({
      check,
      status: "fail",
      message: "the server has no UDP port",
      advice: "its log says why; until then files go within one network only",
    });
  }
  let grant;
  let prober;
  try {
    grant = await withDeadline(dialogue.ask("probe", {}), mostMs);
    const id = decodeHex(grant.id);
    const key = decodeBase64Url(grant.key);
    prober = new UdpProber(ip, id, key, options.udpPort);
  } catch (error) {
    const isOld = error instanceof RequestRefusedError &&
      error.code === "unknown_request";
    const why = error instanceof Error ? reasonOf(error) : String(error);
    return tell({
      check,
      status: isOld ? "warn" : "fail",
      message: isOld
        ? "the server is too old to be probed"
        : `UDP cannot be tried: ${why}`,
      advice: isOld
        ? "ask its owner to update it"
        : "choose another --udp-port, or none",
    });
  }
  try {
    await probe(prober, udpPort, grant.otherPort, tell);
  } finally {
    await prober.close();
  }
}

async function probe(
  prober: UdpProber,
  port: number,
  otherPort: number,
  tell: Tell,
): Promise<void> {
  const small = { port, size: 64 };
  const first = await prober.ask(Array(reachProbes).fill(small), 1, 1_500);
  // All of them lost may also be a way that wakes up only now.
  const tries = first.some((answer) => answer !== undefined)
    ? first
    : await prober.ask(Array(reachProbes).fill(small), 2, 1_500);
  const answers = tries.filter((answer) => answer !== undefined);
  const rtt = Math.min(...answers.map(({ rtt }) => rtt));
  const answered = answers.length;
  tell(judgeUdp({ port, sent: reachProbes, answered, rtt }));
  const [seen] = answers;
  if (seen === undefined) return;
  const [other] = otherPort === 0
    ? []
    : await prober.ask([{ port: otherPort, size: 64 }], 4, 1_000);
  tell(judgeNat({
    seen: seen.seen,
    seenByOther: other?.seen,
    otherPort,
    localIps: localAddresses(64),
    localPort: prober.port,
  }));
  const least = transferLimits.minDatagramBytes;
  const sizes = [least, ...networkSizes];
  const arrived = await prober.ask(
    sizes.map((size) => ({ port, size })),
    4,
    1_000,
  );
  const largest = arrived.flatMap((answer) => answer?.size ?? []);
  tell(judgeSize(largest, least, networkSizes[0] ?? least));
}

function connect({ host, port }: ClientOptions): Promise<ByteSocket> {
  const place = { hostname: host, port };
  return withinTime(mostMs, (signal) => connectTcp(place, signal));
}

/** Most of each check, ms. */
const mostMs = 5_000;
const reachProbes = 5;
