/**
 * How soon after one Ctrl-C, or another signal that asks to end, the next is the
 * same, ms. A program that was started by another one (`deno task`) hears of each
 * twice: from the terminal, and from the one that started it.
 */
export const sameKeyMs = 200;
