import { StartError } from "../../system/errors.io.ts";
import { firstLine } from "../../system/files.io.ts";
import { type NatsPlace, parseNatsPlace } from "./nats_option.ts";

/**
 * What `--nats` means: addresses, or the path of a file whose first line they
 * are, so that a password need not stand where everybody on the machine can read
 * it.
 *
 * @throws {StartError} when it cannot be read, without what is in it.
 */
export async function readNatsOption(option: string): Promise<NatsPlace> {
  const isPath = !option.includes("://");
  const place = parseNatsPlace(
    isPath ? await firstLine(option, "the address of NATS") : option,
  );
  if (typeof place !== "string") return place;
  const where = isPath ? `"${option}"` : "--nats";
  throw new StartError(`cannot use the address of NATS in ${where}: ${place}`);
}
