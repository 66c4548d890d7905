/**
 * What the client and those who watch it need of each other: a terminal or a
 * pipe, which the program was started for, and any number of others beside it.
 */
import type { ChatTarget } from "../commands/command.ts";
import type { CallControl, CallTaker } from "./call_takers.ts";
import type { ClientEvent } from "../events/client_event.ts";
import type { QuietEvent } from "../events/quiet_event.ts";
import type { ClientView, ViewSnapshot } from "../events/client_view.ts";
import type { ConversationKey } from "../events/conversations.ts";
import type { Submission } from "../session/entered_lines.ts";
import type { LeaveKey } from "../session/leaving.ts";
import type { NewPassword, ProvePassword } from "../../cli/new_password.ts";

/** Name and password. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What all who watch a client can do. */
export interface ClientControl {
  /** What there is to see, up to the event that was told last. */
  readonly view: ClientView;
  /**
   * Hands in a line, which is not blank.
   *
   * @param to Where it goes if it is no command; the open chat by default.
   */
  submit(line: string, to?: ChatTarget): Submission;
  /** Hands in a text for a chat, whatever it looks like. */
  say(text: string, to?: ChatTarget): Submission;
  /**
   * The user has seen what was said in a conversation; in all by default.
   *
   * @param upto Id of the last message that was seen; all that came by default.
   */
  see(conversation?: ConversationKey, upto?: number): void;
}

/** What one who watches can do besides. */
export interface WatcherControl extends ClientControl {
  readonly calls: CallControl;
}

/** What the user of the terminal or pipe can do besides. */
export interface UserHandler extends ClientControl {
  /**
   * No more lines will come.
   *
   * @param fault Why, where that is not the end of them.
   */
  endOfInput(fault?: string): void;
  /** Where the connection is lost and is to be tried again: tries it now. */
  reconnect(): void;
  /** The user wants out, unless what runs would be lost without a word. */
  leave(key: LeaveKey): void;
  /** Out, now. */
  interrupt(): void;
  /**
   * What happens can be shown no more: out.
   *
   * @param fault Why; absent when nobody reads any more.
   */
  outputLost(fault: string | undefined): void;
}

/** One who shows what happens to a client; any number of them may. */
export interface Watcher extends CallTaker {
  /** Begins, or begins again after events that came too fast, from here. */
  begin(view: ViewSnapshot): void | Promise<void>;
  /**
   * Shows what happened. While its promise is open, what follows waits; when
   * that becomes too much, {@link begin} comes in its place.
   */
  show(event: ClientEvent): void | Promise<void>;
  /**
   * Takes note of what has no line of its own, or has it with another watcher:
   * the result of a line that was entered there.
   */
  note(event: ClientEvent | QuietEvent): void | Promise<void>;
  /**
   * Asks for the old password and, where that is not shown, twice for a new one.
   * Without it passwords cannot be changed there.
   *
   * @param prove Whether the old password is right; if not, no more is asked.
   * @returns `undefined` when there is no answer.
   */
  askNewPassword?(prove: ProvePassword): Promise<NewPassword | undefined>;
  /** The client ends, or the watcher was detached. */
  close(): Promise<void>;
}

/**
 * The interface that the program was started for: it has been there from the
 * beginning, asks for the password, and its user decides when the client ends.
 */
export interface UserInterface extends Omit<Watcher, "begin"> {
  /** True where the terminal itself edits lines, and takes Ctrl-C for a signal. */
  readonly leavesLinesToTerminal?: boolean;
  show(event: ClientEvent): void;
  note(event: ClientEvent | QuietEvent): void;
  /**
   * Calls `done` when the last of what was given to {@link show} is about to be
   * written, and all before it is. Without it, what is given to it counts as
   * shown.
   */
  whenShown?(done: () => void): void;
  /**
   * Asks for name and password.
   *
   * @param user The name, when only the password is to be asked.
   * @returns `undefined` when there is no answer.
   */
  ask(user: string | undefined): Promise<Credentials | undefined>;
  askNewPassword(prove: ProvePassword): Promise<NewPassword | undefined>;
  /**
   * Asks something to be answered with yes; anything else is a no.
   *
   * @param reason Stands before the question, in one sentence with it.
   * @param signal Takes the question away; the answer is a no then. The session
   *   goes on while such a question stands: a command may be entered in place of
   *   the answer, and anything else that is neither yes nor no is none.
   */
  confirm(
    reason: string | undefined,
    question: string,
    signal?: AbortSignal,
  ): Promise<boolean>;
  /** The session is open for the first time: lines can be taken. */
  start(): void;
  /** Shows the rest and gives back what was taken. */
  close(): Promise<void>;
}

/** False when what was entered is neither yes nor no; nothing is a no. */
export function isAnswer(answer: string | undefined): boolean {
  return /^(y(es)?|no?)?$/i.test(answer?.trim() ?? "");
}

/** True when a question was answered with yes. */
export function isYes(answer: string | undefined): boolean {
  return /^y(es)?$/i.test(answer?.trim() ?? "");
}
