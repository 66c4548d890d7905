import { connect } from "@nats-io/transport-node";
import { reasonOf } from "../../system/errors.io.ts";
import { decodeLead, type HeardCore, type Lead } from "./cluster_fields.ts";
import { subjectsOf } from "./cluster_network.io.ts";
import { natsFault, natsLogin } from "./nats_bus.io.ts";
import type { NatsAccess } from "./nats_option.io.ts";

/**
 * Listens until the core says that it is there, which it does each second.
 *
 * @param secret Of the cluster.
 */
export async function heardCore(
  place: NatsAccess,
  secret: Uint8Array,
): Promise<HeardCore> {
  try {
    const connection = await connect({ ...natsLogin(place), reconnect: false });
    try {
      const subject = `${subjectsOf(secret)}.lead`;
      const lead = Promise.withResolvers<Lead | undefined>();
      connection.subscribe(subject, {
        callback: (error, { data }) => {
          if (error === null) lead.resolve(decodeLead(data));
        },
      });
      const timer = setTimeout(() => lead.resolve(undefined), listenMs);
      const heard = await lead.promise;
      clearTimeout(timer);
      return heard === undefined ? {} : { lead: heard };
    } finally {
      await connection.close();
    }
  } catch (error) {
    return { fault: natsFault(place.servers, reasonOf(error)) };
  }
}

/** How long is listened, ms. */
const listenMs = 3_000;
