/**
 * Opens a page in the user's browser. What a program is started with can be read
 * by everybody on the machine; so the address, which lets in who has it, goes
 * through a file that only the user can read, and that is gone a moment later.
 * The file is where the user's downloads go, as browsers that are shut in can
 * read that folder and no hidden one.
 */
import { join, toFileUrl } from "@std/path";
import type { Random } from "../../../base/ports.ts";
import { newId } from "./web_access.ts";

type Env = (name: string) => string | undefined;

/** The program that opens a page; nothing else may be started. */
export function openerOf(os: typeof Deno.build.os): string {
  if (os === "windows") return "rundll32";
  return os === "darwin" ? "open" : "xdg-open";
}

/** True when there is somewhere to show a page. */
export function hasDisplay(
  env: Env,
  os: typeof Deno.build.os = Deno.build.os,
): boolean {
  return os === "windows" || os === "darwin" ||
    Boolean(env("DISPLAY") || env("WAYLAND_DISPLAY"));
}

/** A page that is being opened. */
export class BrowserOpening {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens the page at `address`.
   *
   * @param folders Where its file may be, the best first.
   * @returns `undefined` when it cannot be opened.
   */
  static async open(
    address: string,
    folders: readonly string[],
    random: Random,
  ): Promise<BrowserOpening | undefined> {
    for (const folder of folders) {
      const path = join(folder, `parley-${newId(random)}.html`);
      try {
        const options = { createNew: true, mode: 0o600 };
        await Deno.writeTextFile(path, redirectTo(address), options);
      } catch {
        // The next one may be there.
        continue;
      }
      const opening = new BrowserOpening(path);
      if (await run(toFileUrl(path).href)) return opening;
      await opening.done();
      return undefined;
    }
    return undefined;
  }

  /** The page is open, or is not to be opened any more. */
  async done(): Promise<void> {
    try {
      await Deno.remove(this.#path);
    } catch {
      // It is gone.
    }
  }
}

/** A page that goes on to another, which is an address of this client. */
function redirectTo(address: string): string {
  return `<!DOCTYPE html><meta charset="utf-8"><title>Parley</title>` +
    `<meta name="referrer" content="no-referrer">` +
    `<meta http-equiv="refresh" content="0;url=${address}">\n`;
}

async function run(url: string): Promise<boolean> {
  const { os } = Deno.build;
  const args = os === "windows" ? ["url.dll,FileProtocolHandler", url] : [url];
  const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
  try {
    const child = new Deno.Command(openerOf(os), { args, ...streams })
      .spawn();
    // A browser that stays is not waited for.
    child.unref();
    const ended = child.status.then(({ success }) => success);
    return await Promise.race([ended, stays()]);
  } catch {
    return false;
  }
}

function stays(): Promise<boolean> {
  return new Promise((resolve) => setTimeout(() => resolve(true), 2000));
}
