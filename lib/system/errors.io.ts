/**
 * Something that stops a program from starting or going on, in one line for
 * people: what failed, with which value, what to do. The entry points print
 * the message alone and exit with 1.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}

/**
 * Why the system refused, as a short phrase for the end of a line: `no space
 * left on the disk`, not `StorageFull: No space left on device (os error 28)`.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = reasons.find(([kind]) => error instanceof kind);
  if (known !== undefined) return known[1];
  if (error.message.includes("os error 28")) return "no space left on the disk";
  if (error.message.includes("os error 30")) return "the disk is read-only";
  if (isFileShortage(error)) return "too many open files";
  if (/getaddrinfo|failed to lookup address/.test(error.message)) {
    return "there is no machine of that name, or no name server answers";
  }
  const [line = ""] = error.message.split("\n");
  return line.replace(/ ?\(os error \d+\).*$/, "");
}

/** The same for a file of text: what is not UTF-8 cannot be used either. */
export function textFileReason(error: unknown): string {
  return error instanceof TypeError ? "it is not UTF-8" : reasonOf(error);
}

/** The same for one that is to be written: what is missing is its folder. */
export function writeReason(error: unknown): string {
  return error instanceof Deno.errors.NotFound
    ? "its folder does not exist"
    : textFileReason(error);
}

/**
 * True when this process or the system has as many files open as it may: that says
 * nothing of the file that was to be opened.
 */
export function isFileShortage(error: unknown): boolean {
  return error instanceof Error &&
    /\bos error 2[34]\b|^E[MN]FILE\b/.test(error.message);
}

/** What is to be said of a failure that is no refusal of the system. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Does `attempt` until the pipe that it reads or writes is ready. Who shares one
 * with this program may have made it one that never waits: then the system says
 * that it is not ready in place of waiting.
 *
 * @throws What else `attempt` throws.
 */
export async function whenReady<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    }
    await new Promise((done) => setTimeout(done, pollMs));
  }
}

const reasons: [new (message: string) => Error, string][] = [
  [Deno.errors.NotFound, "it does not exist"],
  [Deno.errors.IsADirectory, "it is a folder"],
  [Deno.errors.PermissionDenied, "permission denied"],
  // The runtime closes these to programs that may not do everything.
  [
    Deno.errors.NotCapable,
    "it is below /dev, /proc or /sys, which are closed to this program",
  ],
  [Deno.errors.AddrInUse, "the port is in use"],
  [Deno.errors.AddrNotAvailable, "this machine does not have that address"],
];

const pollMs = 5;
