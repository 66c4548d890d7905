/** What came of one thing that `parley doctor` or `parley-server check` looked at. */
export interface CheckResult {
  readonly status: "ok" | "warn" | "fail";
  /** What was found, in one line. */
  readonly message: string;
}

/** How its line for people begins. */
export function checkMark({ status }: CheckResult): string {
  return (status === "fail" ? "FAIL" : status).padEnd(4);
}
