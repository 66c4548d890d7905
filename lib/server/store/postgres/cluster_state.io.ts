import { StartError } from "../../../system/errors.io.ts";
import type { ClusterState } from "../lease.ts";
import { type DatabasePlace, shownPlace } from "./database_place.ts";
import { PostgresRefusal, PostgresSession } from "./postgres_session.io.ts";

/**
 * Asks for it.
 *
 * @throws {StartError} when the database cannot be asked, or is of no cluster.
 */
export async function readClusterState(
  place: DatabasePlace,
): Promise<ClusterState> {
  let session: PostgresSession | undefined;
  try {
    session = await PostgresSession.open(place);
    const [core] = await session.query(
      "SELECT CASE WHEN expires > clock_timestamp() THEN node ELSE '' END " +
        "AS node, lease, secret FROM core",
    );
    const nodes = await session.query(
      "SELECT name, version, key, " +
        "extract(epoch FROM clock_timestamp() - seen)::float8 AS age " +
        "FROM nodes ORDER BY name, seen DESC",
    );
    return {
      core: String(core?.node),
      term: Number(core?.lease),
      secret: new Uint8Array(core?.secret as Uint8Array),
      nodes: nodes.map(({ name, version, key, age }) => ({
        ...{ name: String(name), version: String(version), key: String(key) },
        age: Number(age),
      })),
    };
  } catch (error) {
    if (error instanceof StartError) throw error;
    const isNone = error instanceof PostgresRefusal &&
      ["42P01", "42703"].includes(error.code);
    throw new StartError(
      isNone
        ? `no cluster has used database ${shownPlace(place)} yet`
        : (error as Error).message,
    );
  } finally {
    session?.close();
  }
}
