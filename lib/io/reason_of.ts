/**
 * Why a system call failed, as a short phrase for people: `no space left on the
 * disk`, not `StorageFull: No space left on device (os error 28), write`.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = reasons.find(([kind]) => error instanceof kind);
  if (known !== undefined) return known[1];
  if (error.message.includes("os error 28")) return "no space left on the disk";
  if (error.message.includes("os error 24")) return "too many open files";
  return error.message.replaceAll(/\s+/g, " ")
    .replace(/ ?\(os error \d+\).*$/, "").toLowerCase();
}

const reasons: [new (message: string) => Error, string][] = [
  [Deno.errors.NotFound, "no such file or folder"],
  [Deno.errors.PermissionDenied, "permission denied"],
  [Deno.errors.NotCapable, "permission denied"],
  [Deno.errors.AddrInUse, "the port is in use"],
  [Deno.errors.AddrNotAvailable, "this machine does not have that address"],
];
