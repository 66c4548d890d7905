import { lookup } from "node:dns/promises";

/** True when the system finds an address for `host`. */
export async function isHostName(host: string): Promise<boolean> {
  try {
    await lookup(host);
    return true;
  } catch {
    return false;
  }
}
