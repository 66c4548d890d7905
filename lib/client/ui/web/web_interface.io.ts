/** The window as the interface that a client is started for (`parley gui`). */
import type { ClientEvent } from "../../events/client_event.ts";
import type { QuietEvent } from "../../events/quiet_event.ts";
import { writeNotify, writePresence } from "../choices.io.ts";
import type { Credentials, UserInterface } from "../user_interface.ts";
import type { WindowQuestions } from "./window_questions.ts";

/** Why a session is over or did not begin. */
export interface WhyEnded {
  readonly message: string;
  readonly code: string;
}

/** What a {@link WebInterface} needs of the window around it. */
export interface WebInterfaceHost {
  readonly questions: WindowQuestions;
  /** The session is open for the first time. */
  onStart(): void;
  /** Something that people should know of although no tab may be open. */
  onNews(event: ClientEvent): void;
}

/** Asks in the tabs, which show everything themselves. */
export class WebInterface implements UserInterface {
  readonly #host: WebInterfaceHost;
  #isStarted = false;
  #ended: WhyEnded | undefined;

  constructor(host: WebInterfaceHost) {
    this.#host = host;
  }

  /** Why the login failed last, or the session ended; absent after a logout. */
  get ended(): WhyEnded | undefined {
    return this.#ended;
  }

  show(event: ClientEvent): void {
    switch (event.event) {
      case "login-failed":
      case "disconnected": {
        const { message, code } = event;
        this.#ended = { message, code };
        break;
      }
      case "welcome":
        this.#ended = undefined;
    }
    this.#host.onNews(event);
    this.note(event);
  }

  note(event: ClientEvent | QuietEvent): void {
    if (event.event !== "result" || !event.outcome.ok) return;
    const { outcome } = event;
    if (outcome.command === "notify") writeNotify(env, outcome.answer.notify);
    if (outcome.command === "presence") {
      writePresence(env, outcome.answer.presence);
    }
  }

  async ask(user: string | undefined): Promise<Credentials | undefined> {
    // Before the first session there is the form.
    if (!this.#isStarted || user === undefined) return undefined;
    const reason = this.#ended && { reason: this.#ended.message };
    const ask = `Password of ${user}`;
    const { questions } = this.#host;
    const password = await questions.ask({ kind: "password", ask, ...reason });
    return typeof password === "string" ? { user, password } : undefined;
  }

  async confirm(
    reason: string | undefined,
    question: string,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const why = reason === undefined ? {} : { reason };
    const asking = { kind: "confirm", ask: question, ...why } as const;
    const { questions } = this.#host;
    return await questions.ask(asking, undefined, signal) === true;
  }

  askNewPassword(): Promise<undefined> {
    // Lines are entered in tabs, and those are asked.
    return Promise.resolve(undefined);
  }

  start(): void {
    this.#isStarted = true;
    this.#host.onStart();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const env = (name: string) => Deno.env.get(name);
