/** A stream that a program is started with. */
export type StandardStream = "stdin" | "stdout" | "stderr";

/**
 * The stream that a path such as `/dev/stdout` or `/dev/fd/1` means;
 * `undefined` for any other. The runtime opens none of these paths for a
 * program with few permissions, but hands the streams over.
 */
export function standardStream(path: string): StandardStream | undefined {
  const name = /^\/dev\/(std(?:in|out|err)|fd\/[012])$/.exec(path)?.[1];
  return name === undefined ? undefined : streams[name];
}

const streams: Record<string, StandardStream> = {
  "stdin": "stdin",
  "stdout": "stdout",
  "stderr": "stderr",
  "fd/0": "stdin",
  "fd/1": "stdout",
  "fd/2": "stderr",
};
