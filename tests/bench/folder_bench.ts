/**
 * What many small files cost beside one large one of the same size, through the
 * real programs on loopback: each is sent in turn, some rounds, and timed by the
 * sender's command. Nothing is removed in between: ext4 is slow to make files
 * for some seconds after many were. `deno task bench folder`.
 */
import { join } from "@std/path";
import { logIn, startServer } from "../support/jedi.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { usageOf } from "./process_usage.ts";
import { writeRandomFile } from "../support/random_file.ts";

/** How much is sent. */
export interface FolderBenchOptions {
  /** Files of 4,096 bytes; 10,000 by default. */
  readonly files?: number;
  /** 5 by default. */
  readonly rounds?: number;
}

/** Sends one file and a folder of as many bytes in turn; prints a line each. */
export async function folderBench(
  { files = 10_000, rounds = 5 }: FolderBenchOptions = {},
): Promise<void> {
  await withTempFolder(async (folder) => {
    await makeFiles(join(folder, "many"), files);
    await writeRandomFile(join(folder, "one"), files * fileBytes);
    await using server = await startServer();
    await using yoda = await logIn(server, "yoda");
    await using luke = await logIn(server, "luke");
    for (let round = 0; round < rounds; round++) {
      for (const name of ["one", "many"]) {
        const before = [yoda, luke].map(({ process }) =>
          usageOf(process.pid).cpuMs
        );
        const started = performance.now();
        const from = yoda.process.out.length;
        await yoda.send(`/send luke ${join(folder, name)}`);
        const waiting = { from, timeoutMs: patienceMs };
        const sent = await yoda.event("result", { ok: true }, waiting);
        const whole = Math.round(performance.now() - started);
        const memory = [yoda, luke].map(({ process }) =>
          usageOf(process.pid).peakKb
        );
        const cpu = [yoda, luke].map(({ process }, i) =>
          usageOf(process.pid).cpuMs - before[i]!
        );
        const line = { case: `folder-${name}`, files, ms: whole };
        print({ ...line, transfer_ms: sent.ms, cpu_ms: cpu, peak_kB: memory });
      }
    }
  });
}

async function makeFiles(folder: string, files: number): Promise<void> {
  const bytes = new Uint8Array(fileBytes);
  for (let i = 0; i < files; i++) {
    const inner = join(folder, `${Math.floor(i / filesInFolder)}`);
    if (i % filesInFolder === 0) await Deno.mkdir(inner, { recursive: true });
    bytes.fill(i);
    await Deno.writeFile(join(inner, `${i}.bin`), bytes);
  }
}

function print(line: object): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
}

const fileBytes = 4096;
const filesInFolder = 100;
const patienceMs = 390_000;
