import { assert, assertEquals } from "@std/assert";
import { parseNatsPlace } from "../../../lib/server/cluster/nats_option.ts";

Deno.test("parseNatsPlace() reads addresses, with a login and TLS for all", () => {
  assertEquals(parseNatsPlace("nats://10.0.0.5"), {
    servers: ["10.0.0.5:4222"],
    isSecure: false,
  });
  assertEquals(
    parseNatsPlace(" nats://a:1, tls://us%40er:p%2Fw@[::1]/ ,nats://x:y@c\n"),
    {
      servers: ["a:1", "[::1]:4222", "c:4222"],
      user: "us@er",
      password: "p/w",
      isSecure: true,
    },
  );
});

Deno.test("parseNatsPlace() reads where certificates and credentials are", () => {
  const text = "tls://a?ca=/etc/ca.pem&creds=my.creds,tls://b?ca=other.pem";
  assertEquals(parseNatsPlace(text), {
    servers: ["a:4222", "b:4222"],
    isSecure: true,
    ca: "/etc/ca.pem",
    creds: "my.creds",
  });
});

Deno.test("parseNatsPlace() says what is wrong, and not what was given", () => {
  for (
    const text of [
      "",
      "10.0.0.5",
      "http://u:secret@a",
      "nats://a,",
      "nats://u:secret@a/path",
      "nats://u:secret%@a",
      "nats://u:secret@a?ca=ca.pem",
      "tls://u:secret@a?other=1",
      "tls://u:secret@a?creds=",
    ]
  ) {
    const place = parseNatsPlace(text);
    assert(typeof place === "string", text);
    assert(!place.includes("secret"), place);
  }
});
