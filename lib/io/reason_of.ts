/** Why the system refused, for the end of a line. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (
    error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable
  ) return "permission denied";
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0] ?? "";
}

/** The same for a file of text: what is not UTF-8 cannot be used either. */
export function textFileReason(error: unknown): string {
  return error instanceof TypeError ? "it is not UTF-8" : reasonOf(error);
}
