/** How the body of an answer is written, no faster than it is taken. */

/** Where a body goes: what is needed of a ServerResponse. */
export interface BodyTarget {
  readonly destroyed: boolean;
  write(bytes: Uint8Array): boolean;
  end(): void;
  destroy(): void;
  on(event: "drain" | "close", act: () => void): unknown;
  off(event: "drain" | "close", act: () => void): unknown;
}

/** Resolves when more can be written, or nobody wants it any more. */
export function drained(target: BodyTarget): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      target.off("drain", done);
      target.off("close", done);
      resolve();
    };
    target.on("drain", done);
    target.on("close", done);
    if (target.destroyed) done();
  });
}
