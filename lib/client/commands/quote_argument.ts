/** `value` as `readArgument` and `readPath` of parse.ts read it back. */
export function quoteArgument(value: string): string {
  const isPlain = value !== "" && !/[ \t"]|^\\?'|\\$|^[/~].*\\/s.test(value);
  if (isPlain) return value;
  return `"${value.replace(/\\(?=\\|"|$)|"/g, "\\$&")}"`;
}
