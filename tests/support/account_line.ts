/** Lines of credentials.txt for tests. */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { Buffer } from "node:buffer";

/**
 * An account with a SCRAM-SHA-256 verifier of the fewest iterations a client
 * accepts (4,096), so that hundreds of logins take no time in a test.
 */
export function accountLine(name: string, password: string): string {
  const salt = Buffer.from(`salt of ${name}`);
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key")
    .digest("base64");
  const salt64 = salt.toString("base64");
  return `${name} SCRAM-SHA-256$4096:${salt64}$${storedKey}:${serverKey}\n`;
}

/** `count` accounts `PREFIX000`, `PREFIX001`, …, each with its name as password. */
export function numberedAccounts(prefix: string, count: number): {
  readonly names: string[];
  readonly text: string;
} {
  const names = Array.from(
    { length: count },
    (_, number) => `${prefix}${String(number).padStart(3, "0")}`,
  );
  return { names, text: names.map((name) => accountLine(name, name)).join("") };
}
