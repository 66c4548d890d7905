/**
 * How many messages came from each user and group since this user last dealt
 * with it: opened a chat with it, or wrote to it.
 */
import type { ChatTarget } from "../commands/chat_target.ts";
import type { ClientEvent } from "./client_event.ts";

/** Counts by the names that the status row shows: `luke`, `#jedi`. */
export class UnreadCounts {
  readonly #counts = new Map<string, number>();
  #open: string | undefined;

  /** Takes what happens. */
  handleEvent(event: ClientEvent): void {
    switch (event.event) {
      case "message":
        if (event.kind === "broadcast") return;
        return this.#add(
          event.group === undefined ? event.from : `#${event.group}`,
        );
      case "private-message":
        return this.#add(event.from);
      case "chat": {
        const { kind, name = "" } = event;
        this.#open = kind === "none" ? undefined : labelOf({ kind, name });
        if (this.#open !== undefined) this.#counts.delete(this.#open);
        return;
      }
      case "renamed":
        return this.#rename(event.from, event.to);
      case "group-end":
        this.#counts.delete(`#${event.group}`);
        return;
      case "result":
        return this.#handleResult(event);
    }
  }

  /** The user has read everything. */
  clear(): void {
    this.#counts.clear();
  }

  /** `luke 3, #jedi 12`, the latest first; empty when there is nothing. */
  get text(): string {
    const all = [...this.#counts].reverse();
    return all.map(([label, count]) => `${label} ${count}`).join(", ");
  }

  #add(label: string): void {
    if (label === this.#open) return;
    const count = this.#counts.get(label) ?? 0;
    this.#counts.delete(label);
    this.#counts.set(label, count + 1);
    if (this.#counts.size <= mostLabels) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  #rename(from: string, to: string): void {
    const count = this.#counts.get(from);
    if (count === undefined) return;
    this.#counts.delete(from);
    this.#counts.set(to, count);
  }

  #handleResult(event: Extract<ClientEvent, { event: "result" }>): void {
    const { outcome } = event;
    if (!outcome.ok) return;
    switch (outcome.command) {
      case "msgto":
        for (const { to } of outcome.answer.sent) this.#counts.delete(to);
        return;
      case "groupmsg":
      case "leavegroup":
        this.#counts.delete(`#${outcome.answer.group}`);
        return;
      case "private":
        this.#counts.delete(outcome.answer.user);
        return;
    }
  }
}

/** `luke`, `#jedi`. */
export function labelOf({ kind, name }: ChatTarget): string {
  return kind === "group" ? `#${name}` : name;
}

const mostLabels = 50;
