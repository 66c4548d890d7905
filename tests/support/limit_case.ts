/** What the tests of the server's limits have in common. */
import { User } from "../../lib/server/model/user.ts";
import type { TestClient } from "./core_client.ts";
import { CoreHarness } from "./core_harness.ts";
import { storedUser } from "./stored_user.ts";

/** A server with two users who have logged in. */
export function twoUsers(options = {}): {
  harness: CoreHarness;
  yoda: TestClient;
  luke: TestClient;
} {
  const harness = new CoreHarness({ options });
  const [yoda, luke] = [harness.login("yoda"), harness.login("luke")];
  return { harness, yoda, luke };
}

/** A user who is nowhere logged in. */
export function user(id: number, name: string): User {
  return new User(storedUser(id, name));
}

/** `code` of a refusal, without its sentence. */
export function codeOf(refusal: string): string {
  return refusal.split(":", 1)[0] ?? "";
}

/** A key of the right length. */
export const peerKey = "A".repeat(43);

/** A file offer to luke; each number another one. */
export function offerOf(number: number, name = "a.mp4") {
  const offer = number.toString(16).padStart(16, "0");
  const file = { name, size: 9 };
  const addresses = [{ ip: "10.0.0.7", port: 6666 }];
  return {
    offer,
    to: "luke",
    kind: "file",
    key: peerKey,
    addresses,
    file,
  } as const;
}
