/**
 * A small internet of network namespaces: a public server and homes behind
 * address translators, as routers have them. Needs root, iproute2 and nftables;
 * {@link NetworkLab.lack} tells what is missing.
 *
 *     internet 203.0.113.0/24     server .1, router of home N .1N
 *     home N   192.168.N.0/24     router .1, client K .(K + 1)
 */
import { patience } from "./wait_until.ts";

/** How a router translates. */
export type NatKind =
  /** Keeps the port: the same for every destination. */
  | "cone"
  /** Another port for every destination. */
  | "symmetric";

/** Namespaces that are removed with the lab. */
export class NetworkLab implements AsyncDisposable {
  /** The server's address. */
  readonly serverIp = "203.0.113.1";
  readonly #prefix = uniquePrefix();
  readonly #names: string[] = [];

  /** Why this machine can have no lab; `undefined` where it can. */
  static async lack(): Promise<string | undefined> {
    if (Deno.build.os !== "linux") return "Linux is missing";
    if (Deno.uid() !== 0) return "root is missing";
    for (const tool of ["ip", "nft"]) {
      const isThere = await run([tool, "-V"]).then(() => true, () => false);
      if (!isThere) return `${tool} is missing`;
    }
    const name = `${uniquePrefix()}try`;
    try {
      await run(["ip", "netns", "add", name]);
      const enter = ["ip", "netns", "exec", name];
      await run([...enter, "nft", "add", "table", "ip", "nat"]);
      return undefined;
    } catch {
      return "permission for network namespaces is missing";
    } finally {
      await run(["ip", "netns", "delete", name]).catch(() => {});
    }
  }

  /** Builds the internet. */
  static async open(): Promise<NetworkLab> {
    const lab = new NetworkLab();
    try {
      await lab.#add("net");
      await lab.#in("net", "ip link add br0 type bridge");
      await lab.#in("net", `ip addr add ${lab.serverIp}/24 dev br0`);
      await lab.#in("net", "ip link set br0 up");
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The command that starts a program in a namespace. */
  launcher(name: string): string[] {
    return ["ip", "netns", "exec", this.#full(name)];
  }

  /** Options of programs that are started in a namespace, server or client. */
  at(name: string): { readonly host: string; readonly launcher: string[] } {
    return { host: this.serverIp, launcher: this.launcher(name) };
  }

  /** The server's namespace. */
  get server(): string {
    return "net";
  }

  /**
   * Builds home number `home`, 1–9, with clients.
   *
   * @returns The namespaces of the clients.
   */
  async addHome(home: number, kind: NatKind, clients = 1): Promise<string[]> {
    const router = `r${home}`;
    await this.#add(router);
    await this.#join("net", router, "wan", `203.0.113.1${home}/24`);
    await this.#in(router, "ip route add default via 203.0.113.1");
    await this.#in(router, "sysctl -qw net.ipv4.ip_forward=1");
    await this.#in(router, "ip link add br0 type bridge");
    await this.#in(router, `ip addr add 192.168.${home}.1/24 dev br0`);
    await this.#in(router, "ip link set br0 up");
    const flags = kind === "symmetric" ? "random,fully-random" : "";
    // Like a router at home: what nobody inside asked for is dropped.
    const rules = `table ip nat {
      chain out { type nat hook postrouting priority 100;
        oifname "wan" masquerade ${flags}; }
      chain self { type filter hook input priority 0; iifname "wan" drop; }
      chain through { type filter hook forward priority 0;
        iifname "wan" ct state new drop; }
    }`;
    await run([...this.launcher(router), "nft", rules]);
    const names: string[] = [];
    for (let client = 1; client <= clients; client++) {
      const name = `c${home}${client}`;
      await this.#add(name);
      const ip = `192.168.${home}.${client + 1}`;
      await this.#join(router, name, "eth0", `${ip}/24`);
      await this.#in(name, `ip route add default via 192.168.${home}.1`);
      names.push(name);
    }
    return names;
  }

  /** Has the router of a home drop what comes by UDP from others than the server. */
  async dropOthers(home: number): Promise<void> {
    const rule = "insert rule ip nat through " +
      `iifname "wan" ip saddr != ${this.serverIp} meta l4proto udp drop`;
    await run([...this.launcher(`r${home}`), "nft", rule]);
  }

  /** Gives the first clients of homes 1 and 2 IPv6, routed and not translated. */
  async addIpv6(): Promise<void> {
    for (const [home, other] of [[1, 2], [2, 1]]) {
      const router = `r${home}`;
      const client = `c${home}1`;
      const add = (name: string, address: string, device: string) =>
        this.#in(name, `ip addr add ${address} dev ${device} nodad`);
      await this.#in(router, "sysctl -qw net.ipv6.conf.all.forwarding=1");
      await add(router, `2001:db8:ff::${home}/64`, "wan");
      await add(router, `2001:db8:${home}::1/64`, "br0");
      await add(client, `2001:db8:${home}::2/64`, "eth0");
      const far = `2001:db8:${other}::/64`;
      await this.#in(router, `ip route add ${far} via 2001:db8:ff::${other}`);
      const gateway = `2001:db8:${home}::1`;
      await this.#in(client, `ip route add default via ${gateway}`);
    }
  }

  /** Runs a command in a namespace. */
  async run(name: string, command: string): Promise<void> {
    await this.#in(name, command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names.reverse()) {
      await run(["ip", "netns", "delete", name]).catch(() => {});
    }
  }

  #full(name: string): string {
    return this.#prefix + name;
  }

  async #add(name: string): Promise<void> {
    const full = this.#full(name);
    await run(["ip", "netns", "add", full]);
    this.#names.push(full);
    await this.#in(name, "ip link set lo up");
  }

  /** A cable from the bridge of one namespace to a device of another. */
  async #join(
    bridge: string,
    name: string,
    device: string,
    address: string,
  ): Promise<void> {
    const port = `to${name}`;
    const peer = ["peer", "name", device, "netns", this.#full(name)];
    const link = ["ip", "link", "add", port, "netns", this.#full(bridge)];
    await run([...link, "type", "veth", ...peer]);
    await this.#in(bridge, `ip link set ${port} master br0 up`);
    await this.#in(name, `ip addr add ${address} dev ${device}`);
    await this.#in(name, `ip link set ${device} up`);
  }

  async #in(name: string, command: string): Promise<void> {
    await run([...this.launcher(name), ...command.split(" ")]);
  }
}

/** Test files that run side by side are threads of one process. */
function uniquePrefix(): string {
  return `p${crypto.randomUUID().slice(0, 8)}`;
}

/** Runs a command to its end; throws with what it says when it fails. */
async function run(command: readonly string[]): Promise<void> {
  const [program = "", ...args] = command;
  const signal = AbortSignal.timeout(patience);
  const { success, stderr } = await new Deno.Command(program, { args, signal })
    .output();
  if (success) return;
  throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
