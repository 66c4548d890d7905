import { visible } from "../protocol/text.ts";
import type { Palette } from "./palette.ts";
import type { Verification } from "./verify.ts";

/** The lines that show what `/verify` found, and what to do about it. */
export function verificationLines(
  { user, safetyNumber, trust, formerly }: Verification,
  palette: Palette,
): string[] {
  const name = visible(user);
  const known = formerly === undefined
    ? []
    : [`${name} has the key that you know as ${visible(formerly)}'s`];
  const compare = `read it to each other, not through Parley: ${name} must ` +
    "see the same digits";
  const advice = {
    first: `first contact; ${compare}; then /verify ${name} ok`,
    unverified: `not verified yet; ${compare}; then /verify ${name} ok`,
    verified: palette.good(`verified: you have compared it with ${name}`),
    changed: palette.error(
      `WARNING: the key of ${name} has changed and is not accepted; ${compare}` +
        `; then /verify ${name} accept`,
    ),
  }[trust];
  const number = palette.bold(visible(safetyNumber));
  return [...known, `safety number with ${name}: ${number}`, advice];
}
