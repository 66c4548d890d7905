/**
 * `parley-server user …`: managing the accounts from the command line.
 * Here is what a command means and what it does to the text of
 * `credentials.txt`; asking, deriving and writing are the shell's.
 */
import {
  type CommandLine,
  lastSwitch,
  lastValue,
  parseCommandLine,
  parseNonEmpty,
  type StartRequest,
  startRequest,
  UsageError,
} from "../../cli/command_line.ts";
import { homePath } from "../../base/home_path.ts";
import { isUserName, userKey } from "../../wire/names.ts";
import { nearestWord } from "../../base/nearest_word.ts";
import { renderHelp } from "../../cli/program_page.ts";
import {
  type Accounts,
  type Credential,
  CredentialsFile,
} from "./credentials_file.ts";
import { defaultCredentials, defaultDataDir } from "./default_paths.ts";
import { userOptionRows, userPage } from "./user_option_rows.ts";
import { parseDatabaseOption } from "../store/postgres/database_option.ts";
import { formatVerifier, type Verifier } from "../../security/verifier.ts";

/** What is to be done with one account. */
export interface NamedAction<
  Do extends string = "add" | "passwd" | "remove" | "unlock",
> {
  readonly do: Do;
  readonly name: string;
  /** Of `remove`: the person only loses the account, and may get it back. */
  readonly keep?: boolean;
  /** Of `add`: the account is for the person that one was of before. */
  readonly restore?: boolean;
}

/** What is to be done. */
export type UserAction =
  | NamedAction<"add" | "passwd">
  | NamedAction<"remove">
  | NamedAction<"unlock">
  | { readonly do: "list" }
  | { readonly do: "import"; readonly file: string }
  | { readonly do: "export" }
  | { readonly do: "hash" };

/** A `user` command and where it applies. */
export interface UserCommand {
  readonly action: UserAction;
  /** Path of the accounts. */
  readonly credentials: string;
  /** Folder of the running server's database. */
  readonly dataDir: string;
  /** The running server's `--database`. */
  readonly database?: string;
  /** The accounts are in the database. */
  readonly cluster?: true;
  /** Path of a file whose first line is the new password. */
  readonly passwordFile?: string;
}

/** A command that cannot be carried out, in one line for people. */
export class UserCommandError extends Error {
  override readonly name = "UserCommandError";
}

/** What a command has done to the accounts. */
export interface UserEdit {
  readonly file: CredentialsFile;
  /** For people. */
  readonly done: string;
}

/**
 * Reads the arguments after `user`.
 *
 * @param home The home folder, for paths that begin with `~/`.
 */
export function parseUserCommand(
  args: readonly string[],
  home?: string,
): StartRequest<UserCommand> {
  return startRequest(() => {
    const line = parseCommandLine(args, userOptionRows, ["COMMAND", "NAME"]);
    if (line.options.has("--help")) {
      return { kind: "help", text: renderHelp(userPage) };
    }
    const path = (name: string, standard: string, what: string) =>
      homePath(
        parseNonEmpty(name, lastValue(line, name) ?? standard, what),
        home,
      );
    const passwordFile = lastValue(line, "--password-file");
    const database = lastValue(line, "--database");
    const cluster = lastSwitch(line, "--cluster") !== undefined;
    if (cluster && database === undefined) {
      throw new UsageError("--cluster needs --database");
    }
    const action = withSwitches(parseAction(line.positionals), line);
    if (!cluster && (action.do === "import" || action.do === "export")) {
      throw new UsageError(
        `user ${action.do} is for the accounts of a cluster: add --cluster and ` +
          "--database",
      );
    }
    const options: UserCommand = {
      action: action.do === "import"
        ? { ...action, file: homePath(action.file, home) }
        : action,
      credentials: path(
        "--credentials",
        defaultCredentials,
        "the path of a file",
      ),
      dataDir: path("--data-dir", defaultDataDir, "the path of a folder"),
      ...database !== undefined && {
        database: parseDatabaseOption(database, home),
      },
      ...cluster && { cluster },
      ...passwordFile !== undefined && {
        passwordFile: homePath(
          parseNonEmpty("--password-file", passwordFile, "the path of a file"),
          home,
        ),
      },
    };
    return { kind: "run", options };
  });
}

/**
 * Checks that `action` can be done, before anybody is asked for a password.
 *
 * @param isKnown The server's data know somebody of that name, who has an
 * account or had one.
 * @throws {UserCommandError} when it cannot.
 */
export function checkUserAction(
  file: CredentialsFile,
  action: UserAction,
  isKnown = false,
): void {
  if (!("name" in action)) return;
  const { name } = action;
  const exists = file.accounts.has(name);
  if (action.do === "add" && exists) {
    throw new UserCommandError(
      `account "${name}" exists already; "user passwd ${name}" changes its password`,
    );
  }
  const alike = file.alike(name);
  if (action.do === "add" && alike !== undefined) {
    throw new UserCommandError(
      `account "${alike}" exists already; names that differ only in capital ` +
        "letters are the same",
    );
  }
  if (action.do === "add") return checkPerson(action, isKnown);
  // What is kept of somebody without an account can be removed, too.
  if (action.do === "remove" && isKnown && !action.keep) return;
  if (!exists) {
    throw new UserCommandError(
      `there is no account "${name}"; "user list" shows all`,
    );
  }
}

/**
 * Adds the account or changes its password.
 *
 * @throws {UserCommandError} when that cannot be done.
 */
export function setPassword(
  file: CredentialsFile,
  action: NamedAction<"add" | "passwd">,
  verifier: Verifier,
): UserEdit {
  const { name, restore } = action;
  checkUserAction(file, action, restore);
  const whose = restore ? " with what was kept" : "";
  return action.do === "add"
    ? {
      file: file.add(name, verifier),
      done: `account "${name}" added${whose}`,
    }
    : {
      file: file.setVerifiers(new Map([[name, verifier]])),
      done: `password of "${name}" changed`,
    };
}

/**
 * Removes the account.
 *
 * @param isKnown As of {@link checkUserAction}.
 * @throws {UserCommandError} when there is none.
 */
export function removeUser(
  file: CredentialsFile,
  action: NamedAction<"remove">,
  isKnown = false,
): UserEdit {
  const { name, keep } = action;
  checkUserAction(file, action, isKnown);
  const what = file.accounts.has(name)
    ? `account "${name}" removed`
    : `what was kept of "${name}" is removed`;
  const follows = keep
    ? `; its messages, groups and profile are kept: "user add ${name} --restore" gives it back`
    : isKnown
    ? "; who gets the name next is another person"
    : "";
  const left = file.accounts.has(name) ? file.remove(name) : file;
  return { file: left, done: what + follows };
}

/** The accounts that hold a plain password, with it. */
export function plainPasswords(accounts: Accounts): Map<string, string> {
  const passwords = new Map<string, string>();
  for (const [name, credential] of accounts) {
    if (credential.kind === "password") {
      passwords.set(name, credential.password);
    }
  }
  return passwords;
}

/**
 * Replaces plain passwords by verifiers.
 *
 * @param hashed For each name the password that the verifier was made from: a
 * password that was edited since then is left alone.
 */
export function hashPasswords(
  file: CredentialsFile,
  hashed: ReadonlyMap<string, { password: string; verifier: Verifier }>,
): UserEdit {
  const current = plainPasswords(file.accounts);
  const verifiers = new Map<string, Verifier>();
  for (const [name, { password, verifier }] of hashed) {
    if (current.get(name) === password) verifiers.set(name, verifier);
  }
  const count = verifiers.size;
  return {
    file: file.setVerifiers(verifiers),
    done: count === 0
      ? "no plain password left to hash"
      : `${count} plain ${count === 1 ? "password" : "passwords"} hashed`,
  };
}

/**
 * Adds the accounts of a file that are not there yet; the others stay as they
 * are.
 *
 * @param hashed As of {@link hashPasswords}, of those that `given` holds plain.
 */
export function importUsers(
  file: CredentialsFile,
  given: CredentialsFile,
  hashed: ReadonlyMap<string, { password: string; verifier: Verifier }>,
): UserEdit {
  const lines: string[] = [];
  for (const [name, credential] of newAccounts(file, given)) {
    const verifier = credential.kind === "verifier"
      ? credential.verifier
      : hashed.get(name)?.verifier;
    if (verifier === undefined) continue;
    lines.push(`${name} ${formatVerifier(verifier)}\n`);
  }
  const there = given.accounts.size - lines.length;
  const count = lines.length;
  return {
    file: new CredentialsFile(file.text + lines.join("")),
    done: `${count} ${count === 1 ? "account" : "accounts"} imported` +
      (there === 0
        ? ""
        : `; ${there} ${there === 1 ? "was" : "were"} there already, and ` +
          `${there === 1 ? "stays as it is" : "stay as they are"}`),
  };
}

/** The accounts of `given` that `file` has not, by any letter case. */
export function newAccounts(
  file: CredentialsFile,
  given: CredentialsFile,
): Map<string, Credential> {
  const names = new Set([...file.accounts.keys()].map(userKey));
  const found = new Map<string, Credential>();
  for (const [name, credential] of given.accounts) {
    if (names.has(userKey(name))) continue;
    names.add(userKey(name));
    found.set(name, credential);
  }
  return found;
}

/** One line for each account: its name and how its password is kept. */
export function listUsers(file: CredentialsFile): string[] {
  const names = [...file.accounts.keys()];
  const width = Math.max(0, ...names.map((name) => name.length));
  return [...file.accounts].map(([name, credential]) =>
    `${name.padEnd(width)}  ${
      credential.kind === "password" ? "plain password" : "hashed"
    }`
  );
}

/** Nobody gets what somebody else left behind, unless that is asked for. */
function checkPerson({ name, restore }: NamedAction, isKnown: boolean): void {
  if (isKnown && !restore) {
    throw new UserCommandError(
      `the messages, groups and profile of an earlier "${name}" are kept: ` +
        `"user add ${name} --restore" gives them to the new account, ` +
        `"user remove ${name}" removes them first`,
    );
  }
  if (!isKnown && restore) {
    throw new UserCommandError(
      `nothing is kept of an earlier "${name}"; leave out --restore`,
    );
  }
}

function withSwitches(action: UserAction, line: CommandLine): UserAction {
  for (const [name, what] of [["--keep", "remove"], ["--restore", "add"]]) {
    if (name === undefined || lastSwitch(line, name) === undefined) continue;
    if (action.do !== what || !("name" in action)) {
      throw new UsageError(`unexpected ${name}: it is for user ${what} NAME`);
    }
    return { ...action, [name.slice(2)]: true };
  }
  return action;
}

function parseAction(positionals: readonly string[]): UserAction {
  const [command, name] = positionals;
  switch (command) {
    case "list":
    case "hash":
    case "export":
      if (name === undefined) return { do: command };
      throw new UsageError(
        `unexpected argument "${name}": ${command} has none`,
      );
    case "import":
      if (name !== undefined) return { do: command, file: name };
      throw new UsageError("user import needs a file: user import FILE");
    case "add":
    case "passwd":
    case "remove":
    case "unlock":
      if (name === undefined) {
        throw new UsageError(
          `user ${command} needs a name: user ${command} NAME`,
        );
      }
      if (isUserName(name)) return { do: command, name };
      throw new UsageError(
        `invalid NAME "${name}": must be 1 to 32 of A-Z a-z 0-9 . _ -`,
      );
    case undefined:
      throw new UsageError(`user needs a command: ${commands}`);
    default: {
      const nearest = nearestWord(command, commandNames);
      throw new UsageError(
        `unknown user command "${command}": ` +
          (nearest === undefined
            ? `must be ${commands}`
            : `did you mean ${nearest}?`),
      );
    }
  }
}

const commandNames = [
  ...["add", "passwd", "remove", "list", "unlock", "hash", "import", "export"],
];
const commands = "add, passwd, remove, list, unlock, hash, import or export";
