/**
 * `parley-server check`: looks whether a server could start with these options,
 * one line for each thing that it needs, without changing anything. It may be
 * run beside a server that is at work.
 */
import { DatabaseSync } from "node:sqlite";
import { dirname, join } from "@std/path";
import {
  CredentialsFile,
  userCommandLine,
} from "../accounts/credentials_file.ts";
import { parseServerOptions, type ServerOptions } from "./options.ts";
import { parseCertificate } from "../../security/certificate.ts";
import { withoutMiddle } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import { openText } from "../accounts/credentials.io.ts";
import {
  decodeStrictly,
  isForAll,
  mostEditedBytes,
  readTextFile,
} from "../../system/files.io.ts";
import { readGivenFile } from "../../system/read_file.io.ts";
import { checkNodes } from "./check_nodes.ts";
import { checkMark, type CheckResult } from "../../cli/check_result.ts";
import {
  type Console,
  runCommand,
  systemConsole,
} from "../../cli/console.io.ts";
import { isInUse } from "../store/data_folder.io.ts";
import { refusePipe } from "../logs/server_log.io.ts";
import { homeFolder } from "../../system/home_folder.io.ts";
import {
  messageOf,
  reasonOf,
  StartError,
  textFileReason,
} from "../../system/errors.io.ts";
import { movedTo, whereaboutsOf } from "../store/moved_data.io.ts";
import { isDatabaseUrl } from "../store/postgres/database_place.ts";
import { standardStream } from "../../cli/standard_stream.ts";
import { sqliteError } from "../store/sqlite_schema.io.ts";
import { systemClock } from "../../system/clock.io.ts";
import { givenTlsCertificate } from "../../security/server_certificate.io.ts";

/**
 * Runs the command.
 *
 * @param args What follows `check` on the command line: the server's options.
 * @returns The exit code: 0 when nothing failed, 1 otherwise, 2 for a wrong
 * command line.
 */
export function runCheckCommand(
  args: readonly string[],
  console: Console = systemConsole,
): Promise<number> {
  const request = parseServerOptions(args, homeFolder());
  return runCommand(request, console, async (options) => {
    const isRunning = await isInUse(options.dataDir);
    let hasFailed = false;
    for (const look of looks) {
      for (const found of await look(options, isRunning)) {
        hasFailed ||= found.status === "fail";
        console.print(`${checkMark(found)} ${withoutMiddle(found.message)}`);
      }
    }
    return hasFailed ? 1 : 0;
  });
}

type CheckStep = (
  options: ServerOptions,
  isRunning: boolean,
) => Promise<CheckResult[]> | CheckResult[];

const result = (status: CheckResult["status"]) => (message: string) => ({
  status,
  message,
});
const ok = result("ok");
const warn = result("warn");
const fail = result("fail");

async function credentials(options: ServerOptions) {
  const shared = await sharedAccounts(options);
  if (shared !== undefined) return shared;
  const { credentials: path } = options;
  let file: CredentialsFile;
  try {
    file = new CredentialsFile(
      decodeStrictly(await readGivenFile(path, mostEditedBytes)),
    );
  } catch (error) {
    const advice = error instanceof Deno.errors.NotFound
      ? `; make one with: ${userCommandLine("add NAME", path)}`
      : "";
    const why = textFileReason(error);
    return [fail(`accounts: cannot read "${path}": ${why}${advice}`)];
  }
  const found = file.problems.map(({ message }) =>
    warn(`accounts: "${path}" ${message}`)
  );
  for (const { message } of file.doubts) {
    found.push(warn(`accounts: "${path}" ${message}`));
  }
  const all = [...file.accounts.values()];
  if (all.length === 0) {
    return [
      ...found,
      fail(
        `accounts: "${path}" has none; make one with: ` +
          userCommandLine("add NAME", path),
      ),
    ];
  }
  found.push(...await rewriting(path), ...await openness("accounts", path));
  for (const pair of file.alikes()) found.push(warn(`accounts: ${pair}`));
  const plain = all.filter(({ kind }) => kind === "password").length;
  if (plain > 0) {
    found.push(warn(
      `accounts: ${plain} of ${all.length} have plain ` +
        `passwords; hash them with: ${userCommandLine("hash", path)}`,
    ));
  }
  return [...found, ok(`accounts: ${all.length} in "${path}"`)];
}

/** Of the accounts in a cluster's database; `undefined` where it has none yet. */
async function sharedAccounts(
  { cluster, database }: ServerOptions,
): Promise<CheckResult[] | undefined> {
  if (cluster === undefined || database === undefined) return undefined;
  // Only who has such a database waits for what speaks with it.
  const [{ countAccounts }, { readDatabaseOption }] = await Promise.all([
    import("../store/postgres/postgres_check.io.ts"),
    import("../store/postgres/database_option.io.ts"),
  ]);
  try {
    const count = await countAccounts(await readDatabaseOption(database));
    return count === 0 ? undefined : [ok(`accounts: ${count} in the database`)];
  } catch {
    // What is wrong with the database, its own step tells.
    return undefined;
  }
}

/** Whether `/changepassword`, `/rename` and `user` can change the accounts. */
async function rewriting(path: string): Promise<CheckResult[]> {
  const target = await Deno.realPath(path);
  const folder = dirname(target);
  const advice = `put the file in a folder of its own that the server may ` +
    "write, and mount that folder";
  if (await isWritable(folder)) {
    return await isMountedAlone(target)
      ? [warn(
        `accounts: "${path}" is mounted by itself: changes made outside by a ` +
          `new file are not seen, and here it is overwritten; ${advice}`,
      )]
      : [];
  }
  try {
    // Opening it does not change it.
    (await Deno.open(target, { write: true })).close();
  } catch (error) {
    return [warn(
      `accounts: "${path}" cannot be written (${reasonOf(error)}): ` +
        `/changepassword and /rename will be refused; ${advice}`,
    )];
  }
  return [warn(
    `accounts: no file can be made in "${folder}", so "${path}" is ` +
      `overwritten, and a power cut at that moment damages it; ${advice}`,
  )];
}

/** A hard link does not reach from one mount into another. */
async function isMountedAlone(path: string): Promise<boolean> {
  const unique = crypto.randomUUID().slice(0, 8);
  const other = join(dirname(path), `.parley-${unique}`);
  try {
    await Deno.link(path, other);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EXDEV";
  }
  await Deno.remove(other);
  return false;
}

/** A warning about a file with secrets that is open to everybody. */
async function openness(what: string, path: string): Promise<CheckResult[]> {
  return await isForAll(path) ? [warn(`${what}: ${openText(path)}`)] : [];
}

async function dataFolder({ dataDir }: ServerOptions, isRunning: boolean) {
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(dataDir);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      const why = reasonOf(error);
      return [
        fail(
          `data folder: "${dataDir}": ${why}; choose another with --data-dir`,
        ),
      ];
    }
    const parent = dirname(dataDir);
    return await isWritable(parent)
      ? [ok(`data folder: "${dataDir}" will be made at the first start`)]
      : [fail(
        `data folder: "${dataDir}" is missing and "${parent}" cannot ` +
          "be written; choose another with --data-dir",
      )];
  }
  if (!info.isDirectory) {
    return [fail(`data folder: "${dataDir}" is no folder`)];
  }
  if (!await isWritable(dataDir)) {
    return [
      fail(
        `data folder: "${dataDir}" cannot be written; check its owner ` +
          "and permissions",
      ),
    ];
  }
  const use = isRunning ? "; a server is running in it" : "";
  return [ok(`data folder: "${dataDir}" can be written${use}`)];
}

async function database({ dataDir, database: option }: ServerOptions) {
  const path = join(dataDir, "parley.db");
  if (option !== undefined) return await postgres(option, path);
  if (await Deno.stat(path).catch(() => undefined) === undefined) {
    return [ok("database: will be made at the first start")];
  }
  try {
    using opened = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    const [result] = opened.prepare("PRAGMA quick_check(1)").all();
    const text = String(result?.quick_check);
    if (text !== "ok") {
      return [fail(`database: "${path}" is damaged (${text}); restore a copy`)];
    }
    const moved = movedTo(opened);
    if (moved !== undefined) {
      return [fail(`database: the data of "${path}" were brought to ${moved}`)];
    }
    const count = opened.prepare("SELECT count(*) AS n FROM messages").get()?.n;
    return [ok(`database: "${path}" is intact, ${count} messages`)];
  } catch (error) {
    return [fail(sqliteError(error, path))];
  }
}

async function postgres(option: string, path: string): Promise<CheckResult[]> {
  // Loaded where it is used: it takes longer than all the rest.
  const [{ checkPostgres }, { readDatabaseOption }] = await Promise.all([
    import("../store/postgres/postgres_check.io.ts"),
    import("../store/postgres/database_option.io.ts"),
  ]);
  try {
    const found = isDatabaseUrl(option)
      ? []
      : await openness("database", option);
    if (await whereaboutsOf(path) === "here") {
      found.push(fail(
        `database: the data of this server are in "${path}"; bring them over ` +
          `with: parley-server migrate --from "${
            dirname(path)
          }" --database URL`,
      ));
    }
    return [...found, ...await checkPostgres(await readDatabaseOption(option))];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [fail(`database: ${error.message}`)];
  }
}

async function nats({ cluster }: ServerOptions): Promise<CheckResult[]> {
  const option = cluster?.nats;
  if (option === undefined) return [];
  // As above.
  const [{ checkNats }, { readNatsOption }] = await Promise.all([
    import("../cluster/nats_check.io.ts"),
    import("../cluster/nats_option.io.ts"),
  ]);
  try {
    const isPath = !option.includes("://");
    const found = isPath ? await openness("NATS", option) : [];
    return [...found, ...await checkNats(await readNatsOption(option))];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [fail(`NATS: ${error.message}`)];
  }
}

async function nodes(
  { cluster, database, plain, tls, dataDir }: ServerOptions,
  isRunning: boolean,
): Promise<CheckResult[]> {
  if (cluster === undefined || database === undefined) return [];
  // As above.
  const [{ readClusterState }, { readDatabaseOption }] = await Promise.all([
    import("../store/postgres/cluster_state.io.ts"),
    import("../store/postgres/database_option.io.ts"),
  ]);
  const name = cluster.node ?? Deno.hostname();
  try {
    const state = await readClusterState(await readDatabaseOption(database));
    const text = await (tls === undefined
      ? readTextFile(join(dataDir, certName))
      : readTextFile(tls.cert, readGivenFile));
    const key = plain ? "" : text && parseCertificate(text).fingerprint;
    const node = { name, isRunning, key, folder: dataDir };
    return checkNodes(node, state.nodes);
  } catch {
    // What is wrong with database or certificate, their own steps tell.
    return [];
  }
}

async function certificate({ plain, tls, dataDir }: ServerOptions) {
  if (plain) {
    return [warn("certificate: none, --plain sends everything unencrypted")];
  }
  const { wall } = systemClock();
  try {
    if (tls !== undefined) {
      const { notAfter } = await givenTlsCertificate(tls.cert, tls.key, wall);
      return [
        ...await openness("certificate", tls.key),
        expiry(tls.cert, notAfter, wall),
      ];
    }
    const path = join(dataDir, certName);
    const text = await readTextFile(path);
    if (text === undefined) {
      return [ok("certificate: will be made at the first start")];
    }
    const keyPath = join(dataDir, "tls-key.pem");
    if (await readTextFile(keyPath) === undefined) {
      return [fail(`certificate: the key of "${path}" is missing; restore it`)];
    }
    // The server's own is renewed by itself.
    const until = formatTime(parseCertificate(text).notAfter);
    return [
      ...await openness("certificate", keyPath),
      ok(`certificate: "${path}", valid until ${until}`),
    ];
  } catch (error) {
    return [fail(`certificate: ${messageOf(error)}`)];
  }
}

function expiry(path: string, notAfter: number, now: number): CheckResult {
  const until = formatTime(notAfter);
  return notAfter < now + soonMs
    ? warn(`certificate: "${path}" expires on ${until}; renew it`)
    : ok(`certificate: "${path}" and its key match, valid until ${until}`);
}

function ports(options: ServerOptions, isRunning: boolean): CheckResult[] {
  const { host, port, metrics } = options;
  const found = [
    bound(host, port, "TCP", isRunning),
    bound(host, port, "UDP", isRunning),
  ];
  if (metrics !== undefined) {
    found.push(bound(metrics.host, metrics.port, "TCP", isRunning));
  }
  return found;
}

function bound(
  hostname: string,
  port: number,
  transport: "TCP" | "UDP",
  isRunning: boolean,
): CheckResult {
  try {
    if (transport === "TCP") Deno.listen({ hostname, port }).close();
    else Deno.listenDatagram({ hostname, port, transport: "udp" }).close();
    return ok(`port: ${transport} ${hostname}:${port} is free`);
  } catch (error) {
    const why = `port: ${transport} ${hostname}:${port}: ${reasonOf(error)}`;
    return isRunning && error instanceof Deno.errors.AddrInUse
      ? ok(`port: ${transport} ${hostname}:${port} is the running server's`)
      : fail(`${why}; choose another`);
  }
}

async function log({ log: { file } }: ServerOptions) {
  if (file === undefined) return [ok("log: standard output")];
  const stream = standardStream(file);
  if (stream === "stdout") return [ok("log: standard output")];
  if (stream === "stderr") return [ok("log: standard error")];
  const isThere = await Deno.stat(file).catch(() => undefined) !== undefined;
  try {
    refusePipe(file);
    // A file that is there is opened, one that is not is not made.
    if (isThere) (await Deno.open(file, { append: true })).close();
    else if (!await isWritable(dirname(file))) {
      throw new Error(`"${dirname(file)}" cannot be written`);
    }
    return [ok(`log: "${file}" can be written`)];
  } catch (error) {
    return [fail(`log: "${file}": ${reasonOf(error)}`)];
  }
}

const looks: readonly CheckStep[] = [
  credentials,
  dataFolder,
  database,
  nats,
  nodes,
  certificate,
  ports,
  log,
];

/** Permission bits do not tell of read-only disks; a file that is made does. */
async function isWritable(folder: string): Promise<boolean> {
  try {
    await Deno.remove(
      await Deno.makeTempFile({ dir: folder, prefix: ".parley-" }),
    );
    return true;
  } catch {
    return false;
  }
}

/** In the data folder. */
const certName = "tls-cert.pem";
/** A certificate with less time left is warned about, ms. */
const soonMs = 30 * 86_400_000;
