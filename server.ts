/** The server's entry point: `server [PORT] [ATTEMPTS] [options]`. */
import {
  loginText,
  type LogOptions,
  parseServerOptions,
  serverOptionRows,
  type ServerOptions,
} from "./lib/server/admin/options.ts";
import { serverPage } from "./lib/server/admin/page.ts";
import type { Accounts } from "./lib/server/accounts/credentials_file.ts";
import { parseCompletionsCommand } from "./lib/cli/completions.ts";
import type { ServerLogLevel } from "./lib/server/model/actions.ts";
import { serverLogLine } from "./lib/server/logs/server_log.ts";
import { buildInfo } from "./lib/system/program_file.io.ts";
import {
  type Report,
  RotatingLog,
  serverReport,
} from "./lib/server/logs/server_log.io.ts";
import { standardStream } from "./lib/cli/standard_stream.ts";
import {
  codeAfterPrinting,
  standardError as stderr,
  standardOutput as stdout,
} from "./lib/system/console_output.io.ts";
import { homeFolder } from "./lib/system/home_folder.io.ts";
import { shutdownSignal } from "./lib/server/admin/shutdown.io.ts";
import type { startNode } from "./lib/server/start_node.io.ts";
import { messageOf, StartError } from "./lib/system/errors.io.ts";
import { visibleLines, withoutMiddle } from "./lib/base/text.ts";
import { gatherRandomness } from "./lib/security/early_randomness.io.ts";
import { bracketed, isLoopback } from "./lib/base/ip_address.ts";
import { localAddresses } from "./lib/system/addresses.io.ts";
import { delay } from "./lib/system/clock.io.ts";

/** Runs the server or a `user` command; the exit code. */
async function main([first, ...rest]: readonly string[]): Promise<number> {
  // What needs it loads what works with accounts, files and connections: that
  // takes longer than to print a page of help.
  if (first === "user") {
    const { runUserCommand } = await import(
      "./lib/server/accounts/user_command.io.ts"
    );
    return codeAfterPrinting(await runUserCommand(rest));
  }
  if (first === "check") {
    const { runCheckCommand } = await import(
      "./lib/server/admin/check_command.io.ts"
    );
    return codeAfterPrinting(await runCheckCommand(rest));
  }
  if (first === "status") {
    const { runStatusCommand } = await import(
      "./lib/server/admin/status_command.io.ts"
    );
    return codeAfterPrinting(await runStatusCommand(rest));
  }
  if (first === "migrate") {
    const { runMigrateCommand } = await import(
      "./lib/server/admin/migrate_command.io.ts"
    );
    return codeAfterPrinting(await runMigrateCommand(rest));
  }
  const page = serverPage(serverOptionRows);
  const printed = parseCompletionsCommand(Deno.args, page);
  const request = printed ?? parseServerOptions(Deno.args, homeFolder());
  switch (request.kind) {
    case "help":
      stdout.write(request.text + "\n");
      return codeAfterPrinting(0);
    case "version":
      stdout.write(`${request.text}, ${buildInfo()}\n`);
      return codeAfterPrinting(0);
    case "print":
      stdout.write(request.text);
      return codeAfterPrinting(0);
    case "error":
      stderr.write(request.message + "\n");
      return 2;
    case "run":
      await serve(request.options);
      return 0;
  }
}

async function serve(options: ServerOptions): Promise<void> {
  const isNode = options.cluster !== undefined;
  if (!options.plain) gatherRandomness();
  const firstAccount = isNode
    ? undefined
    : await (await loneServer()).ensureFirstAccount(options.credentials);
  // A pipe that nobody reads keeps it waiting, also for signals.
  const log = openLog(options.log);
  let reload = () => {};
  const shutdown = shutdownSignal(() => reload());
  const counts = new Map<ServerLogLevel, number>();
  const isToStderr = standardStream(options.log.file ?? "") === "stderr";
  const report = serverReport(log ?? (isToStderr ? stderr : stdout), {
    level: options.log.level,
    counts,
  });
  const run = isNode ? runNode : runAlone;
  const starting = run(options, report, counts);
  const started = await Promise.race([
    starting,
    shutdown.then(() => delay(startMs)),
  ]);
  if (!started) return report("info", "ended before it was ready");
  const { server, credentials, reloadAccounts } = started;
  reload = () => {
    log?.reopen();
    report("info", "SIGHUP: reading accounts and certificate anew");
    reloadAccounts();
    server.reloadCertificate();
  };
  const { host, plain } = options;
  if (plain && !isLoopback(host)) {
    report(
      "warning",
      `--plain at ${host}: everything but passwords can be read on the way`,
    );
  }
  const key = server.fingerprint;
  const place = `${bracketed(host)}:${server.port}`;
  stdout.write(
    (key === undefined ? "" : `The server's key is ${key}\n`) +
      ("node" in server
        ? `Node "${server.node}" is ready to serve on ${place}\n`
        : `Parley server is listening on ${place}\n`),
  );
  if (firstAccount !== undefined) {
    const [elsewhere] = localAddresses(2).filter((ip) => !isLoopback(ip));
    stdout.write(loginText(options, server.port, firstAccount, elsewhere));
  }
  if (server.metricsPort !== undefined) {
    const { metricsPort } = server;
    stdout.write(
      `Metrics are at http://${options.metrics?.host}:${metricsPort}/metrics\n`,
    );
  }
  if (!isNode) {
    log?.write(serverLogLine(Date.now(), "info", `listening on ${place}`));
  }
  await credentials?.reportOpenness();
  const failure = await Promise.race([shutdown, server.failed]);
  if (failure !== undefined) report("error", failure);
  report("info", "shutting down");
  // A disk that hangs must not keep the process.
  setTimeout(() => Deno.exit(1), stopMs);
  credentials?.close();
  await server.stop();
  log?.close();
  if (failure !== undefined) throw new StartError(failure);
}

/** A server with its accounts in a file. */
async function runAlone(
  options: ServerOptions,
  report: Report,
  counts: ReadonlyMap<ServerLogLevel, number>,
) {
  const { CredentialsSource, startServer } = await loneServer();
  const credentials = new CredentialsSource(options.credentials, { report });
  const server = await startServer(
    options,
    await credentials.load(),
    credentials,
    report,
    counts,
  );
  const changed = (accounts: Accounts) => server.handleAccounts(accounts);
  credentials.watch(changed);
  const reloadAccounts = () =>
    credentials.reload(changed).catch((error) => {
      report("error", messageOf(error));
    });
  return { server, credentials, reloadAccounts };
}

/** A node of a cluster, which has them in its database. */
async function runNode(...parts: Parameters<typeof startNode>) {
  const { startNode } = await import("./lib/server/start_node.io.ts");
  const server = await startNode(...parts);
  const reloadAccounts = () => server.reloadAccounts();
  return { server, credentials: undefined, reloadAccounts };
}

const loneServer = () => import("./lib/server/lone_server.io.ts");

/** The log's file; none where it goes to a stream of the program's. */
function openLog(options: LogOptions): RotatingLog | undefined {
  const { file } = options;
  if (file === undefined || standardStream(file) !== undefined) {
    return undefined;
  }
  return new RotatingLog(file, { ...options, now: Date.now });
}

/** Ends the program with what nobody caught, in one line. */
function fail(error: unknown): never {
  const text = visibleLines(
    withoutMiddle(messageOf(error)),
  );
  const known = error instanceof StartError;
  stderr.write(known ? `${text}\n` : `Parley server failed: ${text}\n`);
  Deno.exit(1);
}

/** What a start that is under way may still take when the server is to end. */
const startMs = 1000;
const stopMs = 1900;

globalThis.addEventListener("error", (event) => fail(event.error));
globalThis.addEventListener("unhandledrejection", (event) => {
  fail(event.reason);
});
try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  fail(error);
}
