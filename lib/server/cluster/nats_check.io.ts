import { connect } from "@nats-io/transport-node";
import type { CheckResult } from "../../cli/check_result.ts";
import { reasonOf } from "../../system/errors.io.ts";
import { natsFault, natsLogin } from "./nats_bus.io.ts";
import type { NatsAccess } from "./nats_option.io.ts";

/** Looks whether a node could use NATS, each of its servers by itself. */
export async function checkNats(place: NatsAccess): Promise<CheckResult[]> {
  const found: CheckResult[] = [];
  for (const server of place.servers) {
    try {
      const connection = await connect({
        ...natsLogin(place),
        servers: [server],
        reconnect: false,
      });
      const { version = "", max_payload: most = 0 } = connection.info ?? {};
      await connection.close();
      found.push(
        most >= leastPayload
          ? { status: "ok", message: `NATS: ${server} (NATS ${version})` }
          : {
            status: "fail",
            message: `NATS: ${server} takes messages of ${most} bytes only; ` +
              `set max_payload to ${leastPayload} at least`,
          },
      );
    } catch (error) {
      const why = natsFault([server], reasonOf(error));
      found.push({ status: "fail", message: `NATS: ${why}` });
    }
  }
  return found;
}

/** Bytes of a message between nodes, at most. */
const leastPayload = 1024 * 1024;
