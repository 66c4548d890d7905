/**
 * The lines that were entered, each with its number, its turn, and who waits
 * for what became of it. Those of a script wait until the ones before are
 * answered, so that each sees what they did; those of a person begin at once,
 * but for a text that waits for the chat that was just asked for, and a /chat
 * that waits for such texts: each goes to the chat under which it was typed.
 */
import type { ChatTarget } from "../commands/command.ts";
import {
  parseCommand,
  type ParsedCommand,
  parseMessage,
} from "../commands/parse.ts";
import type { Command } from "../commands/table.ts";
import { visible } from "../../base/text.ts";
import type { Instant } from "../../base/ports.ts";
import type { CommandOutcome } from "../events/client_event.ts";
import type { ClientView } from "../events/client_view.ts";
import type { ClientSession } from "./client_session.ts";

/** A line that was handed in. */
export interface Submission {
  /** Counts this run's lines from 1; the event `result` has the same. */
  readonly n: number;
  /** Resolves when it begins, for which others may have to be done before. */
  readonly begun: Promise<void>;
  /**
   * Resolves when it is known what became of it; while there is no connection
   * it waits, and is among the view's pending lines.
   */
  readonly outcome: Promise<CommandOutcome>;
}

/** What the lines need of the client that they are for. */
export interface EnteredLinesHost {
  readonly session: ClientSession;
  readonly view: ClientView;
  /** Nobody sits at the main interface and reads what is printed. */
  readonly isScript: boolean;
  now(): Instant;
  /** Something was handed to the session. */
  drain(): void;
  /** Tells what became of line `n`, which was not handed to it. */
  tellLate(n: number, outcome: CommandOutcome): void;
}

/** Lines of whoever may enter them: `By`, or the main interface's user. */
export class EnteredLines<By> {
  readonly #host: EnteredLinesHost;
  /** Those without an outcome, by their numbers. */
  readonly #open = new Map<number, OpenLine<By>>();
  /** The answer to the last /chat: whether lines go where it says. */
  #chatOpening: Promise<boolean> | undefined;
  /** Lines of a person that wait for it. */
  readonly #held = new Set<number>();
  /** Called when something may have been answered. */
  #onProgress: () => void = () => {};
  #followsMessage = false;

  constructor(host: EnteredLinesHost) {
    this.#host = host;
  }

  /**
   * Takes a line, which is not blank.
   *
   * @param to Where it goes if it is no command; the open chat by default.
   */
  submit(line: string, to?: ChatTarget, by?: By): Submission {
    const parse = () => this.#parse(line, to);
    if (this.#host.isScript && by === undefined) {
      return this.#enter(parse, this.#turnOf(line), by);
    }
    const isChat = this.commandOf(line)?.command === "chat";
    const isPlain = /^(?!\/(?!\/))/.test(line) && to === undefined;
    const submission = isChat || isPlain
      ? this.#enterForChat(parse, isPlain ? line : undefined, by)
      : this.#enter(parse, undefined, by);
    if (isChat) {
      const opening = submission.outcome.then(({ ok }) => {
        if (this.#chatOpening === opening) this.#chatOpening = undefined;
        return ok;
      });
      this.#chatOpening = opening;
    }
    return submission;
  }

  /** Takes a text for a chat, whatever it looks like. */
  say(text: string, to?: ChatTarget, by?: By): Submission {
    const parse = () => parseMessage(text, to ?? this.#host.view.chat);
    if (to !== undefined) return this.#enter(parse, undefined, by);
    return this.#enterForChat(parse, text, by);
  }

  /** Takes a line of the main interface's user, whose turn it is. */
  begin(line: string): Submission {
    return this.#enter(() => this.#parse(line), undefined, undefined);
  }

  /** The command that a line is, if it is one. */
  commandOf(line: string): Command | undefined {
    const parsed = this.#parse(line);
    return "command" in parsed ? parsed.command : undefined;
  }

  /** Who entered line `n`, if it has no outcome yet. */
  whose(n: number): By | undefined {
    return this.#open.get(n)?.by;
  }

  /** It is known, and was shown, what became of line `n`. */
  settle(n: number, outcome: CommandOutcome): void {
    const line = this.#open.get(n);
    this.#open.delete(n);
    line?.settle(outcome);
  }

  /** Everything that the session had was taken. */
  handleDrained(): void {
    this.#onProgress();
  }

  /** The session is over: tells of those lines that it never heard of. */
  handleEnd(): void {
    for (const n of this.#held) this.#host.tellLate(n, tooLate);
    this.#held.clear();
  }

  #parse(line: string, to?: ChatTarget): ParsedCommand {
    const { view } = this.#host;
    return parseCommand(line, to ?? view.chat, latestOf(view));
  }

  /**
   * Takes a line that depends on the open chat: where one was just asked for,
   * it waits for the answer.
   *
   * @param text What would go to whoever was written to before, were the answer
   *     a refusal.
   */
  #enterForChat(
    parse: () => ParsedCommand,
    text: string | undefined,
    by: By | undefined,
  ): Submission {
    const opening = this.#chatOpening;
    if (opening === undefined) return this.#enter(parse, undefined, by);
    let isOpen = true;
    const turn = opening.then((ok) => {
      isOpen = ok;
      this.#held.delete(submission.n);
    });
    const submission = this.#enter(
      () => {
        const isAstray = !isOpen && this.#host.view.chat !== undefined;
        return isAstray && text !== undefined ? astray(text) : parse();
      },
      turn,
      by,
    );
    this.#held.add(submission.n);
    return submission;
  }

  #enter(
    parse: () => ParsedCommand,
    turn: Promise<void> | undefined,
    by: By | undefined,
  ): Submission {
    const n = this.#host.session.takeNumber();
    const { promise: outcome, resolve: settle } = Promise.withResolvers<
      CommandOutcome
    >();
    this.#open.set(n, { by, settle });
    if (turn === undefined) this.#begin(n, parse());
    const begun = turn?.then(() => this.#begin(n, parse()));
    return { n, begun: begun ?? Promise.resolve(), outcome };
  }

  /** Hands line number `n` to the session. */
  #begin(n: number, parsed: ParsedCommand): void {
    const { session, isScript, now, drain } = this.#host;
    const isLogout = "command" in parsed && parsed.command.command === "logout";
    if (session.ended) return this.settle(n, tooLate);
    if (isLogout && this.whose(n) !== undefined) return this.settle(n, notHere);
    if (!("command" in parsed)) session.handleProblem(parsed, now(), n);
    else if (isLogout && isScript) {
      // The last line of a script ends it when the rest is done.
      session.handleLogoutWhenDone(now(), n);
    } else session.handleCommand(parsed.command, now(), n);
    drain();
  }

  /**
   * Waits until a script's line may go: each sees what those before it did.
   * Only messages follow each other without waiting.
   */
  async #turnOf(line: string): Promise<void> {
    const { session } = this.#host;
    const command = this.commandOf(line);
    const isMessage = command?.command === "msgto" ||
      command?.command === "groupmsg";
    const most = isMessage && this.#followsMessage ? mostUnanswered : 1;
    this.#followsMessage = isMessage;
    const isEarly = () =>
      session.unanswered >= most ||
      // What was asked for just before shall be there.
      command?.command === "private" && session.isMakingSession(command.user);
    while (isEarly() && !session.ended) {
      await new Promise<void>((resolve) => this.#onProgress = resolve);
    }
  }
}

interface OpenLine<By> {
  readonly by: By | undefined;
  settle(outcome: CommandOutcome): void;
}

/** The chat in which something was said last and can be, as `/chat` takes it. */
function latestOf(view: ClientView): string | undefined {
  const key = view.conversations().map(({ key }) => key).find((key) => {
    const name = key.slice(1);
    return key.startsWith("#")
      ? view.group(name)?.joined === true
      : key.startsWith("@") && !view.blocked().includes(name);
  });
  return key?.startsWith("@") ? key.slice(1) : key;
}

/** What becomes of a text whose chat was refused: nobody else is to read it. */
function astray(text: string): ParsedCommand {
  const message = `Not sent, as its chat did not open: ${visible(text)}`;
  return { problem: "no_chat", message, name: "" };
}

/** What becomes of a line that comes when all is over. */
const tooLate: CommandOutcome = {
  command: "",
  ok: false,
  code: "not_confirmed",
  message: "The session ended before this was done",
};
/** What becomes of `/logout` beside the main interface. */
const notHere: CommandOutcome = {
  command: "logout",
  ok: false,
  code: "not_here",
  message: "Log out where the client was started; here, close the window",
};
const mostUnanswered = 512;
