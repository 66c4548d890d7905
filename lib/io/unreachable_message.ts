/**
 * What to say to this side's user when nothing is heard of the other side: it
 * may name addresses and is not for anybody else.
 *
 * @param explain Why no path was found.
 */
export function unreachableMessage(
  wasConnected: boolean,
  explain: () => string,
): string {
  return wasConnected
    ? "The other side has not answered for 30 s; send the file again to go on"
    : `No path to the other side was found within 10 s: ${explain()}`;
}
