/**
 * What PROTOCOL.md says that the client prints with `--json`: the fields of each
 * event, and of the result of each command.
 */

/** Names of fields by event or command. */
export type DocumentedFields = ReadonlyMap<string, ReadonlySet<string>>;

/** The fields of the events and of the successful results, read from the page. */
export function documentedFields(
  page: string,
): { readonly events: DocumentedFields; readonly results: DocumentedFields } {
  const part = page.slice(page.indexOf("\n## Client `--json`\n"));
  const named = new Map([
    ["transfer fields", paragraphFields(part, "Transfer fields")],
    ["session fields", paragraphFields(part, "Session fields")],
  ]);
  const tables = part.split(/^\| `(?:event|command)` .*\n\|[ -|]*\n/m).slice(1)
    .map((table) => rowFields(table, named));
  const [events = new Map(), results = new Map()] = tables;
  return { events, results };
}

/** The fields of each row up to the end of the table. */
function rowFields(
  table: string,
  named: ReadonlyMap<string, ReadonlySet<string>>,
): Map<string, ReadonlySet<string>> {
  const rows = new Map<string, ReadonlySet<string>>();
  let before: ReadonlySet<string> = new Set();
  for (const line of table.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const [, names, text] = cells;
    if (names === undefined || text === undefined) break;
    const fields = new Set(fieldsOf(text));
    for (const [name, more] of named) {
      if (text.includes(name)) more.forEach((field) => fields.add(field));
    }
    if (text.startsWith("the same")) before.forEach((each) => fields.add(each));
    if (text.includes("the fields of `p2pvideo`")) {
      fields.delete("p2pvideo");
      rows.get("p2pvideo")?.forEach((field) => fields.add(field));
    }
    for (const name of names.matchAll(/`([^`]+)`/g)) {
      rows.set(name[1] ?? "", fields);
    }
    before = fields;
  }
  return rows;
}

function paragraphFields(part: string, start: string): ReadonlySet<string> {
  const at = part.indexOf(`\n${start}: `);
  return new Set(fieldsOf(part.slice(at, part.indexOf("\n\n", at))));
}

/** What stands in backticks, but for the values of fields: in parentheses. */
function fieldsOf(text: string): string[] {
  const withoutValues = text.replace(/\([^()]*\)/g, "");
  return [...withoutValues.matchAll(/`([A-Za-z]+)`/g)].map(([, name]) =>
    name ?? ""
  );
}
