/** `parley doctor` against real servers, and against what stands in the way. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort } from "../support/free_port.ts";
import { jediAccounts } from "../support/jedi.ts";
import { NetworkLab } from "../support/network_lab.ts";
import { clientCommand } from "../support/programs.ts";
import { type ProgramResult, runProgram } from "../support/run_program.ts";
import { TestServer } from "../support/test_server.ts";
import { testUnless } from "../support/test_unless.ts";

function startServer(plain: boolean): Promise<TestServer> {
  return TestServer.start({ accounts: jediAccounts, plain });
}

function doctor(
  args: readonly string[],
  launcher: readonly string[] = [],
): Promise<ProgramResult> {
  return runProgram([...launcher, ...clientCommand, "doctor", ...args]);
}

/** Each check with its status, such as `tcp ok`. */
function verdicts({ out }: ProgramResult): string[] {
  return out.map((line) => {
    const { check, status } = JSON.parse(line);
    return `${check} ${status}`;
  });
}

Deno.test("doctor: a healthy way is a line for each check, and exit code 0", async () => {
  await using server = await startServer(false);
  const place = `127.0.0.1:${server.port}`;
  const { code, out, err } = await doctor([place]);
  assertEquals([code, err, out.length], [0, [], 8], out.join("\n"));
  const text = out.join("\n");
  for (
    const name of [
      "name lookup",
      "TCP",
      "TLS and key",
      "server",
      "clock",
      "UDP",
      "NAT",
      "datagram size",
    ]
  ) {
    assertMatch(text, new RegExp(`^ok +${name} `, "m"));
  }
  const key = server.process.out.join().match(/SHA256:\S{43}/)?.[0] ?? "none";
  assert(text.includes(key), text);

  const json = await doctor([place, "--json"]);
  assertEquals(verdicts(json), [
    "name ok",
    "tcp ok",
    "tls ok",
    "server ok",
    "clock ok",
    "udp ok",
    "nat ok",
    "size ok",
  ]);
  const events = json.out.map((line) => JSON.parse(line));
  assertEquals(events[2].known, false);
  assertEquals(events[6].type, "none");
  assertEquals(events[7].bytes, 1472);
});

Deno.test("doctor: nothing there, no such host, wrong key, no TLS", async () => {
  const closed = await doctor([`127.0.0.1:${freePort()}`, "--json"]);
  assertEquals([closed.code, verdicts(closed)], [4, ["name ok", "tcp fail"]]);
  const elsewhere = ["--json", "--plain", "--hosts"];
  const both = `127.0.0.1:${freePort()},127.0.0.2:${freePort()}`;
  const away = await doctor([...elsewhere, both]);
  assertEquals([away.code, verdicts(away)], [4, [
    ...["name ok", "tcp fail", "name ok", "tcp fail"],
  ]]);
  const nowhere = await doctor(["no-such-host.invalid"]);
  assertEquals(nowhere.code, 4);
  assertMatch(
    nowhere.out[0] ?? "",
    /^FAIL +name lookup .*no-such-host\.invalid/,
  );

  await using server = await startServer(false);
  const place = `127.0.0.1:${server.port}`;
  const pin = ["--pin", `SHA256:${"A".repeat(43)}`];
  const wrong = await doctor([place, "--json", ...pin]);
  assertEquals([wrong.code, verdicts(wrong)], [1, [
    "name ok",
    "tcp ok",
    "tls fail",
  ]]);
  assertMatch(wrong.out[2] ?? "", /and not SHA256:AAAA.*listening in/);
  const bare = await doctor([place, "--json", "--plain"]);
  assertEquals([bare.code, verdicts(bare).slice(2)], [1, [
    "tls warn",
    "server fail",
  ]]);

  await using plain = await startServer(true);
  // One of two is not there.
  const one = `127.0.0.1:${plain.port}`;
  const half = `127.0.0.1:${freePort()}`;
  const some = await doctor([...elsewhere, `${half},${one}`]);
  const places = some.out.map((line) => JSON.parse(line).place);
  assertEquals([some.code, new Set(places)], [1, new Set([half, one])]);
  assertEquals(verdicts(some).slice(0, 5), [
    ...["name ok", "tcp fail", "name ok", "tcp ok", "tls warn"],
  ]);
  const people = await doctor(["--plain", "--hosts", `${half},${one}`]);
  assertEquals(people.out[0], half);
  assert(people.out.includes(one), people.out.join("\n"));
  const tls = await doctor([`127.0.0.1:${plain.port}`, "--json"]);
  assertEquals([tls.code, verdicts(tls).at(-1)], [1, "tls fail"]);
  assertMatch(tls.out.at(-1) ?? "", /--plain/);
});

Deno.test("doctor: a server without a UDP port", async () => {
  const port = freePort();
  const hostname = "127.0.0.1";
  const taken = Deno.listenDatagram({ transport: "udp", hostname, port });
  try {
    await using server = await TestServer.start({
      accounts: jediAccounts,
      args: ["--port", String(port)],
    });
    const args = [`127.0.0.1:${server.port}`, "--json", "--plain"];
    const result = await doctor(args);
    assertEquals([result.code, verdicts(result).at(-1)], [1, "udp fail"]);
    assertMatch(result.out.at(-1) ?? "", /has no UDP port/);
  } finally {
    taken.close();
  }
});

testUnless(
  await NetworkLab.lack(),
  "doctor: address translators of two kinds, UDP that is dropped, small datagrams",
  async () => {
    await using lab = await NetworkLab.open();
    const [cone = ""] = await lab.addHome(1, "cone");
    const [symmetric = ""] = await lab.addHome(2, "symmetric");
    await using server = await TestServer.start({
      accounts: jediAccounts,
      ...lab.at(lab.server),
    });
    const place = [lab.serverIp, String(server.port), "--json", "--plain"];
    const look = async (name: string) => {
      const result = await doctor(place, lab.launcher(name));
      const checks = result.out.map((line) => JSON.parse(line));
      return { result, checks };
    };
    const [one, two] = await Promise.all([look(cone), look(symmetric)]);
    assertEquals(verdicts(one.result).slice(5), [
      "udp ok",
      "nat ok",
      "size ok",
    ]);
    const { type, ip, keepsPort } = one.checks[6];
    assertEquals([type, ip, keepsPort], [
      "endpoint-independent",
      "203.0.113.11",
      true,
    ]);
    assertEquals(two.checks[6].status, "warn");
    assertEquals(two.checks[6].type, "endpoint-dependent");
    assertEquals([one.result.code, two.result.code], [0, 0]);

    const drop = (home: number, what: string) =>
      lab.run(`r${home}`, `nft add rule ip nat through ${what} drop`);
    await drop(1, "meta l4proto udp");
    // 1,200 bytes and the headers of IP and UDP, and a little more.
    await drop(2, "meta l4proto udp meta length > 1250");
    const [mute, small] = await Promise.all([look(cone), look(symmetric)]);
    assertEquals(verdicts(mute.result).slice(5), ["udp fail"]);
    assertEquals(mute.result.code, 1);
    assertMatch(mute.result.out[5] ?? "", /firewall/);
    assertEquals(verdicts(small.result).at(-1), "size warn");
    assertEquals(small.checks[7].bytes, 1200);
  },
);
