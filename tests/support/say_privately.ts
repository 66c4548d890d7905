import type { TestClient } from "./test_client.ts";

/** Sends a private text and waits until the other side shows it. */
export async function sayPrivately(
  from: TestClient,
  user: string,
  to: TestClient,
  text: string,
): Promise<void> {
  await from.succeed(`/private ${user} ${text}`);
  await to.event("private-message", { text });
}
