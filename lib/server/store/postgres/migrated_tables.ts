/** The tables of both databases, for carrying everything from one to the other. */

/** What a column holds: in SQLite a flag is 0 or 1, and `none` is `NULL` for 0. */
export type ColumnKind = "number" | "text" | "flag" | "none";

/** A table that is in both. */
export interface MigratedTable {
  readonly name: string;
  /** As SQLite calls them; the columns `user` are called `usr` in PostgreSQL. */
  readonly columns: readonly (readonly [name: string, kind: ColumnKind])[];
}

/** All but what is of the database itself, and the index of the search. */
export const migratedTables: readonly MigratedTable[] = [
  table(
    "users",
    "id, account text, name text, cursor, last_seen, renaming text, " +
      "identity text, ended_at",
  ),
  table(
    "devices",
    "number, user, id text, name text, cursor, since, ip text, last_seen",
  ),
  table(
    "device_tokens",
    "device, hash text, previous text, expires, credential text",
  ),
  table("profiles", "user, field text, value text"),
  table("blocks", "user, blocked, since, after"),
  table("kept_away", "user, sender, after, upto"),
  table("marks", "user, kind text, place, upto"),
  table("later", "user, offer text, receivers text, since, at"),
  table(
    "groups",
    "id, name text, leader, leader_only flag, created_at, ended_at, " +
      "last_number, history flag, topic text, topic_at",
  ),
  table("members", "grp, user, joined flag, since, since_message"),
  table("owed", "user, grp, after, upto"),
  table(
    "messages",
    "id, number, sender, device, receiver none, grp none, at, text text, " +
      "mid text, kept flag, deletes, original",
  ),
  table("broadcasts", "user, message"),
  table("failures", "name text, failures, until"),
  table("epochs", "number, epoch text, after"),
  table("requests", "number, what text, subject text"),
];

/** The same column in PostgreSQL. */
export function postgresColumn(name: string): string {
  return name === "user" ? "usr" : name;
}

/** The SQL that inserts arrays of columns into a table of PostgreSQL. */
export function insertArrays({ name, columns }: MigratedTable): string {
  const names = columns.map(([column]) => postgresColumn(column)).join(", ");
  const arrays = columns.map(([, kind], at) =>
    `$${at + 1}::${arrayTypes[kind]}`
  );
  return `INSERT INTO ${name} (${names}) ` +
    `SELECT * FROM unnest(${arrays.join(", ")})`;
}

/** A value of SQLite as PostgreSQL has it. */
export function toPostgres(
  kind: ColumnKind,
  value: unknown,
): string | number | boolean | null {
  if (kind === "flag") return value === 1;
  if (kind === "none") return Number(value ?? 0);
  return value as string | number | null;
}

/** A value of PostgreSQL as SQLite has it. */
export function toSqlite(
  kind: ColumnKind,
  value: unknown,
): string | number | null {
  if (kind === "flag") return value === true ? 1 : 0;
  if (kind === "none") return value === 0 ? null : Number(value);
  return value as string | number | null;
}

function table(name: string, columns: string): MigratedTable {
  return {
    name,
    columns: columns.split(", ").map((column) => {
      const [word = "", kind = "number"] = column.split(" ");
      return [word, kind as ColumnKind];
    }),
  };
}

const arrayTypes: Record<ColumnKind, string> = {
  number: "bigint[]",
  text: "text[]",
  flag: "boolean[]",
  none: "bigint[]",
};
