/**
 * The paths that transfers are measured over: this machine's loopback, a pair
 * of network namespaces joined by a plain veth pair, and the same joined by a
 * link emulator, a program that `LINKEMU` names. Namespaces need root.
 */

/** A path between two sides, `a` and `b`. */
export interface BenchLink extends AsyncDisposable {
  readonly name: string;
  /** Address of side b, where receivers listen. */
  readonly address: string;
  /** The command that runs `command` on a side. */
  on(side: "a" | "b", command: readonly string[]): readonly string[];
}

/** A link that can be measured, made only when its turn comes. */
export interface BenchLinkPlan {
  readonly name: string;
  /** File that is sent over it, MB. */
  readonly megabytes: number;
  make(): Promise<BenchLink>;
}

/** Every link that this machine can make. */
export async function benchLinks(): Promise<BenchLinkPlan[]> {
  const plans: BenchLinkPlan[] = [
    { name: "loopback", megabytes: 512, make: loopback },
  ];
  if (!await isAllowed()) return plans;
  plans.push({ name: "veth-1500", megabytes: 512, make: veth });
  const emulator = Deno.env.get("LINKEMU");
  if (emulator === undefined) return plans;
  for (const [name, megabytes, options] of emulated) {
    const make = () => emulate(emulator, name, options);
    plans.push({ name, megabytes, make });
  }
  for (const [name, delayMs] of shaken) {
    const make = () => shake(emulator, name, delayMs);
    plans.push({ name, megabytes: 100, make });
  }
  return plans;
}

/** A link that the emulator makes; `undefined` where it cannot be made. */
export async function emulatedLink(
  name: string,
  options: readonly string[],
): Promise<BenchLink | undefined> {
  const emulator = Deno.env.get("LINKEMU");
  if (emulator === undefined || !await isAllowed()) return undefined;
  return await emulate(emulator, name, options);
}

function loopback(): Promise<BenchLink> {
  return Promise.resolve({
    name: "loopback",
    address: "127.0.0.1",
    on: (_side, command) => command,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
}

async function veth(): Promise<BenchLink> {
  const link = await namespaces("veth-1500", () => Promise.resolve());
  const [a, b] = [`${prefix}a`, `${prefix}b`];
  try {
    await ip(
      "link",
      "add",
      "v0",
      "netns",
      a,
      "type",
      "veth",
      "peer",
      "name",
      "v0",
      "netns",
      b,
    );
    for (const [space, address] of [[a, addressA], [b, addressB]] as const) {
      await ip("-n", space, "addr", "add", `${address}/24`, "dev", "v0");
      await ip("-n", space, "link", "set", "v0", "mtu", "1500", "up");
    }
    return link;
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
}

async function emulate(
  emulator: string,
  name: string,
  options: readonly string[],
): Promise<BenchLink> {
  const ready = await Deno.makeTempFile();
  await Deno.remove(ready);
  const running: Deno.ChildProcess[] = [];
  const link = await namespaces(name, async () => {
    for (const process of running) {
      process.kill();
      await process.status;
    }
    await Deno.remove(ready).catch(() => {});
  });
  const spaces = ["--ns-a", `${prefix}a`, "--ns-b", `${prefix}b`];
  const addresses = ["--addr-a", addressA, "--addr-b", addressB];
  const command = new Deno.Command(emulator, {
    args: [
      ...spaces,
      ...addresses,
      "--ready",
      ready,
      "--duration",
      "600",
      ...options,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  running.push(command.spawn());
  for (let i = 0; i < 100; i++) {
    if (await Deno.stat(ready).then(() => true, () => false)) return link;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await link[Symbol.asyncDispose]();
  throw new Error(`${emulator} did not bring the link up`);
}

/**
 * A path that loses 2 % of what it carries, brings 10 % too early and 10 % twice.
 * TCP goes over it with BBR, without which it would hardly move.
 */
async function shake(
  emulator: string,
  name: string,
  delayMs: number,
): Promise<BenchLink> {
  const shaking = ["--loss", "2", "--reorder", "10", "--dup", "10"];
  const delay = ["--delay", String(delayMs)];
  const link = await emulate(emulator, name, [...delay, ...shaking]);
  for (const side of ["a", "b"] as const) {
    const setting = "net.ipv4.tcp_congestion_control=bbr";
    const [program = "", ...args] = link.on(side, ["sysctl", "-qw", setting]);
    const { success } = await new Deno.Command(program, { args }).output();
    if (success) continue;
    await link[Symbol.asyncDispose]();
    throw new Error("this machine has no TCP BBR (modprobe tcp_bbr)");
  }
  return link;
}

/** Two namespaces with nothing between them yet. */
async function namespaces(
  name: string,
  close: () => Promise<void>,
): Promise<BenchLink> {
  for (const side of ["a", "b"]) {
    await ip("netns", "add", prefix + side);
    await ip("-n", prefix + side, "link", "set", "lo", "up");
  }
  return {
    name,
    address: addressB,
    on: (side, command) => ["ip", "netns", "exec", prefix + side, ...command],
    [Symbol.asyncDispose]: async () => {
      await close();
      for (const side of ["a", "b"]) await ip("netns", "del", prefix + side);
    },
  };
}

async function isAllowed(): Promise<boolean> {
  try {
    await ip("netns", "add", `${prefix}try`);
    await ip("netns", "del", `${prefix}try`);
    return true;
  } catch {
    return false;
  }
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", {
    args,
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) {
    throw new Error(
      `ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`,
    );
  }
}

const prefix = `parley${Deno.pid}`;
const addressA = "10.79.3.1";
const addressB = "10.79.3.2";

/** Name, MB to send, and what the emulator is told. */
const emulated: [string, number, string[]][] = [
  ["1G-4ms", 256, ["--rate", "1G", "--delay", "2"]],
  ["1G-4ms-0.1%", 256, ["--rate", "1G", "--delay", "2", "--loss", "0.1"]],
  ["100M-40ms-0%", 100, ["--rate", "100M", "--delay", "20"]],
  ["100M-40ms-1%", 100, ["--rate", "100M", "--delay", "20", "--loss", "1"]],
  ["100M-40ms-5%", 100, ["--rate", "100M", "--delay", "20", "--loss", "5"]],
  [
    "100M-40ms-corrupt-0.1%",
    100,
    ["--rate", "100M", "--delay", "20", "--corrupt", "0.1"],
  ],
  ["20M-150ms-2%", 30, ["--rate", "20M", "--delay", "75", "--loss", "2"]],
];

/** Name, and delay one way, ms. */
const shaken: [string, number][] = [
  ["2ms-shaken", 1],
  ["4ms-shaken", 2],
  ["20ms-shaken", 10],
];
