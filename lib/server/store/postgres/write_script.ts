/**
 * A commit as PostgreSQL gets it: prepared statements with their values, as one
 * script, which is one transaction and one round trip. Rows of a kind that follow
 * each other go into one statement, as arrays.
 */
import { limits } from "../../../wire/limits.ts";
import type { WriteStatement } from "./write_statements.ts";
import type {
  StoredMark,
  StoredMessage,
  StoreWrite,
} from "../../model/store.ts";

/** Which commit it is, of which connection. */
export interface CommitNumber {
  readonly term: number;
  readonly commit: number;
}

/**
 * What carries out `writes`, in this order; to be run where
 * `prepareScript` was run before.
 */
export function writeScript(
  writes: readonly StoreWrite[],
  number: CommitNumber,
): string {
  const last = { message: 0, number: 0, device: 0 };
  const lastOfGroups = new Map<number, number>();
  const messages: StoredMessage[] = [];
  const rest: StoreWrite[] = [];
  for (const write of writes) {
    if (write.write === "device") {
      last.device = Math.max(last.device, write.device.number);
    }
    if (write.write !== "message") {
      rest.push(write);
      continue;
    }
    const { message } = write;
    messages.push(message);
    last.message = Math.max(last.message, message.id);
    if (message.group === undefined) {
      last.number = Math.max(last.number, message.number);
    } else {
      const before = lastOfGroups.get(message.group) ?? 0;
      lastOfGroups.set(message.group, Math.max(before, message.number));
    }
  }
  const script = [fenceScript(number, last)];
  // First: nothing that is written of something else changes a message before
  // it is there.
  if (messages.length > 0) {
    script.push(execute("put_messages", messageColumns, messages));
  }
  for (const run of runsOf(rest)) script.push(...runScript(run));
  if (lastOfGroups.size > 0) {
    script.push(
      execute("raise_groups", [([id]) => id, ([, number]) => number], [
        ...lastOfGroups,
      ]),
    );
  }
  return script.join(";");
}

/** The check of who writes, for a script with nothing else of the core's. */
export function fenceScript(
  { term, commit }: CommitNumber,
  last = { message: 0, number: 0, device: 0 },
): string {
  const values = [term, commit, last.message, last.number, last.device];
  return `SELECT fence(${values.join()})`;
}

/** Takes messages into the index of the search, and says how far it is. */
export function indexScript(
  words: readonly (readonly [message: number, threes: readonly number[]])[],
  upto: number,
): string {
  const rows = words.flatMap(([message, threes]) =>
    threes.map((three) => [message, three] as const)
  );
  const added = execute(
    "put_words",
    [([message]) => message, ([, n]) => n],
    rows,
  );
  return `${added};UPDATE core SET indexed = ${upto}`;
}

/** Removes messages and what is kept of them. */
export function removeScript(ids: readonly number[]): string {
  const list = arrayOf(ids);
  return `DELETE FROM words WHERE message = ANY (${list}::bigint[]);` +
    `DELETE FROM broadcasts WHERE message = ANY (${list}::bigint[]);` +
    `DELETE FROM messages WHERE id = ANY (${list}::bigint[])`;
}

type Kind = StoreWrite["write"];
type Write<K extends Kind> = Extract<StoreWrite, { write: K }>;
type Value = string | number | boolean | null | undefined;
type Column<Row> = (row: Row) => Value;

/** Writes of a kind that may be done together; marks of everything end a run. */
function runsOf(writes: readonly StoreWrite[]): StoreWrite[][] {
  const runs: StoreWrite[][] = [];
  let previous: string | undefined;
  for (const write of writes) {
    const key = runKey(write);
    if (key !== undefined && key === previous) runs.at(-1)?.push(write);
    else runs.push([write]);
    previous = key;
  }
  return runs;
}

/** Writes with the same key may be done together; none is by itself. */
function runKey(write: StoreWrite): string | undefined {
  switch (write.write) {
    case "mark":
      return write.mark.kind === "all" ? "mark all" : "mark";
    case "profile":
      return write.profile.value === "" ? undefined : "profile";
    case "failures":
      return write.failures.failures === 0 ? undefined : "failures";
    case "later":
      return write.later.to.length === 0 ? undefined : "later";
    case "user":
    case "group":
    case "member":
    case "owe":
    case "broadcast":
    case "device":
    case "cursor":
    case "block":
    case "keep-away":
    case "token":
      return write.write;
    default:
      return undefined;
  }
}

/** The statements for writes that {@link runsOf} put together. */
function runScript(run: readonly StoreWrite[]): string[] {
  const [first] = run;
  if (first === undefined) return [];
  const all = <K extends Kind>(_: K) => run as readonly Write<K>[];
  switch (first.write) {
    case "message":
      throw new Error("messages go before everything else");
    case "user": {
      const users = lastOf(all("user").map(({ user }) => user), ({ id }) => id);
      return [execute("put_users", [
        ({ id }) => id,
        ({ account }) => account,
        ({ name }) => name,
        ({ cursor }) => cursor,
        ({ lastSeen }) => lastSeen,
        ({ renaming }) => renaming,
        ({ identity }) => identity,
      ], users)];
    }
    case "user-end": {
      const { user, at } = first;
      return [
        call("end_user", at, user),
        call("remove_tokens", user),
        ...userTables.map((table) =>
          `DELETE FROM ${table} WHERE usr = ${user}`
        ),
        call("remove_marks", user),
      ];
    }
    case "group": {
      const groups = all("group").map(({ group }) => group);
      return [execute("put_groups", [
        ({ id }) => id,
        ({ name }) => name,
        ({ leader }) => leader,
        ({ leaderOnly }) => leaderOnly,
        ({ createdAt }) => createdAt,
        ({ history = false }) => history,
        ({ topic }) => topic?.text,
        ({ topic }) => topic?.at,
      ], lastOf(groups, ({ id }) => id))];
    }
    case "group-end":
      return [
        `DELETE FROM members WHERE grp = ${first.group}`,
        `UPDATE groups SET ended_at = ${first.at} WHERE id = ${first.group}`,
      ];
    case "member": {
      const members = all("member").map(({ member }) => member);
      return [execute("put_members", [
        ({ group }) => group,
        ({ user }) => user,
        ({ joined }) => joined,
        ({ since }) => since,
        ({ sinceMessage }) => sinceMessage,
      ], lastOf(members, ({ group, user }) => `${group} ${user}`))];
    }
    case "member-remove": {
      const { group, user, owed } = first;
      const script = [
        `DELETE FROM members WHERE grp = ${group} AND usr = ${user}`,
        `DELETE FROM marks WHERE usr = ${user} AND kind = 'group' ` +
        `AND place = ${group}`,
      ];
      if (owed !== undefined) script.push(owe([{ group, user, ...owed }]));
      return script;
    }
    case "owe":
      return [owe(
        all("owe").map(({ group, user, message }) => (
          { group, user, after: message - 1, upto: message }
        )),
      )];
    case "broadcast": {
      const rows = all("broadcast").flatMap(({ message, receivers }) =>
        receivers.map((user) => [user, message] as const)
      );
      return [
        execute("put_broadcasts", [([user]) => user, ([, id]) => id], rows),
      ];
    }
    case "delete":
      return [
        `UPDATE messages SET text = '' WHERE id = ${first.message}`,
        `DELETE FROM words WHERE message = ${first.message}`,
      ];
    case "device": {
      const devices = all("device").map(({ device }) => device);
      return [execute("put_devices", [
        ({ number }) => number,
        ({ user }) => user,
        ({ id }) => id,
        ({ name }) => name,
        ({ cursor }) => cursor,
        ({ since }) => since,
        ({ ip }) => ip,
        ({ lastSeen }) => lastSeen,
      ], lastOf(devices, ({ number }) => number))];
    }
    case "device-remove":
      return [
        call("keep_of_device", first.device),
        `DELETE FROM devices WHERE number = ${first.device}`,
        `DELETE FROM device_tokens WHERE device = ${first.device}`,
      ];
    case "cursor": {
      const cursors = all("cursor");
      return [
        execute("put_cursors", [
          ({ device }) => device,
          ({ upto }) => upto,
          ({ lastSeen }) => lastSeen,
        ], lastOf(cursors, ({ device }) => device)),
        execute("remove_owed", [
          ({ user }) => user,
          ({ everywhere }) => everywhere,
        ], cursors),
      ];
    }
    case "mark": {
      const marks = all("mark").map(({ mark }) => mark);
      const script = [execute("put_marks", markColumns, highest(marks))];
      if (first.mark.kind === "all") {
        script.push(execute("remove_passed", [
          ({ user }) => user,
          ({ upto }) => upto,
        ], marks));
      }
      return script;
    }
    case "later": {
      const { user, offer, to } = first.later;
      if (to.length === 0) return [call("remove_later", user, offer)];
      const rows = all("later").map(({ later }) => later);
      return [
        execute("put_later", [
          ({ user }) => user,
          ({ offer }) => offer,
          ({ to }) => JSON.stringify(to),
          ({ since }) => since,
          ({ at }) => at,
        ], lastOf(rows, ({ user, offer }) => `${user} ${offer}`)),
      ];
    }
    case "block": {
      const blocks = all("block").map(({ block }) => block);
      return [execute("put_blocks", [
        ({ user }) => user,
        ({ blocked }) => blocked,
        ({ since }) => since,
        ({ after }) => after,
      ], lastOf(blocks, ({ user, blocked }) => `${user} ${blocked}`))];
    }
    case "unblock":
      return [
        `DELETE FROM blocks WHERE usr = ${first.user} ` +
        `AND blocked = ${first.blocked}`,
      ];
    case "keep-away": {
      const kept = all("keep-away").map(({ keptAway }) => keptAway);
      return [execute(
        "put_kept_away",
        [
          ({ user }) => user,
          ({ sender }) => sender,
          ({ after }) => after,
          ({ upto }) => upto,
        ],
        lastOf(kept, ({ user, sender, after }) => `${user} ${sender} ${after}`),
      )];
    }
    case "profile": {
      const fields = all("profile").map(({ profile }) => profile);
      const { user, field, value } = first.profile;
      if (value === "") return [call("remove_profile", user, field)];
      return [execute("put_profiles", [
        ({ user }) => user,
        ({ field }) => field,
        ({ value }) => value,
      ], lastOf(fields, ({ user, field }) => `${user} ${field}`))];
    }
    case "failures": {
      const { name, failures } = first.failures;
      if (failures === 0) return [call("remove_failures", name)];
      const rows = all("failures").map(({ failures }) => failures);
      return [execute("put_failures", [
        ({ name }) => name,
        ({ failures }) => failures,
        ({ until }) => until,
      ], lastOf(rows, ({ name }) => name))];
    }
    case "epoch": {
      const { epoch, after } = first.epoch;
      return [
        call("add_epoch", epoch, after),
        "DELETE FROM epochs WHERE number <= (SELECT number FROM epochs " +
        `ORDER BY number DESC OFFSET ${limits.keptEpochs} LIMIT 1)`,
      ];
    }
    case "requests-done":
      return [`DELETE FROM requests WHERE number <= ${first.upto}`];
    case "token": {
      const tokens = all("token").map(({ token }) => token);
      return [execute("put_tokens", [
        ({ device }) => device,
        ({ hash }) => hash,
        ({ previous }) => previous,
        ({ expires }) => expires,
        ({ credential }) => credential,
      ], lastOf(tokens, ({ device }) => device))];
    }
    case "token-remove":
      return [`DELETE FROM device_tokens WHERE device = ${first.device}`];
  }
}

type Owed = Record<"group" | "user" | "after" | "upto", number>;

function owe(rows: readonly Owed[]): string {
  return execute("owe", [
    ({ user }) => user,
    ({ group }) => group,
    ({ after }) => after,
    ({ upto }) => upto,
  ], lastOf(rows, ({ user, group, after }) => `${user} ${group} ${after}`));
}

/** Of rows with the same key the last one: a statement touches a row once. */
function lastOf<Row>(
  rows: readonly Row[],
  key: (row: Row) => string | number,
): Row[] {
  return [...new Map(rows.map((row) => [key(row), row])).values()];
}

function highest(marks: readonly StoredMark[]): StoredMark[] {
  return lastOf(
    marks.toSorted((one, other) => one.upto - other.upto),
    ({ user, kind, place }) => `${user} ${kind} ${place}`,
  );
}

const markColumns: Column<StoredMark>[] = [
  ({ user }) => user,
  ({ kind }) => kind,
  ({ place }) => place,
  ({ upto }) => upto,
];

const messageColumns: Column<StoredMessage>[] = [
  ({ id }) => id,
  ({ number }) => number,
  ({ sender }) => sender,
  ({ device }) => device,
  ({ receiver = 0 }) => receiver,
  ({ group = 0 }) => group,
  ({ at }) => at,
  ({ text }) => text,
  ({ mid }) => mid,
  ({ kept = false }) => kept,
  ({ deletes }) => deletes,
  ({ original }) => original,
];

/** A prepared statement that takes an array for each column. */
function execute<Row>(
  name: WriteStatement,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const arrays = columns.map((column) => arrayOf(rows.map(column)));
  return `EXECUTE ${name}(${arrays.join()})`;
}

/** One that takes single values. */
function call(
  name: WriteStatement,
  ...values: (string | number)[]
): string {
  const literals = values.map((value) =>
    typeof value === "number" ? `${value}` : quoted(value)
  );
  return `EXECUTE ${name}(${literals.join()})`;
}

/** An array as a literal of SQL. */
function arrayOf(values: readonly Value[]): string {
  return quoted(arrayText(values));
}

/** An array as the text that the database reads as one. */
export function arrayText(values: readonly Value[]): string {
  return `{${values.map(elementOf).join()}}`;
}

function elementOf(value: Value): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value !== "string") return `${value}`;
  return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** A text as a literal of SQL; the one sign that the database cannot hold goes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''").replaceAll("\0", "\ufffd")}'`;
}

/** Tables of which nothing stays when an account ends, by user. */
const userTables = [
  "profiles",
  "blocks",
  "kept_away",
  "owed",
  "devices",
  "later",
];
