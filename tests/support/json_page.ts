/**
 * What docs/scripting.md says that the client prints with `--json`: the fields of each
 * event, and of the result of each command.
 */

import { itemsOf, sectionOf } from "./pages.ts";

/** Names of fields by event or command. */
export type DocumentedFields = ReadonlyMap<string, ReadonlySet<string>>;

/** The fields of the events and of the successful results, read from the page. */
export function documentedFields(
  page: string,
): { readonly events: DocumentedFields; readonly results: DocumentedFields } {
  const part = sectionOf(page, "## Output for programs");
  const named = new Map([
    ["transfer fields", sectionFields(part, "### Fields of a transfer")],
    ["session fields", sectionFields(part, "### Fields of a session")],
  ]);
  const events = itemFields(sectionOf(part, "### Events"), named);
  const results = itemFields(sectionOf(part, "### Results of commands"), named);
  return { events, results };
}

/** The fields of each item of a list. */
function itemFields(
  list: string,
  named: ReadonlyMap<string, ReadonlySet<string>>,
): Map<string, ReadonlySet<string>> {
  const rows = new Map<string, ReadonlySet<string>>();
  let before: ReadonlySet<string> = new Set();
  for (const item of itemsOf(list)) {
    const [names = "", ...rest] = item.split(":");
    const text = rest.join(":").trim();
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

function sectionFields(part: string, heading: string): ReadonlySet<string> {
  return new Set(fieldsOf(sectionOf(part, heading)));
}

/** What stands in backticks, but for the values of fields: in parentheses. */
function fieldsOf(text: string): string[] {
  const withoutValues = text.replace(/\([^()]*\)/g, "");
  return [...withoutValues.matchAll(/`([A-Za-z]+)`/g)].map(([, name]) =>
    name ?? ""
  );
}
