/**
 * What the two ends of a transfer have in common whose file is not resumed block
 * by block, whatever it is.
 */

/** Of a source: nothing changes before, and nothing is at the receiver. */
export abstract class OneTrySource {
  checkStart(): Promise<void> {
    return Promise.resolve();
  }

  checkParts(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

/** Of a sink: nothing is here before, and no map is kept of what comes. */
export abstract class OneTrySink {
  readonly kept = new Uint32Array(0);
  readonly checked = Promise.resolve(true);
  readonly part = {
    isResumable: false,
    record: () => Promise.resolve(),
    sync: () => Promise.resolve(),
  };
}
