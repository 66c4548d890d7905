import type { TransferLogEntry } from "../model/actions.ts";
import { transferLogLine } from "./transfer_log.ts";
import type { LogAppender } from "./log_appender.io.ts";
import type { Report } from "./server_log.io.ts";
import { TextLogs } from "./text_logs.io.ts";

/**
 * `transferlog.txt`. It is the only place where its lines are: what cannot be
 * written for so long that too much waits is lost, and said so.
 */
export class TransferLogFile {
  readonly #logs: TextLogs;
  readonly #appender: LogAppender;
  readonly #report: Report;
  #lastNumber: number;
  #isLosing = false;

  private constructor(
    logs: TextLogs,
    appender: LogAppender,
    report: Report,
    lastNumber: number,
  ) {
    this.#logs = logs;
    this.#appender = appender;
    this.#report = report;
    this.#lastNumber = lastNumber;
  }

  /**
   * Repairs the log and finds where its numbers go on.
   *
   * @param folder That holds it; must exist.
   */
  static async open(folder: string, report: Report): Promise<TransferLogFile> {
    const logs = new TextLogs(folder, report);
    const appender = logs.appender(transferLogName);
    const { lastNumber } = await logs.repair(appender);
    return new TransferLogFile(logs, appender, report, lastNumber);
  }

  /** @param at When it happened, ms since 1970 UTC. */
  append(entry: TransferLogEntry, at: number): void {
    const line = transferLogLine(this.#lastNumber + 1, at, entry);
    const isTaken = this.#logs.append(this.#appender, line);
    if (isTaken) this.#lastNumber++;
    else if (!this.#isLosing) {
      const text = `log "${this.#appender.path}" could not be written for ` +
        "too long: its new lines are lost until it can";
      this.#report("error", text);
    }
    this.#isLosing = !isTaken;
  }

  /** Writes out everything that is held. */
  flush(): Promise<void> {
    return this.#logs.flush();
  }

  /** Writes out everything that is held, once, and stops. */
  close(): Promise<void> {
    return this.#logs.close();
  }
}

const transferLogName = "transferlog.txt";
