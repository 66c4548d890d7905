/** A round sign for a person or group, the same wherever they are. */
import type { JSX } from "preact";
import type { ConversationKey } from "../../../events/conversations.ts";
import { Icon } from "./icon.tsx";

/** The sign of a conversation, with a dot for who is online. */
export function Avatar(
  { of, online }: {
    readonly of: ConversationKey;
    readonly online?: boolean | undefined;
  },
): JSX.Element {
  const name = of.slice(1);
  const kind = of.startsWith("=")
    ? "session"
    : of.startsWith("#")
    ? "group"
    : "person";
  return (
    <span class={`avatar ${kind} hue-${hueOf(name)}`} aria-hidden="true">
      {of === "*"
        ? <Icon name="everybody" />
        : kind === "session"
        ? <Icon name="lock" />
        : initials(name)}
      {online === true && <span class="dot" />}
    </span>
  );
}

function initials(name: string): string {
  const [first = "", second = ""] = name.split(/[._-]+/).filter((part) =>
    part !== ""
  );
  const letters = second === ""
    ? first.slice(0, 2)
    : first.slice(0, 1) + second.slice(0, 1);
  return letters.toUpperCase();
}

/** One of eight, by the name. */
function hueOf(name: string): number {
  let sum = 0;
  for (const character of name.toLowerCase()) {
    sum = (sum * 31 + character.charCodeAt(0)) % 65_521;
  }
  return sum % 8;
}
