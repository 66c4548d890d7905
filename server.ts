/** The server's entry point: `server [PORT] [ATTEMPTS] [options]`. */
import {
  parseServerOptions,
  type ServerOptions,
} from "./lib/server/server_options.ts";
import { CredentialsFile } from "./lib/server/credentials_file.ts";
import { ConsoleOutput } from "./lib/io/console_output.ts";
import { serverReport } from "./lib/io/report.ts";
import { shutdownSignal } from "./lib/io/shutdown_signal.ts";
import { StartError } from "./lib/io/start_error.ts";
import { startServer } from "./lib/io/start_server.ts";

const stdout = new ConsoleOutput(Deno.stdout);
const stderr = new ConsoleOutput(Deno.stderr);

async function main(args: readonly string[]): Promise<number> {
  const request = parseServerOptions(args);
  switch (request.kind) {
    case "help":
    case "version":
      stdout.write(request.text + "\n");
      return 0;
    case "error":
      stderr.write(request.message + "\n");
      return 2;
    case "run":
      await serve(request.options);
      return 0;
  }
}

async function serve(options: ServerOptions): Promise<void> {
  const shutdown = shutdownSignal();
  const report = serverReport(stdout);
  const { accounts } = new CredentialsFile(
    Deno.readTextFileSync(options.credentials),
  );
  const server = await startServer(options, accounts, report);
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  stdout.write(`Parley server is listening on ${host}:${server.port}\n`);
  await shutdown;
  // A disk that hangs must not keep the process.
  setTimeout(() => Deno.exit(1), stopMs);
  await server.stop();
}

/** What nobody caught, in one line. */
function fail(error: unknown): never {
  const known = error instanceof StartError;
  const text = error instanceof Error ? error.message : String(error);
  stderr.write((known ? text : `Parley server failed: ${text}`) + "\n");
  Deno.exit(1);
}

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
