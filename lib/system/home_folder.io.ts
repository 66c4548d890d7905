/** The user's home folder; `undefined` when the environment names none. */
export function homeFolder(): string | undefined {
  return Deno.env.get("HOME") || Deno.env.get("USERPROFILE") || undefined;
}
