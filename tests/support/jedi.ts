/** The people of most end-to-end tests: each one's password is the name backwards. */
import { accountLine } from "./account_line.ts";
import { ProtocolClient } from "./protocol_client.ts";
import { TestClient, type TestClientOptions } from "./test_client.ts";
import { TestServer } from "./test_server.ts";

/** Everybody there is. */
export const jedi = ["yoda", "obiwan", "luke", "leia"] as const;

/** The password of `name`. */
export function passwordOf(name: string): string {
  return [...name].reverse().join("");
}

/** Lines of credentials.txt for everybody. */
export const jediAccounts: string = jedi
  .map((name) => accountLine(name, passwordOf(name))).join("");

/** A server that knows everybody. */
export function startServer(...args: string[]): Promise<TestServer> {
  return TestServer.start({ accounts: jediAccounts, args });
}

/** Where a server is, which may be several. */
export type ServerPlace = Pick<TestServer, "port" | "plain">;

/** A client that is logged in as `name`. */
export function logIn(
  server: ServerPlace,
  name: string,
  options: TestClientOptions = {},
): Promise<TestClient> {
  return TestClient.login(server, name, passwordOf(name), options);
}

/**
 * Makes `name`, who is offline, a user without a key: the next client's is theirs
 * from then on. It logs in with one that knows of no devices and has none.
 */
export async function loseKey(
  { port, plain }: ServerPlace,
  name: string,
): Promise<void> {
  using client = plain
    ? await ProtocolClient.connect(port)
    : await ProtocolClient.connectTls(port);
  await client.hello();
  await client.authenticate(name, passwordOf(name));
  await client.request("logout");
}
