/** Where the lines without a slash go (`/chat`). */
export interface ChatTarget {
  readonly kind: "user" | "group";
  readonly name: string;
}

/**
 * What `/chat NAME` asks for: a name alone may be a user or a group; `@NAME` is
 * the user, `#NAME` the group. Neither sign can be part of a name.
 */
export function readChatName(
  text: string,
): { readonly name: string; readonly kind?: "user" | "group" } {
  const name = text.slice(1);
  if (text.startsWith("@")) return { name, kind: "user" };
  if (text.startsWith("#")) return { name, kind: "group" };
  return { name: text };
}
