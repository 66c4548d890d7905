/** `~/film.mp4` as a path from the user's home folder; others as they are. */
export function homePath(path: string): string {
  if (path !== "~" && !/^~[\/\\]/.test(path)) return path;
  const home = Deno.env.get("HOME") || Deno.env.get("USERPROFILE");
  return home ? home + path.slice(1) : path;
}
