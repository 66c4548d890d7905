/**
 * What `parley doctor` finds on the way to a server, judged: each check becomes
 * one line that says whether all is well, and if not, what to do.
 */
import { bracketed } from "../../base/ip_address.ts";
import { checkMark, type CheckResult } from "../../cli/check_result.ts";
import type { WireAddress } from "../../wire/request.ts";

/** The checks, in the order in which they are made. */
export type CheckName =
  | "name"
  | "tcp"
  | "tls"
  | "server"
  | "clock"
  | "udp"
  | "nat"
  | "size";

/** What came of one check. */
export interface DoctorCheck extends CheckResult {
  readonly check: CheckName;
  /** What to do; absent when nothing is to be done. */
  readonly advice?: string;
  /** What was measured, for programs. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
}

/** The line for people. */
export function renderCheck(each: DoctorCheck): string {
  const { check, message, advice } = each;
  const todo = advice === undefined ? "" : `; ${advice}`;
  return `${checkMark(each)}  ${
    titles[check].padEnd(titleWidth)
  }  ${message}${todo}`;
}

/**
 * The line for programs.
 *
 * @param place Where it was checked, of a server of several machines.
 */
export function renderCheckJson(each: DoctorCheck, place?: string): string {
  const { fields, ...rest } = each;
  const at = place === undefined ? {} : { place };
  return JSON.stringify({ event: "check", ...rest, ...fields, ...at });
}

/** How far apart the clocks are. */
export function judgeClock(clock: {
  /** This machine's, when the question went and when the answer came, ms. */
  readonly asked: number;
  readonly answered: number;
  /** The server's, ms. */
  readonly server: number;
}): DoctorCheck {
  const { asked, answered, server } = clock;
  const middle = (asked + answered) / 2;
  const ahead = Math.round(middle - server);
  // The answer was written at some time between; both clocks count whole ms.
  const error = Math.ceil((answered - asked) / 2) + 1;
  const fields = { aheadMs: ahead, errorMs: error };
  const size = `${seconds(Math.abs(ahead))} s (±${seconds(error)} s)`;
  const check = "clock";
  if (Math.abs(ahead) <= wrongClockMs + error) {
    const message = `this machine and the server differ by ${size}`;
    return { check, status: "ok", message, fields };
  }
  return {
    check,
    status: "warn",
    message: `this machine's clock is ${size} ${
      ahead > 0 ? "ahead of" : "behind"
    } the server's`,
    advice: "set the one that is wrong, or messages show wrong times",
    fields,
  };
}

/** Whether the server's UDP port answers. */
export function judgeUdp(udp: {
  readonly port: number;
  readonly sent: number;
  readonly answered: number;
  /** Of the fastest answer, ms. */
  readonly rtt: number;
}): DoctorCheck {
  const { port, sent, answered, rtt } = udp;
  const check = "udp";
  const fields = { port, sent, answered };
  if (answered === 0) {
    return {
      check,
      status: "fail",
      message: `UDP port ${port} of the server does not answer`,
      advice:
        `let UDP port ${port} pass in every firewall between; until then files go within one network only`,
      fields,
    };
  }
  const message =
    `UDP port ${port} answered ${answered} of ${sent} datagrams, round trip ${
      rtt.toFixed(1)
    } ms`;
  const measured = { ...fields, rtt: Number(rtt.toFixed(1)) };
  return answered === sent
    ? { check, status: "ok", message, fields: measured }
    : {
      check,
      status: "warn",
      message,
      advice: "datagrams get lost: look at the wireless link, or ask again",
      fields: measured,
    };
}

/** What address translation there is, as far as can be told from here. */
export function judgeNat(nat: {
  /** Where the server's two ports see one socket of this machine. */
  readonly seen: WireAddress;
  readonly seenByOther: WireAddress | undefined;
  /** 0 when the server has no second one. */
  readonly otherPort: number;
  readonly localIps: readonly string[];
  readonly localPort: number;
}): DoctorCheck {
  const { seen, seenByOther, otherPort, localIps, localPort } = nat;
  const check = "nat";
  const place = addressText(seen);
  const keepsPort = seen.port === localPort;
  const keepsAddress = localIps.includes(seen.ip);
  const result = (
    type: string,
    status: DoctorCheck["status"],
    message: string,
    advice?: string,
  ): DoctorCheck => ({
    check,
    status,
    message,
    ...advice !== undefined && { advice },
    fields: { type, ip: seen.ip, port: seen.port, keepsPort },
  });
  if (keepsAddress && keepsPort) {
    return result(
      "none",
      "ok",
      `none: the server sees this machine at ${place}`,
    );
  }
  const translated = `the server sees this machine at ${place}`;
  const port = keepsPort ? "with the same port" : "with another port";
  if (seenByOther === undefined) {
    const why = otherPort === 0
      ? "the server has no second UDP port to tell by"
      : `the server's second UDP port, ${otherPort}, does not answer`;
    return result(
      "unknown",
      "warn",
      `address translation, ${port}: ${translated}; whether it is the same for every destination cannot be told: ${why}`,
      otherPort === 0
        ? "ask the server's owner to update it"
        : `a transfer's path in /transfers shows whether files go directly`,
    );
  }
  if (seenByOther.ip === seen.ip && seenByOther.port === seen.port) {
    return result(
      "endpoint-independent",
      "ok",
      `address translation, ${port}, the same for every destination: ${translated}; direct transfers work`,
    );
  }
  return result(
    "endpoint-dependent",
    "warn",
    `address translation, another place for each destination (symmetric): ${translated} and at ${
      addressText(seenByOther)
    }`,
    "files go through the server to users behind such routers too; on the router, full-cone NAT or IPv6 helps",
  );
}

/** How large a datagram arrives. */
export function judgeSize(
  arrived: readonly number[],
  least: number,
  good: number,
): DoctorCheck {
  const check = "size";
  const largest = Math.max(0, ...arrived);
  const fields = { bytes: largest };
  if (largest < least) {
    return {
      check,
      status: "fail",
      message: `no datagram of ${least} bytes arrives at the server`,
      advice:
        "files cannot be sent on this way: raise the MTU of the VPN or tunnel in use",
      fields,
    };
  }
  const message = `datagrams of up to ${largest} bytes arrive at the server`;
  return largest >= good ? { check, status: "ok", message, fields } : {
    check,
    status: "warn",
    message,
    advice: "files go a little slower than on a way without VPN or tunnel",
    fields,
  };
}

/** An address as people write it. */
function addressText({ ip, port }: WireAddress): string {
  return `${bracketed(ip)}:${port}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 100 ? 3 : 1);
}

const titles: Record<CheckName, string> = {
  name: "name lookup",
  tcp: "TCP",
  tls: "TLS and key",
  server: "server",
  clock: "clock",
  udp: "UDP",
  nat: "NAT",
  size: "datagram size",
};
const titleWidth = Math.max(
  ...Object.values(titles).map((title) => title.length),
);
/** Less is not worth a word. */
const wrongClockMs = 5_000;
