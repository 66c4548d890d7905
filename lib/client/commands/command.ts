/**
 * A command is one descriptor: its syntax, what it does, what it answers and how
 * the answer reads. Most ask the server something ({@link asks}, {@link asksWith}); the others do
 * something themselves ({@link does}). The parser, `/help`, Tab completion, the
 * session and the text for people all read the descriptors; as JSON an answer
 * needs none. The topics' files hold them, `table.ts` puts them together.
 */
import type { Palette } from "../../cli/palette.ts";
import { visible } from "../../base/text.ts";
import type { Random } from "../../base/ports.ts";
import type { RequestFields, RequestName } from "../../wire/request.ts";
import type { OnReply, ReplyFields } from "../../wire/server_frame.ts";
import type { CallInfo, CallMedia } from "./call_info.ts";
import type { Help } from "./help.ts";
import type { Past, PastMessage } from "./history.ts";
import type { MessageResult } from "./message_send.ts";
import type { Peer } from "./peer.ts";
import type { Verification } from "./people.ts";
import type { PresenceChoice } from "./program.ts";
import type {
  PrivateSessionInfo,
  SentPaths,
  TransferInfo,
} from "./transfer_info.ts";

/** What an argument is: how it is read and what Tab offers for it. */
export type ArgumentKind =
  | "user"
  /** A user, or one of a user's devices; see `readPeer`. */
  | "peer"
  /** One whom the user has blocked. */
  | "blocked-user"
  /** User names joined by commas, one argument. */
  | "user-list"
  | "group"
  /** One of the user's own. */
  | "device"
  /** A user or a group. */
  | "chat"
  /**
   * Paths, each perhaps quoted, or one with blanks in it: first the rest of the
   * line as one, then each; only as the last argument.
   */
  | "files"
  | "command"
  /** One of a few; see {@link Argument.choices}. */
  | "word"
  /** A positive whole number. */
  | "number"
  /** Bytes a second; see `parseRate`. */
  | "rate"
  /** A name that nobody has yet. */
  | "new-name"
  /** The rest of the line, as typed; only as the last argument. */
  | "text";

/** One place in a command's grammar. */
export interface Argument {
  readonly kind: ArgumentKind;
  /** May be left out; only at the end. */
  readonly optional?: boolean;
  /** What Tab offers for a word, or as an option before paths. */
  readonly choices?: readonly string[];
  /** What Tab offers as an option behind paths. */
  readonly choicesBehind?: readonly string[];
  /** Takes all arguments that are left, and may take none; only at the end. */
  readonly repeated?: boolean;
}

/** How a command is written. */
export interface Syntax<Given extends object> {
  /** Other names, without slash. */
  readonly aliases?: readonly string[];
  /**
   * Words of older protocols: other names that, written exactly so, need no
   * slash while no chat is open. The command's own name may be one.
   */
  readonly words?: readonly string[];
  /** `/msgto USER[,USER…] TEXT` */
  readonly usage: string;
  /** Says what it does, beside the usage in a row of 80 columns. */
  readonly summary: string;
  /** What there is to say besides: whole sentences. Nothing by default. */
  readonly details?: string;
  /** A line a user could type. */
  readonly example: string;
  /** None by default. */
  readonly arguments?: readonly Argument[];
  /**
   * Makes what is given of the arguments in the order of the grammar, which
   * were counted before; `undefined`, or what is wrong, when one of them is not
   * what it must be. For commands with arguments.
   */
  read?(values: readonly string[]): Given | string | undefined;
}

/** One command, which is given `Given` and answers `Answer`. */
export interface CommandRow<
  Given extends object = object,
  Answer extends object = object,
> extends Syntax<Given> {
  /** Does it as command number `n`; settles it once, or lets the host do so. */
  run(
    given: Given,
    host: CommandHost,
    settle: Settle<Answer>,
    n: number,
  ): void;
  /** The lines that tell the answer; none by default: events tell it. */
  show?(answer: Answer, look: Look): readonly string[];
  /**
   * Of a command that sends a message: what is to be said where the message
   * itself is shown as sent; `undefined` when all went as one expects.
   */
  remark?(answer: Answer, look: Look): string | undefined;
}

/** What became of a command. */
export type Result<Answer extends object> =
  | { readonly ok: Answer; readonly code?: undefined }
  | {
    readonly ok?: undefined;
    readonly code: string;
    /** One line for people. */
    readonly message: string;
    /** How it went with each of several receivers. */
    readonly results?: readonly MessageResult[];
  };

/** Tells what became of a command. */
export type Settle<Answer extends object> = (result: Result<Answer>) => void;

/** What all commands that ask the server have, besides their syntax. */
interface Asking<
  Given extends object,
  N extends RequestName,
  Answer extends object,
> extends Syntax<Given> {
  readonly request: N;
  /** The answer; that of the server by default. */
  answer?(ok: ReplyFields<N>, given: Given, host: CommandHost): Answer;
  show(answer: Answer, look: Look): readonly string[];
  remark?(answer: Answer, look: Look): string | undefined;
}

/** A command that is one request, whose fields are what it is given. */
export function asks<
  Given extends RequestFields<N>,
  N extends RequestName,
  Answer extends object = ReplyFields<N>,
>(row: Asking<Given, N, Answer>): CommandRow<Given, Answer> {
  return asksWith({ ...row, fields: (given) => given });
}

/** A command that is one request, with other fields than it is given. */
export function asksWith<
  Given extends object,
  N extends RequestName,
  Answer extends object = ReplyFields<N>,
>(
  row: Asking<Given, N, Answer> & {
    fields(given: Given, host: CommandHost): RequestFields<N>;
  },
): CommandRow<Given, Answer> {
  const answerOf = row.answer ?? ((ok: object) => ok as Answer);
  return {
    ...row,
    run: (given, host, settle) =>
      host.request(row.request, row.fields(given, host), (reply) => {
        if (reply.code !== undefined) settle(reply);
        else settle({ ok: answerOf(reply.ok, given, host) });
      }),
  };
}

/** A command that does something itself. */
export function does<Given extends object, Answer extends object>(
  row: CommandRow<Given, Answer>,
): CommandRow<Given, Answer> {
  return row;
}

/** What commands need from the session they are given to. */
export interface CommandHost {
  readonly random: Random;
  /** This user's name, as the server has it. */
  self(): string;
  request<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): void;
  /** An id by which the server knows a message that it gets twice. */
  messageId(): string;
  /** This user has another name. */
  renamed(to: string): void;
  readonly identities: {
    handleSent(to: string): void;
    replaceUserKey(
      onDone: (refusal: NotDone | undefined, wasUserKey?: true) => void,
    ): void;
  };
  /** The user's key, on its way from one device to another. */
  readonly linking: {
    ask(onDone: OnDone): void;
    approve(device: string | undefined, onDone: OnDone): void;
    answer(isSame: boolean): NotDone | undefined;
    handleRenamed(from: string, to: string): void;
  };
  verify(
    given: { readonly user: string; readonly action?: "ok" | "accept" },
    settle: Settle<Verification>,
  ): void;
  readonly passwords: { start(n: number): void };
  readonly chat: {
    /** Where lines without a slash go; `undefined` when nowhere. */
    readonly target: ChatTarget | undefined;
    set(target: ChatTarget | undefined): void;
  };
  /** Shows who watches what was said last there. */
  recall(target: ChatTarget): void;
  /** What this user has said in this run through the server, oldest first. */
  said(): readonly PastMessage[];
  /** Where the messages end that were shown last, for `/history more`. */
  readonly past: { rest: Past | undefined };
  /** What goes on with other clients; settles the commands it is given. */
  readonly offers: {
    readonly transfers: { send(peer: Peer, what: SentPaths, n: number): void };
    readonly later: { send(peer: Peer, what: SentPaths, n: number): void };
    readonly sessions: {
      start(peer: Peer, n: number): void;
      stop(user: string, n: number): void;
    };
    readonly calls: {
      start(
        to: ChatTarget & { readonly kind: "user" | "group" },
        media: CallMedia,
        n: number,
      ): void;
      answer(call: number | undefined, media: CallMedia, n: number): void;
      end(call: number | undefined, n: number, isDecline?: boolean): void;
    };
    handleBlocked(users: readonly string[]): void;
    sendPrivate(user: string, text: string, n: number): void;
    /** With whom the open private session is that a typed name means. */
    openSessionWith(user: string): string | undefined;
    accept(
      number: number,
      n: number,
      only?: readonly string[],
      into?: string,
    ): void;
    receive(user: string, into: string | undefined, n: number): void;
    show(number: number, n: number): void;
    reject(number: number, n: number): void;
    cancel(number: number, n: number): void;
    hold(number: number, name: "pause" | "resume", n: number): void;
    list(): {
      readonly transfers: readonly TransferInfo[];
      readonly sessions: readonly PrivateSessionInfo[];
      /** Absent when there is none. */
      readonly calls?: readonly CallInfo[];
    };
  };
  readonly groupSend: {
    send(group: string, what: SentPaths, n: number, isKept?: boolean): void;
  };
  /**
   * Sets how many bytes a second are sent at most, 0 for no limit, and tells it;
   * only tells it without `rate`.
   */
  limit(rate?: number): number;
  /** Chooses of whose coming and going the user is told; only tells it without. */
  presence(choice?: PresenceChoice): PresenceChoice;
  /** Shows the client in a browser's window; settles command `n`. */
  openWindow(n: number): void;
  help(topic?: string): Help;
  /** Starts the clean end; command `n` is settled when it is reached. */
  logout(n: number): void;
}

/** Why something is not done. */
type NotDone = Extract<Result<object>, { readonly code: string }>;

/** Gets why something is not done; `undefined` when it is. */
type OnDone = (refusal: NotDone | undefined) => void;

/** How the parts of an answer look. */
export interface Look {
  readonly palette: Palette;
  /** A name that came from elsewhere, fit to be shown. */
  name(text: string): string;
  /** Several of them. */
  names(all: readonly string[]): string;
}

/** The look of answers in the colours of `palette`. */
export function lookOf(palette: Palette): Look {
  const name = (text: string) => palette.name(visible(text));
  return { palette, name, names: (all) => all.map(name).join(", ") };
}

/**
 * Where the lines without a slash go (`/chat`): of a session, straight to the
 * user's client.
 */
export interface ChatTarget {
  readonly kind: "user" | "group" | "session";
  readonly name: string;
}

/**
 * What is meant by a name: alone it may be a user or a group; `@NAME` is the user,
 * `#NAME` the group. Neither sign can be part of a name.
 */
export function readChatName(
  text: string,
): { readonly name: string; readonly kind?: "user" | "group" } {
  const name = text.slice(1);
  if (text.startsWith("@")) return { name, kind: "user" };
  if (text.startsWith("#")) return { name, kind: "group" };
  return { name: text };
}
