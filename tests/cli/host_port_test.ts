import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/cli/command_line.ts";
import { homePath } from "../../lib/base/home_path.ts";
import { meantHostPort, parseHostPort } from "../../lib/cli/host_port.ts";

Deno.test("parseHostPort() takes names and addresses, with a port or without", () => {
  for (
    const [text, host, port] of [
      ["localhost", "localhost", undefined],
      ["a-b.c:1", "a-b.c", 1],
      ["127.0.0.1:65535", "127.0.0.1", 65535],
      ["::1", "::1", undefined],
      ["::1:6000", "::1:6000", undefined],
      ["[::1]", "::1", undefined],
      ["[::ffff:192.0.2.1]:06000", "::ffff:192.0.2.1", 6000],
    ] as const
  ) {
    assertEquals(
      parseHostPort("--host", text),
      port === undefined ? { host } : { host, port },
    );
  }
  assertEquals(parseHostPort("--host", "h:0", 0), { host: "h", port: 0 });
});

Deno.test("parseHostPort() says what is wrong", () => {
  for (
    const text of [
      ...["", "a b", "http://x", "a\n", "x".repeat(254), "a:", ":1", "a:0"],
      ...[
        "a:65536",
        "a:b",
        "[::1",
        "[::1]:",
        "[::1]6000",
        "[a]:1",
        "::x",
        "1::2::3",
      ],
      "[]",
    ]
  ) {
    assertThrows(
      () => parseHostPort("--host", text),
      UsageError,
      `invalid --host "${text}": must be a host name or an IP address`,
    );
  }
  for (const text of ["fe80::1%eth0", "[fe80::1%eth0]:6000", "127.0.0.1%lo"]) {
    assertThrows(
      () => parseHostPort("--host", text),
      UsageError,
      "zones such as %eth0 are not supported",
    );
  }
});

Deno.test("meantHostPort() knows a port behind an address without brackets", () => {
  assertEquals(meantHostPort("::1:6997"), "[::1]:6997");
  assertEquals(meantHostPort("2001:db8::7:6000"), "[2001:db8::7]:6000");
  for (const host of ["::1", "fe80::a", "1:2:3:4:5:6:7:6000", "::1:0", "a:1"]) {
    assertEquals(meantHostPort(host), undefined, host);
  }
});

Deno.test("homePath() begins where the user's home is", () => {
  for (
    const [path, found] of [
      ["~", "/home/y"],
      ["~/x", "/home/y/x"],
      ["~\\x", "/home/y\\x"],
      ["~luke/x", "~luke/x"],
      ["./~/x", "./~/x"],
      ["", ""],
    ] as const
  ) {
    assertEquals(homePath(path, "/home/y"), found);
    assertEquals(homePath(path, undefined), path);
  }
});
