/**
 * "Did you mean leia?": what a refusal adds when the server knows no such user
 * or group, whatever was asked; where there is a group of that name, or a user,
 * it says that. Only names that the person may know are offered:
 * those of users online and talked to and of the person's groups, nobody who is
 * blocked.
 */
import { nearestWord } from "../../base/nearest_word.ts";
import { userKey } from "../../wire/names.ts";
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
        const names = given(fields, keys, message);
        const hint = this.#other(code, names) ?? this.#meant(code, names);
        onReply({ code, message: message + (hint ?? "") });
      });
    };
  }

  /** That a name is a group's where a user's must be, or the other way round. */
  #other(code: string, given: readonly string[]): string | undefined {
    if (code === "unknown_name") return undefined;
    const isUser = code === "unknown_group";
    const { names } = this.#host;
    const known = isUser ? names.users() : names.groups();
    const keys = given.map((name) => userKey(name.replace(/^[@#]/, "")));
    const name = known.find((name) => keys.includes(userKey(name)));
    if (name === undefined) return undefined;
    return isUser
      ? `; ${name} is a user (/help messages)`
      : `; ${name} is a group chat (/help groups)`;
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
      if (nearest !== undefined) return `; did you mean ${nearest}?`;
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
