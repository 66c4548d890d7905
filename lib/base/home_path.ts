/**
 * `~/film.mp4` as a path from the user's home folder; others as they are. Shells
 * do this only where the path is a word of its own, as in `--data-dir ~/x`.
 *
 * @param home The home folder; without it nothing changes.
 */
export function homePath(path: string, home: string | undefined): string {
  return home && /^~(?:[/\\]|$)/.test(path) ? home + path.slice(1) : path;
}
