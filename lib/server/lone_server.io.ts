/**
 * What a server without others begins with, loaded as one: the executable keeps
 * compiled only what it loads in the first moment.
 */
export { ensureFirstAccount } from "./accounts/user_command.io.ts";
export { CredentialsSource } from "./accounts/credentials.io.ts";
export { startServer } from "./start.io.ts";
