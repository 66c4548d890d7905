/**
 * What is told where not all of several files arrived: `311 of 312 files arrived;
 * "a.mp4" changed while it was sent; sent again, only it comes`.
 *
 * @param paths Of those that did not.
 * @param all How many there are.
 * @param isSender It is told where they were sent.
 */
export function changedText(
  paths: readonly string[],
  all: number,
  isSender: boolean,
): string {
  const count = (n: number) => n.toLocaleString("en");
  const files = all === 1 ? "file" : "files";
  const arrived = `${count(all - paths.length)} of ${count(all)} ${files}`;
  const isOne = paths.length === 1;
  const when = isOne ? "it was sent" : "they were sent";
  const one = isSender ? "it goes over" : "it comes";
  const several = isSender ? "they go over" : "they come";
  const again = `sent again, only ${isOne ? one : several}`;
  return `${arrived} arrived; ${
    namesText(paths)
  } changed while ${when}; ${again}`;
}

/** `"a.mp4", "b.mp4", "c.mp4" and 5 more`. */
export function namesText(paths: readonly string[]): string {
  const named = paths.slice(0, mostNamed).map((path) => `"${path}"`).join(", ");
  const more = paths.length - mostNamed;
  return more > 0 ? `${named} and ${more.toLocaleString("en")} more` : named;
}

const mostNamed = 3;
