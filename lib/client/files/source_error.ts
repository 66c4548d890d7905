/** Why a file cannot be sent, with one line for people. */
export class SourceError extends Error {
  readonly failure: "unreadable" | "changed";

  constructor(failure: "unreadable" | "changed", message: string) {
    super(message);
    this.name = "SourceError";
    this.failure = failure;
  }
}
