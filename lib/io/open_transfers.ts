import type { ClientOptions } from "../client/client_options.ts";
import type { TransferEvent } from "../client/transfer_port.ts";
import { StartError } from "./start_error.ts";
import { systemClock } from "./system_clock.ts";
import { systemRandom } from "./system_random.ts";
import { TransferService } from "./transfer_service.ts";

/**
 * Opens the client's transfer service with its UDP port.
 *
 * @throws {StartError} when the port cannot be had.
 */
export function openTransfers(
  options: Pick<ClientOptions, "udpPort" | "downloadDir" | "limit">,
  onEvent: (event: TransferEvent) => void,
): TransferService {
  const { udpPort, downloadDir } = options;
  try {
    const transfers = new TransferService({
      udpPort,
      downloadDir,
      onEvent,
      random: systemRandom,
      clock: systemClock,
      rehearseAfterMs,
    });
    transfers.limit(options.limit);
    return transfers;
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "it is in use; choose another one or 0 for any"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new StartError(`cannot open UDP port ${udpPort}: ${why}`);
  }
}

/** Once the client has its prompt; scripts have mostly ended by then. */
const rehearseAfterMs = 2_000;
