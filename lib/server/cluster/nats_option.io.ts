import { StartError, textFileReason } from "../../system/errors.io.ts";
import { firstLine } from "../../system/files.io.ts";
import { type NatsPlace, parseNatsPlace } from "./nats_option.ts";
import { readGivenText } from "../../system/read_file.io.ts";

/** A {@link NatsPlace} with what is in its files. */
export interface NatsAccess extends NatsPlace {
  /** PEM. */
  readonly authority?: string;
  readonly credentials?: string;
}

/**
 * What `--nats` means: addresses, or the path of a file whose first line they
 * are, so that a password need not stand where everybody on the machine can read
 * it.
 *
 * @throws {StartError} when it cannot be read, without what is in it.
 */
export async function readNatsOption(option: string): Promise<NatsAccess> {
  const isPath = !option.includes("://");
  const place = parseNatsPlace(
    isPath ? await firstLine(option, "the address of NATS", "nats://") : option,
  );
  if (typeof place === "string") {
    const where = isPath ? `"${option}"` : "--nats";
    throw new StartError(
      `cannot use the address of NATS in ${where}: ${place}`,
    );
  }
  const { ca, creds } = place;
  return {
    ...place,
    ...ca !== undefined && {
      authority: await textOf(ca, "the certificates for NATS"),
    },
    ...creds !== undefined && {
      credentials: await textOf(creds, "the credentials for NATS"),
    },
  };
}

async function textOf(path: string, what: string): Promise<string> {
  try {
    return await readGivenText(path);
  } catch (error) {
    throw new StartError(
      `cannot read ${what}, "${path}": ${textFileReason(error)}`,
    );
  }
}
