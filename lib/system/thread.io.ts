/**
 * Threads of the program: {@link Thread} is how one is asked and stopped,
 * {@link answerCalls} is the other side of it, in the thread.
 */
import { messageOf } from "./errors.io.ts";
import { programFile } from "./program_file.io.ts";

/** A thread that does what it is asked; {@link stop} must be called. */
export class Thread<Call> {
  readonly #worker: Worker;
  readonly #what: string;
  readonly #errorOf: (error: ThreadError) => Error;
  /** Callers that wait for an answer, by the numbers of their calls. */
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastCall = 0;
  /** Why it takes no more calls. */
  #ended: string | undefined;

  /**
   * @param path Of the thread's file, as {@link programFile} takes it.
   * @param what It is called in errors, such as `the database thread`.
   * @param errorOf What a call throws that failed so; by default an `Error`.
   */
  constructor(
    path: string,
    what: string,
    errorOf: (error: ThreadError) => Error = ({ message }) =>
      new Error(message),
  ) {
    this.#what = what;
    this.#errorOf = errorOf;
    const options = { type: "module", name: what } as const;
    this.#worker = new Worker(programFile(path), options);
    this.#worker.onmessage = ({ data }) => this.#handleReply(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.stop(`${what} failed: ${event.message}`);
    };
  }

  /** True when it takes no more calls. */
  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * Has the thread do something.
   *
   * @param memory Of the call, that is handed over instead of being copied.
   * @returns What it answers.
   * @throws What the call fails with, or that the thread has ended.
   */
  ask(call: Call, memory: ArrayBuffer[] = []): Promise<unknown> {
    if (this.#ended !== undefined) {
      return Promise.reject(new Error(this.#ended));
    }
    const waiter = Promise.withResolvers<unknown>();
    const number = ++this.#lastCall;
    this.#waiting.set(number, waiter);
    this.#worker.postMessage({ number, call } satisfies ThreadCall, memory);
    return waiter.promise;
  }

  /** Has the thread do something that is not answered. */
  tell(call: Call): void {
    this.#worker.postMessage({ call } satisfies ThreadCall);
  }

  /**
   * Ends the thread, and refuses all whom it has not answered.
   *
   * @param why Said to them and to who asks later; by default that it has ended.
   */
  stop(why = `${this.#what} has ended`): void {
    this.#ended ??= why;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }

  #handleReply(reply: ThreadReply): void {
    const waiter = this.#waiting.get(reply.number);
    this.#waiting.delete(reply.number);
    if ("error" in reply) waiter?.reject(this.#errorOf(reply.error));
    else waiter?.resolve(reply.answer);
  }
}

/** What a call failed with, as it travels between threads. */
export interface ThreadError {
  readonly name: string;
  readonly message: string;
  /** That of errors which have one. */
  readonly failure?: unknown;
}

/**
 * In a thread: answers the calls of its {@link Thread} with what `handle` returns,
 * as soon as it does.
 *
 * @param memoryOf Of an answer, that is handed over instead of being copied.
 */
export function answerCalls<Call, Answer>(
  handle: (call: Call) => Answer | Promise<Answer>,
  memoryOf: (answer: Awaited<Answer>) => ArrayBufferLike[] = () => [],
): void {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = async ({ data: { number, call } }) => {
    try {
      const answer = await handle(call as Call);
      if (number === undefined) return;
      scope.postMessage({ number, answer }, memoryOf(answer));
    } catch (error) {
      if (number === undefined) return;
      scope.postMessage({ number, error: describe(error) }, []);
    }
  };
}

function describe(error: unknown): ThreadError {
  const message = messageOf(error);
  if (!(error instanceof Error)) return { name: "Error", message };
  const failure = "failure" in error ? error.failure : undefined;
  return { name: error.name, message, failure };
}

/** What a worker has in place of a window. */
interface WorkerScope {
  onmessage: (event: MessageEvent<ThreadCall>) => void;
  postMessage(reply: ThreadReply, memory: ArrayBufferLike[]): void;
}

/** Without a number it is not answered. */
interface ThreadCall {
  readonly number?: number;
  readonly call: unknown;
}

type ThreadReply =
  & { readonly number: number }
  & ({ readonly answer: unknown } | { readonly error: ThreadError });
