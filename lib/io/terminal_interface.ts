/** The client on a terminal: input line, status lines, colours. */
import type { ChatTarget } from "../commands/chat_target.ts";
import type { ClientEvent } from "../client/client_event.ts";
import type { KnownNames } from "../client/known_names.ts";
import { colourPalette, plainPalette } from "../client/palette.ts";
import type { NewPassword } from "../client/password_change.ts";
import { promptText } from "../client/prompt_text.ts";
import { renderText } from "../client/render_text.ts";
import { transferStatus } from "../client/render_transfer.ts";
import { filesLike } from "./files_like.ts";
import { Output } from "./output.ts";
import { Terminal } from "./terminal.ts";
import type {
  Credentials,
  UserHandler,
  UserInterface,
} from "./user_interface.ts";

/** Talks to a person. */
export class TerminalInterface implements UserInterface {
  readonly #output: Output;
  readonly #terminal: Terminal;
  readonly #palette;
  #user = "";
  #isApart = false;
  #chat: ChatTarget | undefined;
  #isStarted = false;

  constructor(
    handler: UserHandler,
    names: () => KnownNames,
    useColour: boolean,
  ) {
    this.#palette = useColour ? colourPalette : plainPalette;
    this.#output = new Output(() => handler.interrupt());
    const source = {
      users: () => names().users(),
      groups: () => names().groups(),
      files: filesLike,
    };
    this.#terminal = new Terminal(this.#output, source, {
      line: (text) => {
        if (this.#isStarted) handler.line(text);
      },
      interrupt: () => handler.interrupt(),
      endOfInput: () => handler.interrupt(),
    });
    this.#terminal.setStatus(() =>
      handler.transfers().filter(({ state }) => state === "running")
        .slice(0, mostStatusLines)
        .map((info) => transferStatus(info, this.#terminal.width - 1))
    );
    this.#terminal.open();
  }

  show(event: ClientEvent): void {
    if (event.event === "welcome") this.#user = event.user;
    if (event.event === "welcome" || event.event === "disconnected") {
      this.#isApart = event.event === "disconnected";
      this.#setPrompt();
    }
    if (event.event === "result" && event.outcome.ok) {
      if (event.outcome.command === "rename") {
        this.#user = event.outcome.answer.to;
        this.#setPrompt();
      }
    }
    if (event.event === "chat") {
      const { kind, name = "" } = event;
      this.#chat = kind === "none" ? undefined : { kind, name };
      this.#setPrompt();
    }
    if (event.event === "progress") this.#terminal.update();
    else this.#terminal.print(renderText(event, this.#palette));
  }

  async ask(user: string | undefined): Promise<Credentials | undefined> {
    const name = user ?? await this.#terminal.ask("Username: ", false);
    if (name === undefined) return undefined;
    const question = user === undefined
      ? "Password: "
      : `Password of ${user}: `;
    const password = await this.#terminal.ask(question, true);
    return password === undefined ? undefined : { user: name.trim(), password };
  }

  async askNewPassword(): Promise<NewPassword | undefined> {
    const old = await this.#terminal.ask("Old password: ", true);
    if (old === undefined) return undefined;
    const password = await this.#terminal.ask("New password: ", true);
    if (password === undefined) return undefined;
    const again = await this.#terminal.ask("The same again: ", true);
    return again === undefined ? undefined : { old, password, again };
  }

  start(): void {
    this.#isStarted = true;
  }

  async close(): Promise<void> {
    this.#terminal.close();
    await this.#output.flush();
  }

  #setPrompt(): void {
    const prompt = promptText(this.#user, this.#chat, this.#isApart);
    this.#terminal.setPrompt(prompt);
  }
}

const mostStatusLines = 6;
