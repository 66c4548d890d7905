/** What follows `parley-server status` on the command line. */
import {
  lastValue,
  type OptionRow,
  parseCommandLine,
  type StartRequest,
  startRequest,
  UsageError,
} from "../../cli/command_line.ts";
import {
  notPrinted,
  type ProgramPage,
  renderHelp,
} from "../../cli/program_page.ts";
import type { HeardCore } from "../cluster/cluster_fields.ts";
import { natsOptionRow, parseNatsOption } from "../cluster/nats_option.ts";
import { type ClusterState, goneSeconds } from "../store/lease.ts";
import {
  databaseCommandRow,
  parseDatabaseOption,
} from "../store/postgres/database_option.ts";

/** Whose state is to be shown. */
export interface StatusCommand {
  /** URL of a database, or path of a file with that. */
  readonly database: string;
  /** Where the nodes meet, or path of a file with that. */
  readonly nats?: string;
}

/**
 * Reads the arguments.
 *
 * @param home The home folder, for paths that begin with `~/`.
 */
export function parseStatusCommand(
  args: readonly string[],
  home?: string,
): StartRequest<StatusCommand> {
  return startRequest(() => {
    const line = parseCommandLine(args, statusOptionRows, []);
    if (line.options.has("--help")) {
      return { kind: "help", text: renderHelp(statusPage) };
    }
    const database = lastValue(line, databaseCommandRow.name);
    if (database === undefined) {
      throw new UsageError("status needs --database URL");
    }
    const nats = lastValue(line, natsCommandRow.name);
    const options = {
      database: parseDatabaseOption(database, home),
      ...nats !== undefined && { nats: parseNatsOption(nats, home) },
    };
    return { kind: "run", options };
  });
}

/** What is shown of a cluster. */
type ShownState = Pick<ClusterState, "core" | "term"> & {
  readonly nodes: readonly Omit<ClusterState["nodes"][number], "key">[];
};

/** The lines to print: the core first, then the nodes by name. */
export function statusLines(
  { core, term, nodes }: ShownState,
): string[] {
  const lines = [
    core === ""
      ? `no node is the core; the last term was ${term}`
      : `node "${core}" is the core, term ${term}`,
  ];
  const width = Math.max(...nodes.map(({ name }) => name.length), 0);
  for (const { name, version, age } of nodes) {
    const role = age > goneSeconds
      ? "silent"
      : name === core
      ? "core"
      : "standby";
    lines.push(
      `${name.padEnd(width)}  ${role.padEnd(7)}  ${version}  ` +
        `seen ${age.toFixed(1)} s ago`,
    );
  }
  return lines;
}

/** The line of what is heard over NATS. */
export function natsLine({ lead, fault }: HeardCore, core: string): string {
  if (fault !== undefined) return `NATS: ${fault}`;
  if (lead === undefined) {
    return core === ""
      ? "NATS: no core is heard"
      : `NATS: node "${core}" is not heard; are all nodes started with this --nats?`;
  }
  const { node, nodes } = lead;
  const names = nodes.map((each) => `"${each}"`).join(", ");
  return `NATS: node "${node}" is heard, with clients of ` +
    (names === "" ? "no node" : names);
}

const natsCommandRow: OptionRow = {
  ...natsOptionRow,
  help: "show what is heard over NATS, too",
};

const statusOptionRows: readonly OptionRow[] = [
  databaseCommandRow,
  natsCommandRow,
  { name: "--help", help: "show this" },
];

const statusPage: ProgramPage = {
  name: "parley-server status",
  title: "the nodes of a cluster",
  description: [
    "Shows which nodes use a database, and which of them serves in which term; " +
    "the term rises by one with each node that takes over.",
  ],
  usage: [{ arguments: "--database URL [--nats URL]", help: "show the nodes" }],
  options: statusOptionRows,
  environment: [{ name: "PGPASSWORD", help: "the password for --database" }],
  files: [{
    name: "database.txt",
    help: "where the URL of the database may be",
  }],
  exitCodes: [
    { code: 0, help: "a node serves" },
    {
      code: 1,
      help:
        "none does, it is not heard over NATS, or the database cannot be asked",
    },
    { code: 2, help: "wrong usage" },
    notPrinted,
  ],
  examples: [{
    command: "parley-server status --database database.txt",
    help: "of the database that database.txt names",
  }],
};
