/**
 * Has the package that measures text, string-width, make what it needs for more
 * than ASCII when there is any: loading its tables takes a fifth of the time
 * until the client's first question.
 *
 * @param module As it was bundled.
 * @throws {Error} when the package is in it and is not the one that is known.
 */
export function withLateTables(module: string): string {
  if (!module.includes("/string-width/")) return module;
  let text = module;
  for (const [name, start] of tables) {
    const declaration = new RegExp(`^var ${name} = (.*);$`, "m");
    const [line = "", value = ""] = declaration.exec(text) ?? [];
    if (!value.startsWith(start)) {
      throw new Error(`${name} of string-width is not as it was`);
    }
    const use = new RegExp(String.raw`(?<![\w$]|\b\.)${name}(?![\w$])`, "g");
    const [before = "", after = ""] = text.split(line)
      .map((part) => part.replace(use, `${name}()`));
    const made = `((value) => () => value)(${value})`;
    text = `${before}var ${name} = () => (${name} = ${made})();${after}`;
  }
  return text;
}

/** Its variables that are slow to make, and how their values begin. */
const tables = new Map([
  ["segmenter", "new Intl.Segmenter("],
  ["emojiPrefixRegex", String.raw`/^(?:\p{RGI_Emoji}`],
]);
