/** The client's entry point: `client [SERVER_HOST] [SERVER_PORT] [UDP_PORT] [options]`. */
import {
  type ClientOptions,
  parseClientOptions,
} from "./lib/client/client_options.ts";
import { forgetServer } from "./lib/io/forget_server.ts";
import { runClient } from "./lib/io/client_shell.ts";
import { ConsoleOutput } from "./lib/io/console_output.ts";
import { StartError } from "./lib/io/start_error.ts";
import { visibleLines } from "./lib/protocol/text.ts";

const stdout = new ConsoleOutput(Deno.stdout);
const stderr = new ConsoleOutput(Deno.stderr);

/** Runs the client; the exit code. */
async function main(): Promise<number> {
  const request = parseClientOptions(Deno.args, (name) => Deno.env.get(name));
  switch (request.kind) {
    case "help":
    case "version":
      stdout.write(`${request.text}\n`);
      return 0;
    case "error":
      stderr.write(`${request.message}\n`);
      return 2;
    case "run":
      if (request.options.forget !== undefined) {
        stdout.write(`${await forgetServer(request.options.forget)}\n`);
        return 0;
      }
      return await runClient(request.options, password(request.options));
  }
}

function password(options: ClientOptions): string | undefined {
  const { passwordFile } = options;
  if (passwordFile === undefined) return options.password;
  try {
    return Deno.readTextFileSync(passwordFile).split(/\r?\n/, 1)[0] ?? "";
  } catch {
    throw new StartError(
      `cannot read --password-file "${passwordFile}"; its first line must be the password`,
    );
  }
}

/** Ends the program with what nobody caught, in one line. */
function fail(error: unknown): never {
  const text = visibleLines(
    error instanceof Error ? error.message : String(error),
  );
  const known = error instanceof StartError;
  stderr.write(known ? `${text}\n` : `Parley failed: ${text}\n`);
  Deno.exit(1);
}

globalThis.addEventListener("error", (event) => fail(event.error));
globalThis.addEventListener("unhandledrejection", (event) => {
  fail(event.reason);
});
try {
  Deno.exit(await main());
} catch (error) {
  fail(error);
}
