/** `parley-server user …` as a program: asks, derives, writes, prints. */
import { resolve } from "@std/path";
import { CredentialsFile, userCommandLine } from "./credentials_file.ts";
import {
  checkUserAction,
  hashPasswords,
  importUsers,
  listUsers,
  newAccounts,
  parseUserCommand,
  plainPasswords,
  removeUser,
  setPassword,
  type UserAction,
  type UserCommand,
  UserCommandError,
  type UserEdit,
} from "./user_command.ts";
import type { Verifier } from "../../security/verifier.ts";
import {
  mostEditedBytes,
  updateFileAtomically,
} from "../../system/files.io.ts";
import {
  readGivenFile,
  readGivenText,
  readPlainFile,
} from "../../system/read_file.io.ts";
import {
  type Console,
  runCommand,
  systemConsole,
} from "../../cli/console.io.ts";
import { closedText, readCredentials } from "./credentials.io.ts";
import { homeFolder } from "../../system/home_folder.io.ts";
import {
  askUntilGood,
  makeNewVerifier,
  readNewPassword,
} from "./new_password.io.ts";
import { StartError, textFileReason } from "../../system/errors.io.ts";
import {
  type RequestOutcome,
  type ServerData,
  SqliteData,
} from "../store/server_data.io.ts";
import type { PostgresData } from "../store/postgres/postgres_data.io.ts";
import { isUserName } from "../../wire/names.ts";

/**
 * Runs a `user` command.
 *
 * @param args What follows `user` on the command line.
 * @returns The exit code: 0 done, 1 not done, 2 for a wrong command line.
 */
export function runUserCommand(
  args: readonly string[],
  console: Console = systemConsole,
): Promise<number> {
  const request = parseUserCommand(args, homeFolder());
  return runCommand(request, console, async (command) => {
    try {
      await run(command, console);
      return 0;
    } catch (error) {
      if (!(error instanceof UserCommandError)) throw error;
      console.complain(error.message);
      return 1;
    }
  });
}

async function run(command: UserCommand, console: Console): Promise<void> {
  const { credentials, dataDir } = command;
  const isNew = command.action.do === "add";
  using cluster = command.cluster ? await openCluster(command) : undefined;
  const file = cluster === undefined
    ? await readCredentials(
      credentials,
      isNew ? "" : undefined,
      // What is to be edited must be a file.
      command.action.do === "list" ? readGivenFile : readPlainFile,
    )
    : new CredentialsFile(await cluster.accountText());
  const action = isNew ? command.action : spelled(file, command.action);
  for (const { message } of file.problems) {
    console.complain(`${credentials}: ${message}`);
  }
  if (action.do === "list") {
    for (const line of listUsers(file)) console.print(line);
    return;
  }
  if (action.do === "export") {
    for (const line of file.text.trimEnd().split("\n")) console.print(line);
    return;
  }
  if (cluster !== undefined && isNew && file.accounts.size === 0) {
    await refuseToLeaveOut(credentials);
  }
  using own = cluster === undefined ? await openData(command) : undefined;
  const data = cluster ?? own;
  const account = "name" in action
    ? await data?.account(action.name)
    : undefined;
  checkUserAction(file, action, account !== undefined);
  const edit = (change: (file: CredentialsFile) => UserEdit) =>
    cluster === undefined
      ? editAccounts(credentials, change, console)
      : editRows(cluster, change);
  switch (action.do) {
    case "unlock":
      return console.print(await unlock(action.name, data, dataDir));
    case "remove": {
      const isKnown = account !== undefined;
      const remove = () => edit((file) => removeUser(file, action, isKnown));
      let done = "";
      if (data === undefined || account === undefined || action.keep) {
        done = await remove();
      } else {
        await data.requestWith("remove", account, async () => {
          done = await remove();
        });
      }
      if (data === undefined) {
        done +=
          `; there are no data of a server in "${dataDir}": if they are ` +
          "elsewhere, run this again with --data-dir or --database";
      }
      return console.print(done + await tell(data));
    }
    case "hash": {
      const hashed = await deriveAll(plainPasswords(file.accounts));
      const done = await edit((file) => hashPasswords(file, hashed));
      return console.print(done + await tell(data));
    }
    case "import": {
      const given = await readCredentials(action.file);
      for (const { message } of given.problems) {
        console.complain(`${action.file}: ${message}`);
      }
      const hashed = await deriveAll(plainPasswords(newAccounts(file, given)));
      const done = await edit((file) => importUsers(file, given, hashed));
      return console.print(done + await tell(data));
    }
    default: {
      const password = await readNewPassword(console, command.passwordFile);
      const verifier = await makeNewVerifier(password);
      const done = await edit((file) => setPassword(file, action, verifier));
      if (action.do === "add") return console.print(done + await tell(data));
      const outcome = await data?.request("password", action.name);
      return console.print(done + afterwards(outcome));
    }
  }
}

/** The data of the server that the command is for. */
async function openData(
  { dataDir, database }: UserCommand,
): Promise<ServerData | undefined> {
  if (database === undefined) return await SqliteData.open(dataDir);
  return await openPostgres(dataDir, database, false);
}

/** The data of the cluster that the command is for, with its accounts. */
function openCluster(
  { dataDir, database = "" }: UserCommand,
): Promise<PostgresData> {
  return openPostgres(dataDir, database, true);
}

async function openPostgres(
  dataDir: string,
  database: string,
  isCluster: boolean,
): Promise<PostgresData> {
  // Loaded where it is used: it takes longer than all the rest.
  const [{ PostgresData }, { readDatabaseOption }] = await Promise.all([
    import("../store/postgres/postgres_data.io.ts"),
    import("../store/postgres/database_option.io.ts"),
  ]);
  const place = await readDatabaseOption(database);
  return await PostgresData.open(dataDir, place, isCluster);
}

/** A cluster takes the accounts of the file while it has none of its own. */
async function refuseToLeaveOut(path: string): Promise<void> {
  const text = await readGivenText(path, mostEditedBytes).catch(() => "");
  if (new CredentialsFile(text).accounts.size === 0) return;
  throw new UserCommandError(
    `those of "${path}" are not in the database yet: bring them there first ` +
      `with "user import ${path}", or name another file with --credentials`,
  );
}

/** Edits the accounts of a cluster; returns what was done, for people. */
async function editRows(
  cluster: PostgresData,
  change: (file: CredentialsFile) => UserEdit,
): Promise<string> {
  let done = "";
  await cluster.editAccountText((text) => {
    const edit = change(new CredentialsFile(text));
    done = edit.done;
    return edit.file.text;
  });
  return done;
}

/** The action with the name of its account as that is spelled. */
function spelled(file: CredentialsFile, action: UserAction): UserAction {
  return "name" in action
    ? { ...action, name: file.nameOf(action.name) }
    : action;
}

/** Has a running server read the accounts; what is to be said if it did not. */
async function tell(data: ServerData | undefined): Promise<string> {
  return afterwards(await data?.request("accounts"));
}

function afterwards(outcome: RequestOutcome | undefined): string {
  return outcome === "unanswered"
    ? "; the server does not answer: it will notice the change later"
    : "";
}

async function unlock(
  name: string,
  data: ServerData | undefined,
  dataDir: string,
): Promise<string> {
  if (data === undefined) {
    throw new StartError(
      `there are no data of a server in "${dataDir}"; ` +
        "does the server use another --data-dir, or a --database?",
    );
  }
  const outcome = await data.request("unlock", name);
  return outcome === "later"
    ? `account "${name}" will be unlocked when the server starts`
    : `account "${name}" is unlocked${afterwards(outcome)}`;
}

/**
 * Edits the accounts as they are now, which may be other than before asking.
 *
 * @returns What was done, for people.
 */
async function editAccounts(
  path: string,
  change: (file: CredentialsFile) => UserEdit,
  console: Console,
): Promise<string> {
  let done = "";
  let isNew = false;
  try {
    await updateFileAtomically(path, (text) => {
      const edit = change(new CredentialsFile(text ?? ""));
      done = edit.done;
      isNew = text === undefined;
      return edit.file.text;
    }, { onClosed: () => console.complain(closedText(path)) });
  } catch (error) {
    if (error instanceof UserCommandError) throw error;
    throw new StartError(
      `cannot write the accounts to "${path}": ${textFileReason(error)}`,
    );
  }
  if (!isNew) return done;
  // Most likely in the wrong folder, where a server runs already.
  return `${done} to the new file "${resolve(path)}"; a server that runs in ` +
    "another folder does not read it";
}

async function deriveAll(
  passwords: ReadonlyMap<string, string>,
): Promise<Map<string, { password: string; verifier: Verifier }>> {
  const hashed = new Map<string, { password: string; verifier: Verifier }>();
  for (const [name, password] of passwords) {
    hashed.set(name, { password, verifier: await makeNewVerifier(password) });
  }
  return hashed;
}

/**
 * When there is no file of accounts at all: offers to make it with a first
 * account, or says which command does. Does nothing when there is a file.
 *
 * @param path Of `credentials.txt`.
 * @returns The name of the account that was made, if one was.
 * @throws {StartError} when there is nobody to ask, or they decline.
 */
export async function ensureFirstAccount(
  path: string,
  console: Console = systemConsole,
): Promise<string | undefined> {
  if (await exists(path)) return undefined;
  const advice = `there are no accounts: "${path}" does not exist; ` +
    `make one with: ${userCommandLine("add NAME", path)}`;
  const { prompt } = console;
  if (prompt === undefined) throw new StartError(advice);
  console.complain(`There are no accounts yet: "${path}" does not exist.`);
  const answer = await askUntilGood(
    console,
    async () =>
      (await prompt.askLine("Make the first one now? [Y/n] ") ?? "n").trim(),
    // Who types a name here wants one.
    (answer) =>
      /^(y|yes|n|no)?$/i.test(answer)
        ? undefined
        : `"${answer}" is neither y nor n`,
  );
  if (/^n/i.test(answer)) throw new StartError(advice);
  const name = await askUntilGood(
    console,
    async () => (await prompt.askLine("Username: "))?.trim(),
    (name) =>
      isUserName(name)
        ? undefined
        : `invalid user name "${name}": must be 1 to 32 of A-Z a-z 0-9 . _ -`,
  );
  const verifier = await makeNewVerifier(await readNewPassword(console));
  try {
    await updateFileAtomically(path, (text) => {
      const file = new CredentialsFile(text ?? "");
      return file.accounts.has(name) ? text : file.add(name, verifier).text;
    });
  } catch (error) {
    throw new StartError(
      `cannot write the accounts to "${path}": ${textFileReason(error)}`,
    );
  }
  console.complain(
    `account "${name}" added to "${path}"; add the next one, in this folder, with: ` +
      userCommandLine("add NAME", path),
  );
  return name;
}

/** False only when it is certain that there is nothing. */
async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
