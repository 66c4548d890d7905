// Where the server's things are unless something else is said.

/** The accounts. */
export const defaultCredentials = "credentials.txt";

/** Folder of logs and database. */
export const defaultDataDir = "data";
