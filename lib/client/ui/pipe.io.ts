/** The client in a script: lines in, lines of text or JSON out. */
import type { ClientEvent } from "../events/client_event.ts";
import { isCeremony, isFailure } from "../events/event_kind.ts";
import { plainPalette } from "../../cli/palette.ts";
import { ProgressSteps } from "./progress_steps.ts";
import { renderJson } from "../text/json.ts";
import { renderText } from "../text/render_text.ts";
import { Output, standardError } from "../../system/console_output.io.ts";
import { LineInput } from "../../system/stdin.io.ts";
import { PasswordPrompt } from "../../cli/password_prompt.io.ts";
import type {
  Credentials,
  UserHandler,
  UserInterface,
} from "./user_interface.ts";
import type { NewPassword, ProvePassword } from "../../cli/new_password.ts";

/** How a {@link PipeInterface} reads and writes. */
export interface PipeOptions {
  readonly json: boolean;
  /** False when the commands come from elsewhere. */
  readonly readsCommands: boolean;
  /** Leave out what is ceremony; of text only. */
  readonly quiet: boolean;
  /** Standard output is for something else: all goes to standard error. */
  readonly leavesOutput: boolean;
}

/** Talks to a program, or to a person without a full terminal. */
export class PipeInterface implements UserInterface {
  readonly #handler: UserHandler;
  readonly #options: PipeOptions;
  readonly #output: Output;
  readonly #steps = new ProgressSteps();
  #input: LineInput | undefined;
  /** A question that takes its answer from the input. */
  #asking: Promise<unknown> | undefined;
  #isClosed = false;

  constructor(handler: UserHandler, options: PipeOptions) {
    this.#handler = handler;
    this.#options = options;
    this.#output = new Output((fault) => handler.outputLost(fault));
  }

  show(event: ClientEvent): void {
    if (event.event === "progress" && !this.#steps.passes(event.info)) return;
    if (this.#options.json) return this.#write(renderJson(event));
    if (this.#options.quiet && isCeremony(event)) return;
    for (const line of renderText(event, plainPalette)) {
      this.#write(line, isForErrors(event));
    }
  }

  note(): void {
    // A script reads what is printed.
  }

  whenShown(done: () => void): void {
    this.#output.whenDue(done);
  }

  async ask(user: string | undefined): Promise<Credentials | undefined> {
    if (PasswordPrompt.isPossible && this.#input === undefined) {
      await this.#output.flush();
      const prompt = new PasswordPrompt();
      const name = user ?? await prompt.askLine("Username: ");
      if (name === undefined) return undefined;
      const password = await prompt.askSecret("Password: ");
      return password === undefined ? undefined : { user: name, password };
    }
    // The lines of the input are commands: none is taken for a password.
    const what = user === undefined ? "user name and password" : "the password";
    const name = user === undefined ? "--user, and " : "";
    standardError.write(
      `${what} cannot be asked here; give ${name}PARLEY_PASSWORD or --password-file\n`,
    );
    return undefined;
  }

  confirm(): Promise<boolean> {
    // Nobody is there to be asked: --take-over says it beforehand.
    return Promise.resolve(false);
  }

  askNewPassword(prove: ProvePassword): Promise<NewPassword | undefined> {
    return this.#asking = this.#askNewPassword(prove);
  }

  start(): void {
    if (this.#options.readsCommands) this.#read(this.#lines());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#input?.cancel();
    await this.#output.flush();
  }

  async #askNewPassword(
    prove: ProvePassword,
  ): Promise<NewPassword | undefined> {
    if (PasswordPrompt.isPossible && this.#input === undefined) {
      await this.#output.flush();
      return await new PasswordPrompt().askNewPassword(prove);
    }
    const input = this.#lines();
    const old = await input.read();
    // Read in any case: it must not be taken for a command.
    const password = await input.read();
    if (old === undefined || password === undefined) return undefined;
    if (!await prove(old)) return undefined;
    // What nobody types needs no repetition.
    return { old, password, again: password };
  }

  #write(line: string, isForErrors = false): void {
    const isError = isForErrors || this.#options.leavesOutput;
    const output = isError ? standardError : this.#output;
    output.write(`${line}\n`);
  }

  #lines(): LineInput {
    return this.#input ??= new LineInput();
  }

  async #read(input: LineInput): Promise<void> {
    for (;;) {
      const line = await input.read();
      if (this.#isClosed) return;
      if (line === undefined) return this.#handler.endOfInput(input.fault);
      if (line.trim() === "") continue;
      await this.#handler.submit(line).begun;
      // The lines after a question are its answers.
      await this.#asking;
    }
  }
}

/** Standard output is for what a script wants to read. */
function isForErrors(event: ClientEvent): boolean {
  return isFailure(event) || event.event === "first-contact" ||
    event.event === "peer-key" || event.event === "device-login";
}
