/**
 * How many of the other side's datagrams come. It says now and then how many it
 * has sent over the path in use; the gaps in their numbers would also count what
 * only asks whether there is a better path.
 */
export class CallLoss {
  /** At the last reports, oldest first. */
  readonly #marks: { readonly sent: number; readonly received: number }[] = [];
  #received = 0;

  /** Share that did not come of what was sent between the reports kept. */
  get share(): number {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const sent = last.sent - first.sent;
    const received = last.received - first.received;
    // One that came late counts where it is missing no more.
    return sent <= 0 ? 0 : Math.max(0, 1 - received / sent);
  }

  /** One that counts came. */
  handleArrival(): void {
    this.#received++;
  }

  /** The other side says that it has sent so many. */
  handleReport(sent: number): void {
    // Of those that overtook each other the newest counts.
    if (sent < (this.#marks.at(-1)?.sent ?? 0)) return;
    this.#marks.push({ sent, received: this.#received });
    if (this.#marks.length > mostMarks) this.#marks.shift();
  }
}

/** Those of 10 s, with the one before. */
const mostMarks = 6;
