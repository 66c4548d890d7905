/** One tab of the window: what its page wants, and what it is told. */
import { SchemaError } from "../../../base/schema.ts";
import { reasonOf } from "../../../system/errors.io.ts";
import { plainPalette } from "../../../cli/palette.ts";
import type { NewPassword, ProvePassword } from "../../../cli/new_password.ts";
import { parseCommand } from "../../commands/parse.ts";
import { quoteArgument } from "../../commands/quote_argument.ts";
import type { ChatTarget } from "../../commands/command.ts";
import type { ClientEvent, CommandOutcome } from "../../events/client_event.ts";
import type { CallTold } from "../../events/call_port.ts";
import type { ViewSnapshot } from "../../events/client_view.ts";
import type { QuietEvent } from "../../events/quiet_event.ts";
import type { Submission } from "../../session/entered_lines.ts";
import { windowText } from "../../text/window_text.ts";
import { renderText } from "../../text/render_text.ts";
import { complete } from "../terminal/completer.ts";
import { completionSource } from "../completion_source.io.ts";
import type {
  ClientControl,
  Watcher,
  WatcherControl,
} from "../user_interface.ts";
import { SpoolError } from "./spool.io.ts";
import type { PageSocket } from "./web_server.io.ts";
import {
  type AskedQuestion,
  type ClientMessage,
  decodePageMessage,
  helloMs,
  type PageMessage,
} from "./web_wire.ts";
import type { WatchedClient, WebWindow } from "./web_window.io.ts";
import type { Questioned } from "./window_questions.ts";

/** A page that is connected. */
export class PageTab implements Questioned {
  readonly #window: WebWindow;
  readonly #page: PageSocket;
  /** While it has not said who it is. */
  #hello: ReturnType<typeof setTimeout> | undefined;
  #token: string | undefined;
  #isProved = false;
  #isAsked = false;
  #isGone = false;
  /** Its browser can take calls. */
  #takesCalls = false;
  #watching: { client: WatchedClient; watcher: TabWatcher } | undefined;

  constructor(window: WebWindow, page: PageSocket) {
    this.#window = window;
    this.#page = page;
  }

  /** Listens to it. */
  start(): void {
    const { socket } = this.#page;
    this.#hello = setTimeout(() => socket.terminate(), helloMs);
    socket.on("message", (data, isBinary) => {
      if (isBinary) return this.#refuse("no text");
      // Whatever one page makes of it: the client and the other pages go on.
      this.#take(data.toString("utf8")).catch((error) =>
        this.#refuse(reasonOf(error))
      );
    });
    socket.on("close", () => this.#leave());
  }

  /** What it was let in by; absent before. */
  get token(): string | undefined {
    return this.#token;
  }

  /** Tells the page something; resolves when that is on its way. */
  tell(message: ClientMessage): Promise<void> {
    const { socket } = this.#page;
    if (this.#isGone) return Promise.resolve();
    // A page that takes nothing any more is to begin anew.
    if (socket.bufferedAmount > mostWaitingBytes) {
      socket.terminate();
      return Promise.resolve();
    }
    const text = JSON.stringify(message);
    return new Promise((resolve) => socket.send(text, () => resolve()));
  }

  /** Shows this client from now on. */
  follow(client: WatchedClient | undefined): void {
    const watching = this.#watching;
    this.#watching = undefined;
    watching?.client.detach(watching.watcher);
    if (client === undefined) return;
    const watcher = client.attach((control) => new TabWatcher(this, control));
    this.#watching = { client, watcher };
    // The page has said it once, perhaps before anybody was logged in.
    if (this.#takesCalls) watcher.control.calls.ready(true);
  }

  ask(question: AskedQuestion): void {
    this.tell({ tell: "question", ...question });
  }

  takeAway(question: number): void {
    this.tell({ tell: "question-gone", question });
  }

  /** Asks for the old password and a new one, here. */
  async askNewPassword(prove: ProvePassword): Promise<NewPassword | undefined> {
    const ask = "Your old password, and a new one";
    const { questions } = this.#window;
    const answer = await questions.ask({ kind: "new-password", ask }, this);
    if (typeof answer !== "object" || !await prove(answer.old)) {
      return undefined;
    }
    // The page asks for it twice.
    return { old: answer.old, password: answer.new, again: answer.new };
  }

  /** The window is closed. */
  async end(): Promise<void> {
    await Promise.race([
      this.tell({ tell: "error", message: "", closed: true }),
      soon(),
    ]);
    this.#page.socket.close();
  }

  async #take(text: string): Promise<void> {
    let message;
    try {
      message = decodePageMessage(text);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      return this.#refuse(error.message);
    }
    if (this.#token !== undefined) return this.#do(message);
    if (message.do === "prove" && !this.#isProved && !this.#isAsked) {
      this.#isProved = true;
      const proof = this.#page.prove(message.nonce);
      return void this.tell({ tell: "proof", proof });
    }
    // Who does not know what comes first is not Parley's page.
    if (message.do !== "hello" || this.#isAsked) {
      return this.#refuse("no token", "token");
    }
    this.#isAsked = true;
    clearTimeout(this.#hello);
    const { token } = message;
    const admission = await this.#page.admit(token);
    if (admission === "token") {
      return this.#refuse("this page is no longer valid", "token");
    }
    if (this.#isGone) return;
    this.#token = token;
    if (admission === "full" || !this.#window.add(this)) {
      this.#refuse("too many tabs are open", "full");
    }
  }

  #refuse(message: string, why?: "token" | "full"): void {
    this.tell({ tell: "error", message, closed: true, ...why && { why } });
    this.#page.socket.close(policyViolation);
  }

  #leave(): void {
    this.#isGone = true;
    clearTimeout(this.#hello);
    this.follow(undefined);
    this.#window.remove(this);
  }

  #do(message: PageMessage): void {
    const { owner, questions, uploads } = this.#window;
    switch (message.do) {
      case "prove":
      case "hello":
        return;
      case "login":
        return owner?.login(message);
      case "leave":
        return owner?.leave();
      case "quit":
        return owner?.quit();
      case "answer":
        return questions.answer(message.question, message.value);
      case "drop":
        return void uploads.drop(message.batch);
      case "reconnect":
        return this.#watching?.client.reconnect();
      case "see": {
        const { conversation, upto } = message;
        return this.#watching?.watcher.control.see(conversation, upto);
      }
      case "submit": {
        const { ref, line, to } = message;
        if (owner !== undefined && isLogout(line)) return owner.leave();
        return this.#submit(ref, ({ submit }) => submit(line, to));
      }
      case "say":
        return this.#submit(
          message.ref,
          ({ say }) => say(message.text, message.to),
        );
      case "send":
        return this.#send(message);
      case "suggest":
        return this.#suggest(message);
      case "capability":
        this.#show(message);
        return;
      case "call-ready":
        this.#takesCalls = message.ready;
        return this.#calls?.ready(message.ready);
      case "call":
      case "call-answer":
      case "call-end":
        return this.#submit(
          message.ref,
          ({ submit }) => submit(callLine(message)),
        );
      case "call-description": {
        const { call, peer, description } = message;
        return this.#calls?.describe(call, peer, description);
      }
      case "call-connected": {
        const { call, peer, link } = message;
        return this.#calls?.connected(call, peer, link);
      }
    }
  }

  get #calls(): WatcherControl["calls"] | undefined {
    return this.#watching?.watcher.control.calls;
  }

  #submit(
    ref: number,
    enter: (control: ClientControl) => Submission,
    onDone = () => {},
  ): void {
    const control = this.#watching?.watcher.control;
    if (control === undefined) {
      onDone();
      return this.#tellOutcome(ref, notLoggedIn);
    }
    const { n, outcome } = enter(control);
    outcome.then((outcome) => {
      onDone();
      this.#tellOutcome(ref, outcome, n);
    });
  }

  #tellOutcome(ref: number, outcome: CommandOutcome, n?: number): void {
    const text = renderText(
      { event: "result", n: n ?? 0, outcome },
      plainPalette,
    );
    const number = n === undefined ? {} : { n };
    this.tell({ tell: "outcome", ref, ...number, outcome, text });
  }

  #send(
    { ref, to, batch, later = false }: Extract<PageMessage, { do: "send" }>,
  ): void {
    const { uploads } = this.#window;
    let paths;
    try {
      paths = later ? uploads.keep(batch) : uploads.take(batch);
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error;
      const { message } = error;
      return this.#tellOutcome(ref, { ...notSent, message });
    }
    const options = later ? ["--when-back"] : [];
    const words = [to.name, ...options, ...paths].map(quoteArgument);
    const line = [commandFor(to), ...words].join(" ");
    this.#submit(
      ref,
      ({ submit }) => submit(line),
      () => later ? uploads.releaseKept(batch) : uploads.release(batch),
    );
  }

  #suggest(
    { ref, line, cursor }: Extract<PageMessage, { do: "suggest" }>,
  ): void {
    const view = this.#watching?.client.view;
    if (view === undefined) return;
    const { start, candidates } = complete(
      line.slice(0, cursor),
      completionSource(view),
    );
    const items = candidates.slice(0, mostItems);
    this.tell({ tell: "suggestions", ref, start, items });
  }

  async #show(
    { transfer, path }: Extract<PageMessage, { do: "capability" }>,
  ): Promise<void> {
    const found = this.#watching?.client.fileOf(transfer);
    const file = found && await this.#window.files.show(found, path);
    const about = { transfer, ...path !== undefined && { path } };
    this.tell({ tell: "capability", ...about, ...file });
  }
}

/** What a tab is told of its client. */
class TabWatcher implements Watcher {
  readonly control: WatcherControl;
  readonly #tab: PageTab;

  constructor(tab: PageTab, control: WatcherControl) {
    this.#tab = tab;
    this.control = control;
  }

  begin(view: ViewSnapshot): Promise<void> {
    return this.#tab.tell({ tell: "snapshot", view });
  }

  show(event: ClientEvent): Promise<void> {
    const text = windowText(event);
    const lines = text.length > 0 && { text };
    const own = event.event === "result" && { own: true as const };
    return this.#tab.tell({ tell: "event", event, ...lines, ...own });
  }

  note(event: ClientEvent | QuietEvent): Promise<void> {
    return this.#tab.tell({ tell: "event", event });
  }

  askNewPassword(prove: ProvePassword): Promise<NewPassword | undefined> {
    return this.#tab.askNewPassword(prove);
  }

  tellCall(told: CallTold): void {
    this.#tab.tell(told);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The line that asks for the same. */
function callLine(
  message: Extract<PageMessage, { do: "call" | "call-answer" | "call-end" }>,
): string {
  if (message.do === "call-end") return `/call end ${message.call}`;
  const voice = message.media === "voice" ? " --voice" : "";
  if (message.do === "call-answer") {
    return `/call answer ${message.call}${voice}`;
  }
  const { kind, name } = message.to;
  return `/call ${kind === "group" ? "#" : "@"}${name}${voice}`;
}

/** The name of the command that sends files there, with its slash. */
function commandFor({ kind }: ChatTarget): string {
  return kind === "group" ? "/groupvideo" : "/p2pvideo";
}

/** Where the client has no terminal, any tab may end the session. */
function isLogout(line: string): boolean {
  const parsed = parseCommand(line, undefined);
  return "command" in parsed && parsed.command.command === "logout";
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 500));
}

const notSent = { command: "p2pvideo", ok: false, code: "usage" } as const;
const notLoggedIn: CommandOutcome = {
  command: "",
  ok: false,
  code: "not_confirmed",
  message: "nobody is logged in",
};
/** More than the largest snapshot several times. */
const mostWaitingBytes = 64 * 1024 * 1024;
const mostItems = 200;
/** RFC 6455. */
const policyViolation = 1008;
