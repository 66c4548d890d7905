/**
 * Swaps names of files and of their folder for links, as fast as it can, in a
 * thread of its own. Loaded as a worker, never imported.
 */
interface Orders {
  /** Names that are taken away and put back. */
  readonly targets: readonly string[];
  /** Where the links lead, one for each. */
  readonly links: readonly string[];
  readonly swaps: number;
}

interface WorkerScope {
  onmessage: (event: MessageEvent<Orders>) => void;
  postMessage(swaps: number): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => {
  const { targets, links, swaps } = data;
  let done = 0;
  for (let i = 0; done < swaps; i++) {
    const index = i % targets.length;
    if (swap(targets[index]!, links[index]!)) done++;
    if (i > 100 * swaps) break;
  }
  scope.postMessage(done);
};

/** False when there is nothing to swap. */
function swap(target: string, link: string): boolean {
  const aside = `${target}.aside`;
  try {
    Deno.renameSync(target, aside);
  } catch {
    return false;
  }
  attempt(() => Deno.symlinkSync(link, target));
  attempt(() => Deno.removeSync(target));
  attempt(() => Deno.renameSync(aside, target));
  return true;
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Somebody else was there meanwhile.
  }
}
