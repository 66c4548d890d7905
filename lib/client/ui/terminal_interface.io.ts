/** The client on a terminal: input line, rows around it, colours. */
import type { ChatTarget } from "../commands/command.ts";
import type { ClientEvent } from "../events/client_event.ts";
import { isCeremony } from "../events/event_kind.ts";
import type { KnownNames } from "../events/known_names.ts";
import { labelOf, MessageFeed, UnreadCounts } from "../text/message_feed.ts";
import {
  colourPalette,
  type Palette,
  plainPalette,
} from "../../cli/palette.ts";
import { promptText, statusBar } from "./terminal/status_rows.ts";
import { transferRows } from "../text/offers.ts";
import { messageLines } from "../../cli/message_lines.ts";
import { visible } from "../../base/text.ts";
import { HistoryFile } from "./terminal/history.io.ts";
import { readNotify, writeNotify } from "./notify.io.ts";
import { Output } from "../../system/console_output.io.ts";
import type { TerminalSize } from "./terminal/terminal_view.ts";
import {
  newPasswordProblem,
  newPasswordQuestion,
} from "../../security/verifier.ts";
import { Terminal } from "./terminal/terminal.io.ts";
import type {
  Credentials,
  UserHandler,
  UserInterface,
} from "./user_interface.ts";
import { homePath } from "../../base/home_path.ts";
import { homeFolder } from "../../system/home_folder.io.ts";
import type { NewPassword, ProvePassword } from "../../cli/new_password.ts";

/** How a {@link TerminalInterface} looks and behaves. */
export interface DisplayOptions {
  /** `HOST:PORT`. */
  readonly server: string;
  readonly color: boolean;
  /** Show the time of each line. */
  readonly timestamps: boolean;
  /** Ring the bell, unless `/notify off` was said last. */
  readonly notify: boolean;
  /** Leave out welcome, goodbye, and who comes and goes. */
  readonly quiet: boolean;
}

/** Talks to a person. */
export class TerminalInterface implements UserInterface {
  readonly #handler: UserHandler;
  readonly #output: Output;
  readonly #terminal: Terminal;
  readonly #palette: Palette;
  readonly #feed: MessageFeed;
  readonly #history: HistoryFile;
  readonly #unread = new UnreadCounts();
  readonly #server: string;
  readonly #quiet: boolean;
  #notify: boolean;
  #user = "";
  #isApart = false;
  #chat: ChatTarget | undefined;
  #isStarted = false;

  constructor(
    handler: UserHandler,
    names: () => KnownNames,
    options: DisplayOptions,
  ) {
    const { server, color, timestamps, notify } = options;
    this.#quiet = options.quiet;
    this.#handler = handler;
    this.#server = server;
    const palette = this.#palette = color ? colourPalette : plainPalette;
    this.#feed = new MessageFeed({ palette, timestamps });
    this.#history = new HistoryFile(server, env);
    this.#notify = notify && readNotify(env);
    this.#output = new Output(() => handler.interrupt());
    const source = {
      users: () => names().users(),
      groups: () => names().groups(),
      blocked: () => names().blocked(),
      files: filesLike,
    };
    this.#terminal = new Terminal(this.#output, source, {
      line: (text, prompt) => this.#line(text, prompt),
      message: (text, prompt) => this.#message(text, prompt),
      leave: (key) => handler.leave(key),
      gone: () => handler.interrupt(),
      rows: (size) => this.#rows(size),
    });
    this.#terminal.loadHistory(this.#history.read());
    this.#terminal.open();
  }

  show(event: ClientEvent): void {
    this.#unread.handleEvent(event);
    this.#note(event);
    if (event.event === "progress") return this.#terminal.update();
    if (this.#quiet && isCeremony(event)) return;
    this.#terminal.print(this.#feed.lines(event, Date.now()));
    if (this.#notify && this.#feed.rings(event)) this.#terminal.ring();
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

  async askNewPassword(
    prove: ProvePassword,
  ): Promise<NewPassword | undefined> {
    const old = await this.#terminal.ask("Old password: ", true);
    if (old === undefined) return undefined;
    const isRight = await this.#terminal.hold("One moment … ", prove(old));
    if (!isRight) return undefined;
    const password = await this.#terminal.ask(newPasswordQuestion, true);
    if (password === undefined) return undefined;
    // One that is refused in any case is not asked for twice.
    if (newPasswordProblem(password) !== undefined) {
      return { old, password, again: password };
    }
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

  /** Keeps what prompt and rows tell. */
  #note(event: ClientEvent): void {
    switch (event.event) {
      case "welcome":
        this.#isApart = false;
        return this.#setUser(event.user);
      case "disconnected":
        this.#isApart = true;
        return this.#setPrompt();
      case "chat": {
        const { kind, name = "" } = event;
        this.#chat = kind === "none" ? undefined : { kind, name };
        return this.#setPrompt();
      }
      case "result": {
        const { outcome } = event;
        if (!outcome.ok) return;
        if (outcome.command === "rename") this.#setUser(outcome.answer.to);
        if (outcome.command === "notify") {
          this.#notify = outcome.answer.notify;
          writeNotify(env, this.#notify);
        }
      }
    }
  }

  #line(text: string, prompt: string): void {
    if (!this.#isStarted) return;
    if (text.trim() === "") {
      this.#unread.clear();
      return this.#terminal.update();
    }
    // What was typed stays to be read, with what it was typed after.
    const echo = this.#palette.dim(prompt) + text;
    this.#terminal.print([{ text: echo, indent: 2 }]);
    this.#history.add(text);
    this.#handler.line(text);
  }

  #message(text: string, prompt: string): void {
    const [first = "", ...others] = messageLines(text);
    const head = this.#palette.dim(prompt) + first;
    this.#terminal.print([head, ...others.map((line) => `  ${line}`)].map((
      text,
    ) => ({ text, indent: 2 })));
    this.#handler.message(text);
  }

  #rows({ columns, rows }: TerminalSize) {
    // A window of a few rows is for what people say.
    if (rows < leastRows) return { above: [], below: [] };
    const width = columns - 1;
    const palette = this.#palette;
    const transfers = this.#handler.transfers();
    const room = Math.min(mostTransferRows, Math.floor(rows / 3));
    const shown = transfers.filter(({ state }) => state !== "preparing");
    const above = transferRows(shown.slice(0, room), width);
    if (shown.length > room) above.push(`… ${shown.length - room} more`);
    const bar = statusBar(
      {
        user: this.#user,
        server: this.#server,
        isApart: this.#isApart,
        chat: this.#chat,
        unread: this.#unread.text,
        transfers,
      },
      width,
      palette === plainPalette ? "-" : " ",
    );
    return { above, below: [palette.bar(bar)] };
  }

  #setUser(user: string): void {
    this.#user = user;
    this.#feed.user = user;
    this.#setPrompt();
  }

  #setPrompt(): void {
    const chat = this.#chat;
    const prompt = promptText(this.#user, chat, this.#isApart);
    this.#terminal.setPrompt(prompt, chat && visible(labelOf(chat)));
  }
}

const env = (name: string) => Deno.env.get(name);
const mostTransferRows = 6;
const leastRows = 6;

/**
 * Paths that start with `path` as typed, for Tab completion: folders end with
 * `/`, hidden files only come when asked for, and `~/` stays as typed. An
 * unreadable folder has none.
 */
export function filesLike(path: string): string[] {
  if (path === "~") return ["~/"];
  const slash = path.lastIndexOf("/") + 1;
  const folder = path.slice(0, slash);
  const start = path.slice(slash);
  const found: string[] = [];
  try {
    for (
      const entry of Deno.readDirSync(folder === "" ? "." : underHome(folder))
    ) {
      const { name } = entry;
      if (!name.startsWith(start)) continue;
      if (name.startsWith(".") && !start.startsWith(".")) continue;
      if (found.length >= mostFiles) break;
      found.push(folder + name + (isFolder(folder, entry) ? "/" : ""));
    }
  } catch {
    return [];
  }
  return found.sort();
}

function isFolder(folder: string, entry: Deno.DirEntry): boolean {
  if (!entry.isSymlink) return entry.isDirectory;
  try {
    return Deno.statSync(underHome(folder) + entry.name).isDirectory;
  } catch {
    return false;
  }
}

function underHome(path: string): string {
  return homePath(path, homeFolder());
}

const mostFiles = 1000;
