import { StartError } from "./start_error.ts";
import { openPins } from "./open_pins.ts";

/**
 * Forgets a server's key (`--forget`); returns the line to print.
 *
 * @param label As `serverLabel` writes it.
 * @throws {StartError} when it is not known, or the pins cannot be used.
 */
export async function forgetServer(label: string): Promise<string> {
  const pins = await openPins();
  if (await pins.forget(label)) {
    return `${label} is forgotten; the key it shows next will be accepted`;
  }
  throw new StartError(
    `${label} is not among the known servers in "${pins.path}"; ` +
      "name it with host and port as the client was started",
  );
}
