/** The client's entry point: `client [SERVER_HOST] [SERVER_PORT] [UDP_PORT] [options]`. */
import {
  type ClientRequest,
  parseClientCommand,
} from "./lib/client/settings/client_command.ts";
import type { ClientOptions } from "./lib/client/settings/options.ts";
import { buildInfo, isFirstStart } from "./lib/system/program_file.io.ts";
import {
  initClientConfig,
  readClientConfig,
} from "./lib/client/settings/config.io.ts";
import { gatherRandomness } from "./lib/security/early_randomness.io.ts";
import { exitCode } from "./lib/client/events/exit_code.ts";
import {
  codeAfterPrinting,
  standardError as stderr,
  standardOutput as stdout,
} from "./lib/system/console_output.io.ts";
import {
  endOnUncaughtErrors,
  endWithError,
} from "./lib/system/end_on_error.io.ts";

/** Runs the client; the exit code. */
async function main(): Promise<number> {
  const env = (name: string) => Deno.env.get(name);
  loadEarly(parseClientCommand(Deno.args, env));
  const config = await readClientConfig(env);
  const request = parseClientCommand(Deno.args, env, config);
  switch (request.kind) {
    case "help":
      stdout.write(`${request.text}\n`);
      return 0;
    case "version":
      stdout.write(`${request.text}, ${buildInfo()}\n`);
      return 0;
    case "print":
      stdout.write(request.text);
      return 0;
    case "error":
      stderr.write(`${request.message}\n`);
      return 2;
    case "config-init":
      stdout.write(`${await initClientConfig(env)}\n`);
      return 0;
    case "doctor": {
      const { runDoctor } = await import("./lib/client/doctor/doctor.io.ts");
      return await runDoctor(request.options, stdout);
    }
    case "gui": {
      const { runGui } = await loadGui();
      return await runGui(request.options);
    }
    case "run":
      return await run(request.options);
  }
}

// What connects is loaded here: most of the time that a page of help would take
// otherwise goes into it.
async function run(options: ClientOptions): Promise<number> {
  const { forget, hostHint, host } = options;
  if (forget !== undefined) {
    const { forgetServer } = await import(
      "./lib/client/trust/server_pins.io.ts"
    );
    stdout.write(`${await forgetServer(forget)}\n`);
    return 0;
  }
  if (hostHint !== undefined) {
    const { isHostName } = await import("./lib/system/addresses.io.ts");
    if (!await isHostName(host)) {
      stderr.write(`${hostHint}\n`);
      return exitCode("unreachable");
    }
  }
  const { password, passwordFile } = options;
  const { givenPassword } = await import("./lib/cli/password_file.io.ts");
  const given = await givenPassword(passwordFile, password);
  const { runClient } = await loadClient();
  return await runClient(options, given);
}

/**
 * Begins to load what the words ask for, whatever the configuration says, before
 * that is read.
 */
function loadEarly(request: ClientRequest): void {
  const begin = ({ plain }: ClientOptions, load: () => Promise<unknown>) => {
    if (!plain) gatherRandomness();
    // What cannot be loaded is told where it is needed.
    load().catch(() => {});
  };
  if (request.kind === "gui") begin(request.options.client, loadGui);
  if (request.kind === "run" && request.options.forget === undefined) {
    begin(request.options, loadClient);
  }
}

const loadClient = () =>
  Deno.stdin.isTerminal()
    ? import("./lib/client/terminal_client.io.ts")
    : import("./lib/client/client_app.io.ts");
const loadGui = () => import("./lib/client/gui.io.ts");

endOnUncaughtErrors();
if (isFirstStart()) {
  // What cannot be loaded is told where it is needed.
  await import("./lib/client/whole_client.io.ts").catch(() => {});
}
try {
  Deno.exit(codeAfterPrinting(await main()));
} catch (error) {
  endWithError(error);
}
