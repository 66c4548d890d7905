/**
 * Remembers in the configuration folder up to which message a user was shown
 * everything, one small file for each database and user: the id, and in the next
 * line the account and the runs of the server that it is of. It is written in place
 * in one write after every message, which a killed program either made or did
 * not. Where nothing can be written, the client works as well; only, after it
 * was killed, the server may repeat what it was not yet told about.
 */
import { encodeHex } from "@std/encoding/hex";
import { join } from "@std/path";
import type { InboxOwner, SeenMark, SeenMemory } from "./inbox.ts";
import { limits } from "../../wire/limits.ts";
import { configFolderPath } from "../../system/folders.io.ts";

/** The files `seen/STORE-USER` of a configuration folder. */
export class SeenFiles implements SeenMemory {
  readonly #env: (name: string) => string | undefined;
  #open: { readonly path: string; readonly file: Deno.FsFile } | undefined;

  /** @param env Looks up an environment variable: where the folder is. */
  constructor(env: (name: string) => string | undefined) {
    this.#env = env;
  }

  read(owner: InboxOwner): SeenMark | undefined {
    try {
      return parseMark(Deno.readTextFileSync(this.#pathOf(owner)));
    } catch {
      return undefined;
    }
  }

  write(owner: InboxOwner, mark: SeenMark): void {
    try {
      const path = this.#pathOf(owner);
      if (this.#open?.path !== path) this.#openFile(path);
      this.#open?.file.seekSync(0, Deno.SeekMode.Start);
      this.#open?.file.writeSync(new TextEncoder().encode(formatMark(mark)));
    } catch {
      this.#close();
    }
  }

  #openFile(path: string): void {
    this.#close();
    Deno.mkdirSync(this.#folder(), { recursive: true, mode: 0o700 });
    const file = Deno.openSync(path, {
      write: true,
      create: true,
      mode: 0o600,
    });
    this.#open = { path, file };
  }

  #close(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  /** @throws {StartError} when the environment names no place for it. */
  #folder(): string {
    return join(configFolderPath(this.#env), "seen");
  }

  #pathOf({ store, user }: InboxOwner): string {
    // Both come from elsewhere; and not every file system tells Yoda from yoda.
    const name = `${encodeHex(store)}-${encodeHex(user)}`;
    return join(this.#folder(), name);
  }
}

/** Two lines; what a longer one before left behind them is nothing. */
function formatMark({ id, account, epochs }: SeenMark): string {
  const number = String(id).padStart(idDigits);
  if (account === undefined) return `${number}\n\n`;
  const runs = epochs.map(({ epoch, after }) => ` ${epoch}:${after}`);
  return `${number}\n${account}${runs.join("")}\n`;
}

function parseMark(text: string): SeenMark | undefined {
  const [number = "", origin = ""] = text.split("\n");
  const id = Number(number);
  if (!/^ *[0-9]+$/.test(number) || !Number.isSafeInteger(id)) return undefined;
  const [account = "", ...runs] = origin.split(" ");
  if (!hexadecimal.test(account)) return { id, epochs: [] };
  const epochs = runs.slice(-limits.toldEpochs).map((run) => {
    const [epoch = "", after = ""] = run.split(":");
    return { epoch, after: Number(after) };
  });
  const isWhole = epochs.every(({ epoch, after }) =>
    hexadecimal.test(epoch) && Number.isSafeInteger(after) && after >= 0
  );
  return isWhole ? { id, account, epochs } : { id, epochs: [] };
}

const hexadecimal = /^[0-9a-f]{16}$/;
/** Digits of the largest safe integer. */
const idDigits = 16;
