/**
 * "Did you mean leia?": what a refusal adds when the server knows no such user
 * or group, whatever was asked. Only names that the person may know are offered:
 * those of users online and talked to and of the person's groups, nobody who is
 * blocked.
 */
import { nearestWord } from "../../base/nearest_word.ts";
import type { RequestName } from "../../wire/request.ts";
import type { ClientView } from "../events/client_view.ts";
import type { OnReply } from "../../wire/server_frame.ts";

/** Where the hints of one session come from. */
export interface NameHintsHost {
  readonly names: Pick<ClientView, "users" | "groups">;
  /** This user's own name. */
  self(): string;
  /** Asks the server for users and groups; calls back when they are known. */
  askNames(done: () => void): void;
}

/** Adds hints to refusals. */
export class NameHints {
  readonly #host: NameHintsHost;

  constructor(host: NameHintsHost) {
    this.#host = host;
  }

  /** `onReply` for a refusal that says what may have been meant. */
  hinting<N extends RequestName>(
    fields: object,
    onReply: OnReply<N>,
  ): OnReply<N> {
    return (reply) => {
      if (reply.code === undefined) return onReply(reply);
      const { code, message } = reply;
      const keys = keysOf.get(code);
      if (keys === undefined) return onReply(reply);
      this.#host.askNames(() => {
        const meant = this.#meant(code, given(fields, keys, message));
        const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
        onReply({ code, message: message + hint });
      });
    };
  }

  #meant(code: string, given: readonly string[]): string | undefined {
    const { names, self } = this.#host;
    const users = code === "unknown_group" ? [] : names.users();
    const groups = code === "unknown_user" ? [] : names.groups();
    const known = [...users.filter((user) => user !== self()), ...groups];
    for (const name of given) {
      const nearest = known.includes(name)
        ? undefined
        : nearestWord(name, known);
      if (nearest !== undefined) return nearest;
    }
    return undefined;
  }
}

/** The names that a request gave, those that its refusal repeats first. */
function given(
  fields: object,
  keys: readonly string[],
  message: string,
): string[] {
  const names = keys.flatMap((key) =>
    Object.hasOwn(fields, key) ? (fields as Record<string, unknown>)[key] : []
  ).filter((name) => typeof name === "string");
  const isTold = (name: string) => message.includes(name) ? 0 : 1;
  return names.sort((one, other) => isTold(one) - isTold(other));
}

/** The fields that may hold the unknown name, by the code of the refusal. */
const keysOf: ReadonlyMap<string, readonly string[]> = new Map([
  ["unknown_user", ["user", "to", "users", "name", "with"]],
  ["unknown_group", ["group", "name"]],
  ["unknown_name", ["name"]],
]);
