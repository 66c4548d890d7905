/** `server user …` as a program: asks, derives, writes, prints. */
import { CredentialsFile } from "../server/credentials_file.ts";
import {
  checkUserAction,
  hashPasswords,
  listUsers,
  parseUserCommand,
  plainPasswords,
  removeUser,
  setPassword,
  type UserCommand,
  UserCommandError,
  type UserEdit,
} from "../server/user_command.ts";
import type { Verifier } from "../protocol/verifier.ts";
import { decodeStrictly, updateFileAtomically } from "./atomic_file.ts";
import { type Console, systemConsole } from "./console.ts";
import { closedText } from "./credentials_source.ts";
import { makeNewVerifier, readNewPassword } from "./new_password.ts";
import { textFileReason } from "./reason_of.ts";
import { StartError } from "./start_error.ts";
import { requestUnlock } from "./unlock_request.ts";

/**
 * Runs a `user` command.
 *
 * @param args What follows `user` on the command line.
 * @returns The exit code: 0 done, 1 not done, 2 for a wrong command line.
 */
export async function runUserCommand(
  args: readonly string[],
  console: Console = systemConsole,
): Promise<number> {
  const request = parseUserCommand(args);
  if (request.kind === "error") {
    console.complain(request.message);
    return 2;
  }
  if (request.kind !== "run") {
    console.print(request.text);
    return 0;
  }
  try {
    await run(request.options, console);
    return 0;
  } catch (error) {
    if (!(error instanceof StartError || error instanceof UserCommandError)) {
      throw error;
    }
    console.complain(error.message);
    return 1;
  }
}

async function run(command: UserCommand, console: Console): Promise<void> {
  const { action, credentials } = command;
  const file = await readAccounts(credentials, action.do === "add");
  for (const { message } of file.problems) {
    console.complain(`${credentials}: ${message}`);
  }
  checkUserAction(file, action);
  const edit = (change: (file: CredentialsFile) => UserEdit) =>
    editAccounts(credentials, change, console);
  switch (action.do) {
    case "list":
      for (const line of listUsers(file)) console.print(line);
      return;
    case "unlock":
      await requestUnlock(command.dataDir, action.name);
      console.print(`account "${action.name}" will be unlocked in a moment`);
      return;
    case "remove":
      return await edit((file) => removeUser(file, action.name));
    case "hash": {
      const hashed = await deriveAll(plainPasswords(file));
      return await edit((file) => hashPasswords(file, hashed));
    }
    default: {
      const password = await readNewPassword(console, command.passwordFile);
      const verifier = await makeNewVerifier(password);
      const { name, do: what } = action;
      return await edit((file) =>
        setPassword(file, { do: what, name }, verifier)
      );
    }
  }
}

/** The accounts; none when the file is missing and that is all right. */
async function readAccounts(
  path: string,
  mayBeMissing: boolean,
): Promise<CredentialsFile> {
  try {
    return new CredentialsFile(decodeStrictly(await Deno.readFile(path)));
  } catch (error) {
    if (mayBeMissing && error instanceof Deno.errors.NotFound) {
      return new CredentialsFile("");
    }
    throw new StartError(
      `cannot read the accounts in "${path}": ${textFileReason(error)}`,
    );
  }
}

/** Edits the accounts as they are now, which may be other than before asking. */
async function editAccounts(
  path: string,
  change: (file: CredentialsFile) => UserEdit,
  console: Console,
): Promise<void> {
  let done = "";
  try {
    await updateFileAtomically(path, (text) => {
      const edit = change(new CredentialsFile(text ?? ""));
      done = edit.done;
      return edit.file.text;
    }, { onClosed: () => console.complain(closedText(path)) });
  } catch (error) {
    if (error instanceof UserCommandError) throw error;
    throw new StartError(
      `cannot write the accounts to "${path}": ${textFileReason(error)}`,
    );
  }
  console.print(done);
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
