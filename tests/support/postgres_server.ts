/**
 * A PostgreSQL that a test has for itself: made by `initdb` in a folder of its
 * own, run as a user of its own, listening on a socket in that folder. It keeps
 * nothing over a power cut, as nothing in a test needs that, unless it is asked
 * to run as PostgreSQL does by default.
 */
import { exists } from "@std/fs";
import { dirname } from "@std/path";
import {
  type DatabasePlace,
  parseDatabaseUrl,
} from "../../lib/server/store/postgres/database_place.ts";
import type { PostgresRow } from "../../lib/server/store/postgres/postgres_queries.ts";
import { diskLauncher } from "./small_disk.ts";
import { waitUntil } from "./wait_until.ts";
import { PostgresSession } from "../../lib/server/store/postgres/postgres_session.io.ts";

/** How it is run. */
export interface PostgresOptions {
  /** Options of `postgres`, as `-c` takes them. */
  readonly settings?: readonly string[];
  /** As it is by default, also where that takes longer. */
  readonly standard?: boolean;
  /** Texts of files in its folder, by name; nobody else may read them. */
  readonly files?: Readonly<Record<string, string>>;
  /** Listens on this port of this machine, too. */
  readonly port?: number;
  /** The tablespace `small` is on a disk of so many megabytes; needs root. */
  readonly diskMegabytes?: number;
}

/** A server of databases at work. */
export class PostgresServer {
  /** Where its socket and its files are. */
  readonly folder: string;
  readonly #options: PostgresOptions;
  #databases = 0;

  /** Use {@link PostgresServer.start}. */
  constructor(folder: string, options: PostgresOptions) {
    this.folder = folder;
    this.#options = options;
  }

  /** Makes one and starts it; {@link programs} must not be `undefined`. */
  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const folder = await Deno.makeTempDir({ prefix: "parley-postgres-" });
    const { uid } = await account();
    if (uid !== undefined) await Deno.chown(folder, uid, null);
    const server = new PostgresServer(folder, options);
    await makeData(`${folder}/data`);
    for (const [name, text] of Object.entries(options.files ?? {})) {
      const path = `${folder}/data/${name}`;
      await Deno.writeTextFile(path, text, { mode: 0o600 });
      if (uid !== undefined) await Deno.chown(path, uid, null);
    }
    await server.run();
    if (options.diskMegabytes !== undefined) {
      await server.execute(
        "postgres",
        `CREATE TABLESPACE small LOCATION '${folder}/small'`,
      );
    }
    return server;
  }

  /** Starts it again. */
  async run(): Promise<void> {
    const { standard, port, diskMegabytes, settings = [] } = this.#options;
    const quick = standard
      ? []
      : ["fsync=off", "full_page_writes=off", "shared_buffers=16MB"];
    const listens = port === undefined ? "-h ''" : `-h 127.0.0.1 -p ${port}`;
    const all = [...quick, ...settings].map((each) => `-c ${each}`);
    const options = [`-k ${this.folder}`, listens, ...all].join(" ");
    const log = ["-l", `${this.folder}/log`];
    const args = ["-D", `${this.folder}/data`, ...log, "-w", "-o", options];
    const launcher = diskMegabytes === undefined
      ? []
      : diskLauncher(`${this.folder}/small`, diskMegabytes);
    await run("pg_ctl", [...args, "start"], launcher);
  }

  /** Ends it as an administrator does, or without letting anybody finish. */
  async stop(mode: "fast" | "immediate" = "immediate"): Promise<void> {
    await run("pg_ctl", ["-D", `${this.folder}/data`, "-m", mode, "stop"]);
  }

  /** Ends all of its processes in the middle of what they do (`kill -9`). */
  async kill(): Promise<void> {
    const pids = await this.signal("SIGKILL");
    await waitUntil("PostgreSQL is gone", async () => {
      const found = await Promise.all(
        pids.map((pid) => Deno.stat(`/proc/${pid}`).catch(() => 0)),
      );
      return found.every((each) => each === 0);
    });
  }

  /** Sends all of its processes a signal, such as SIGSTOP; says which they are. */
  async signal(signal: Deno.Signal): Promise<readonly number[]> {
    const text = await Deno.readTextFile(`${this.folder}/data/postmaster.pid`);
    const first = Number(text.split("\n", 1)[0]);
    // It starts none from here on that would be missed.
    Deno.kill(first, "SIGSTOP");
    const path = `/proc/${first}/task/${first}/children`;
    const others = (await Deno.readTextFile(path)).trim().split(" ").map(
      Number,
    );
    const pids = [first, ...others];
    for (const pid of pids) {
      try {
        Deno.kill(pid, signal);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return pids;
  }

  /** Makes an empty database, and says what `--database` is to be. */
  async createDatabase(tablespace?: string): Promise<string> {
    const name = `parley${++this.#databases}`;
    await this.execute(
      "postgres",
      `CREATE DATABASE ${name}` +
        (tablespace === undefined ? "" : ` TABLESPACE ${tablespace}`),
    );
    return this.url(name);
  }

  /** How a database is reached. */
  url(name: string): string {
    const { port } = this.#options;
    const at = port === undefined ? "" : `:${port}`;
    return `postgres://parley@${at}/${name}?host=${this.folder}`;
  }

  /** Carries out SQL in a database, as another program might. */
  async execute(name: string, sql: string): Promise<void> {
    const session = await PostgresSession.open(placeOf(this.url(name)));
    await session.run(sql);
    session.close();
  }

  /**
   * Begins to store a message: who wants to store one with the same id waits, in
   * the middle of what they do.
   *
   * @returns Lets them go on, as nothing was stored.
   */
  async holdMessage(name: string, id: number): Promise<() => void> {
    const session = await PostgresSession.open(placeOf(this.url(name)));
    await session.run(
      "BEGIN; INSERT INTO messages (id, number, sender, receiver, grp, at, " +
        `text, mid, kept) VALUES (${id}, 0, 0, 0, 0, 0, '', '', false)`,
    );
    return () => session.close();
  }

  /** True while somebody waits to be let go on. */
  async isWaiting(name: string): Promise<boolean> {
    const rows = await this.rows(
      name,
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() " +
        "AND wait_event_type = 'Lock' AND query LIKE '%fence(%'",
    );
    return rows.length > 0;
  }

  /** Carries out one statement of SQL in a database; the rows that it gives. */
  async rows(name: string, sql: string): Promise<PostgresRow[]> {
    const session = await PostgresSession.open(placeOf(this.url(name)));
    try {
      return await session.query(sql);
    } finally {
      session.close();
    }
  }

  /** Ends the connections to a database, as an administrator does. */
  endConnections(name: string): Promise<void> {
    return this.execute(
      name,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " +
        `WHERE datname = '${name}' AND pid <> pg_backend_pid()`,
    );
  }

  /** Ends it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Reads a URL that is right. */
export function placeOf(url: string): DatabasePlace {
  const place = parseDatabaseUrl(url);
  if (typeof place === "string") throw new Error(`${url}: ${place}`);
  return place;
}

/** Where its programs are; `undefined` where none are. */
export const programs: string | undefined = findPrograms();

/** Why there is no PostgreSQL; absent where one is. */
export const noPostgres: string | undefined = programs === undefined
  ? "no PostgreSQL is installed"
  : undefined;

function findPrograms(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").map((folder) => {
    try {
      // Not all that belong to it need be in there.
      return dirname(Deno.realPathSync(`${folder}/initdb`));
    } catch {
      return undefined;
    }
  });
  return folders.find((folder) => folder !== undefined) ?? newest();
}

/** Debian has them apart, by version. */
function newest(): string | undefined {
  const folder = "/usr/lib/postgresql";
  try {
    const versions = [...Deno.readDirSync(folder)].map(({ name }) => name);
    const last = versions.sort((one, other) => Number(one) - Number(other)).at(
      -1,
    );
    return last === undefined ? undefined : `${folder}/${last}/bin`;
  } catch {
    return undefined;
  }
}

/**
 * Makes the files of an empty server; from a copy where another test of the same
 * run made some, which takes a tenth of the time.
 */
async function makeData(path: string): Promise<void> {
  const together = Deno.env.get("PARLEY_TESTS_FOLDER");
  const copy = together === undefined ? undefined : `${together}/postgres`;
  if (copy !== undefined && await exists(copy)) {
    return await copyFiles(copy, path);
  }
  const makes = ["-D", path, "-U", "parley", "--auth=trust"];
  const plainly = ["--no-locale", "-E", "UTF8", "--no-instructions"];
  await run("initdb", [...makes, ...plainly, "--no-sync"]);
  if (together === undefined || copy === undefined) return;
  const half = await Deno.makeTempDir({ dir: together });
  await copyFiles(path, `${half}/postgres`);
  // Refused where another test was as quick: its copy is as good.
  await Deno.rename(`${half}/postgres`, copy).catch(() => {});
}

async function copyFiles(from: string, to: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("cp", {
    args: ["-a", from, to],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** It does not run as root. */
async function account(): Promise<{ uid?: number; gid?: number }> {
  if (Deno.uid() !== 0) return {};
  const [uid, gid] = await Promise.all(["-u", "-g"].map(async (option) => {
    const { stdout } = await new Deno.Command("id", {
      args: [option, "postgres"],
    }).output();
    return Number(new TextDecoder().decode(stdout));
  }));
  return { ...uid && { uid }, ...gid && { gid } };
}

async function run(
  program: string,
  args: string[],
  launcher: readonly string[] = [],
): Promise<void> {
  const whole = [`${programs}/${program}`, ...args];
  const who = await account();
  const words = launcher.length === 0
    ? whole
    // What mounts the disk is root, and the disk is for who is not.
    : [
      ...launcher,
      ...["sh", "-c", 'chown "$0" "$1" && shift && exec "$@"', `${who.uid}`],
      launcher.find((word) => word.startsWith("/")) ?? "",
      ...["setpriv", `--reuid=${who.uid}`, `--regid=${who.gid}`],
      ...["--clear-groups", ...whole],
    ];
  const [first = "", ...rest] = words;
  const { success, stdout, stderr } = await new Deno.Command(first, {
    args: rest,
    ...launcher.length === 0 ? who : {},
    stdin: "null",
    cwd: "/",
  }).output();
  if (success) return;
  const said = [stdout, stderr].map((each) => new TextDecoder().decode(each));
  throw new Error(`${program} ${args.join(" ")}: ${said.join("")}`);
}
