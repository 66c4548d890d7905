import { withoutMark } from "../protocol/text_file.ts";
import { reasonOf } from "./reason_of.ts";
import { StartError } from "./start_error.ts";

/**
 * The text of a file, without a byte order mark, or `undefined` when there is
 * none.
 *
 * @throws {StartError} when it is there and cannot be read.
 */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    return withoutMark(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new StartError(`cannot read "${path}": ${reasonOf(error)}`);
  }
}
