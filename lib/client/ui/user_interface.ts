/** What the client's shell needs of a terminal or of a pipe. */
import type { ClientEvent, TransferInfo } from "../events/client_event.ts";
import type { LeaveKey } from "../session/leaving.ts";
import type { NewPassword, ProvePassword } from "../../cli/new_password.ts";

/** Name and password. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What the user does. */
export interface UserHandler {
  /** A line was entered; returns when it makes sense to take the next one. */
  line(text: string): Promise<void> | void;
  /** A text for the chat that is open was entered, whatever it looks like. */
  message(text: string): Promise<void> | void;
  /** No more lines will come. */
  endOfInput(): void;
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
  /** The transfers to show the progress of. */
  transfers(): readonly TransferInfo[];
}

/** One way to talk to a user. */
export interface UserInterface {
  /** True where the terminal itself edits lines, and takes Ctrl-C for a signal. */
  readonly leavesLinesToTerminal?: boolean;
  /** Shows what happened. */
  show(event: ClientEvent): void;
  /**
   * Asks for name and password.
   *
   * @param user The name, when only the password is to be asked.
   * @returns `undefined` when there is no answer.
   */
  ask(user: string | undefined): Promise<Credentials | undefined>;
  /**
   * Asks for the old password and, where that is not shown, twice for a new one.
   *
   * @param prove Whether the old password is right; if not, no more is asked.
   * @returns `undefined` when there is no answer.
   */
  askNewPassword(prove: ProvePassword): Promise<NewPassword | undefined>;
  /** The session is open for the first time: lines can be taken. */
  start(): void;
  /** Shows the rest and gives back what was taken. */
  close(): Promise<void>;
}
