/** The client's entry point: `client [SERVER_HOST] [SERVER_PORT] [UDP_PORT] [options]`. */
import { parseClientCommand } from "./lib/client/client_command.ts";
import type { ClientOptions } from "./lib/client/client_options.ts";
import { buildInfo } from "./lib/io/build_info.ts";
import { initClientConfig, readClientConfig } from "./lib/io/client_config.ts";
import { exitCode } from "./lib/client/exit_code.ts";
import { forgetServer } from "./lib/io/forget_server.ts";
import { runClient } from "./lib/io/client_shell.ts";
import {
  codeAfterPrinting,
  standardError as stderr,
  standardOutput as stdout,
} from "./lib/io/console_output.ts";
import { endOnUncaughtErrors, endWithError } from "./lib/io/end_on_error.ts";
import { isHostName } from "./lib/io/is_host_name.ts";
import { readPasswordFile } from "./lib/io/password_file.ts";

/** Runs the client; the exit code. */
async function main(): Promise<number> {
  const env = (name: string) => Deno.env.get(name);
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
      const { runDoctor } = await import("./lib/io/doctor.ts");
      return await runDoctor(request.options, stdout);
    }
    case "run":
      return await run(request.options);
  }
}

async function run(options: ClientOptions): Promise<number> {
  const { forget, hostHint, host } = options;
  if (forget !== undefined) {
    stdout.write(`${await forgetServer(forget)}\n`);
    return 0;
  }
  if (hostHint !== undefined && !await isHostName(host)) {
    stderr.write(`${hostHint}\n`);
    return exitCode("unreachable");
  }
  return await runClient(options, await password(options));
}

async function password(options: ClientOptions): Promise<string | undefined> {
  const { passwordFile } = options;
  return passwordFile === undefined
    ? options.password
    : await readPasswordFile(passwordFile);
}

endOnUncaughtErrors();
try {
  Deno.exit(codeAfterPrinting(await main()));
} catch (error) {
  endWithError(error);
}
