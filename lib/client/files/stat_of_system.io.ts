import type { StatsFs } from "node:fs";

/**
 * What is known of the file system that `folder` lies on.
 *
 * @throws What the system says.
 */
export async function statOfSystem(folder: string): Promise<StatsFs> {
  // Takes long to load, and who receives no file needs it for nothing.
  const { statfs } = await import("node:fs/promises");
  return await statfs(folder);
}
