/**
 * By what a client that comes back sees whether it knows a group as it is: the
 * same for the same members, topic and setting, in whatever order the members
 * are named. Not against forgery: who could forge it could as well name others.
 */

/** What {@link groupDigest} is of. */
export interface DigestedGroup {
  /** Names of those who have joined. */
  readonly members: readonly string[];
  /** True when who joins may see what was said before. */
  readonly history: boolean;
  /** Empty when nothing is said. */
  readonly topic: string;
}

/** 16 hexadecimal digits. */
export function groupDigest(
  { members, history, topic }: DigestedGroup,
): string {
  // What is no name begins as none can.
  const others = [
    ...history ? ["+history"] : [],
    ...topic === "" ? [] : [`#${topic}`],
  ];
  return [firstBasis, secondBasis].map((basis) => {
    let sum = 0;
    for (const name of members) sum = (sum + hashOf(name, basis)) >>> 0;
    for (const other of others) sum = (sum + hashOf(other, basis)) >>> 0;
    return sum.toString(16).padStart(8, "0");
  }).join("");
}

/** FNV-1a in 32 bits, over UTF-16 code units. */
function hashOf(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), prime);
  }
  return hash >>> 0;
}

const firstBasis = 0x811c9dc5;
const secondBasis = 0x01234567;
const prime = 0x01000193;
