/**
 * A test of what a machine may lack: there it is left out, and its name says why.
 *
 * @param lack Why it cannot run here; `undefined` where it can.
 */
export function testUnless(
  lack: string | undefined,
  name: string,
  act: (t: Deno.TestContext) => Promise<void>,
): void {
  if (lack === undefined) Deno.test(name, act);
  else Deno.test.ignore(`${name} (skipped: ${lack})`, act);
}
