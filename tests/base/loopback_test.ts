import { assert } from "@std/assert";
import { isLoopback } from "../../lib/base/ip_address.ts";

Deno.test("isLoopback() knows what only this machine reaches", () => {
  for (const host of ["localhost", "127.0.0.1", "127.8.9.1", "::1", "0:0::1"]) {
    assert(isLoopback(host), host);
  }
  for (
    const host of ["0.0.0.0", "::", "192.0.2.1", "127.evil.example", "::2"]
  ) {
    assert(!isLoopback(host), host);
  }
});
