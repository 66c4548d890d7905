/**
 * Loaded before a program under test (`deno run --preload`): adds to the wall
 * clock what the file `PARLEY_TEST_CLOCK` says, ms, as if somebody had set it.
 */
const path = Deno.env.get("PARLEY_TEST_CLOCK") ?? "";
const now = Date.now.bind(Date);

Date.now = () => {
  try {
    return now() + Number(Deno.readTextFileSync(path));
  } catch {
    return now();
  }
};
