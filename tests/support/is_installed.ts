/**
 * True where a program can be started. What is missing throws where it is
 * started, not where its end is awaited.
 */
export async function isInstalled(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, {
      args: ["--version"],
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).output();
    return true;
  } catch {
    return false;
  }
}
