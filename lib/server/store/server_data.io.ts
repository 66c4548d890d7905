/**
 * The data of a server as a command beside it uses them: who is known there by
 * a name, and requests, rows that a running server looks for several times a
 * second and that one that is started finds. A request is there until what it
 * wants is done and stored, so a command can wait for that.
 */
import { DatabaseSync } from "node:sqlite";
import { join } from "@std/path";
import type { StoredRequest } from "../model/store.ts";
import { isInUse } from "./data_folder.io.ts";
import { refuseMoved } from "./moved_data.io.ts";
import { reasonOf, StartError } from "../../system/errors.io.ts";
import { delay } from "../../system/clock.io.ts";

/** What became of a request: `later` where no server runs, or none answers. */
export type RequestOutcome = "done" | "later" | "unanswered";

/** The data of a server that may be at work. */
export abstract class ServerData {
  readonly #folder: string;

  /** @param folder Of the server's logs, by which it is known whether it runs. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The account id of who is known by `name`, with or without a line. Letter
   * case does not matter, unless several differ in nothing else.
   */
  async account(name: string): Promise<string | undefined> {
    const rows = await this.accountsLike(name);
    const row = rows.find((each) => each.name === name) ??
      (rows.length === 1 ? rows[0] : undefined);
    return row === undefined ? undefined : String(row.account);
  }

  /** Leaves a request, together with what `body` does: both happen, or none. */
  abstract requestWith(
    what: StoredRequest["what"],
    subject: string,
    body: () => Promise<void>,
  ): Promise<void>;

  /** Leaves a request and waits until a running server has done it. */
  async request(
    what: StoredRequest["what"],
    subject = "",
  ): Promise<RequestOutcome> {
    const isRunning = await this.isRunning();
    // A server reads the accounts when it starts, and nobody is logged in then.
    const isOfAccounts = what === "accounts" || what === "password";
    if (!isRunning && isOfAccounts) return "later";
    const number = await this.insert(what, subject);
    if (!isRunning) return "later";
    const giveUpAt = performance.now() + answerMs;
    while (await this.has(number)) {
      if (performance.now() > giveUpAt) return "unanswered";
      await delay(lookMs);
    }
    return "done";
  }

  abstract [Symbol.dispose](): void;

  /** Whether there is a server that carries out requests. */
  protected isRunning(): Promise<boolean> {
    return isInUse(this.#folder);
  }

  /** The accounts whose names are the same but for letter case. */
  protected abstract accountsLike(
    name: string,
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;

  /** Leaves a request; its number. */
  protected abstract insert(
    what: StoredRequest["what"],
    subject: string,
  ): Promise<number>;

  /** True while a request is there. */
  protected abstract has(number: number): Promise<boolean>;
}

/** The data in a data folder. */
export class SqliteData extends ServerData {
  readonly #path: string;
  readonly #database: DatabaseSync;

  /** Use {@link SqliteData.open}. */
  constructor(folder: string, path: string) {
    super(folder);
    this.#path = path;
    this.#database = new DatabaseSync(path);
  }

  /**
   * Opens the data in a folder.
   *
   * @returns `undefined` where there are none.
   * @throws {StartError} when they cannot be used, or were brought elsewhere.
   */
  static async open(folder: string): Promise<SqliteData | undefined> {
    const path = join(folder, "parley.db");
    try {
      // Opening would make an empty database, and the server stumble over it.
      await Deno.stat(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw new StartError(`cannot use "${path}": ${reasonOf(error)}`);
    }
    return guard(path, () => {
      const data = new SqliteData(folder, path);
      data.#database.exec("PRAGMA busy_timeout = 5000");
      refuseMoved(data.#database, path);
      return data;
    });
  }

  override async requestWith(
    what: StoredRequest["what"],
    subject: string,
    body: () => Promise<void>,
  ): Promise<void> {
    this.#guard(() => this.#database.exec("BEGIN IMMEDIATE"));
    try {
      await this.insert(what, subject);
      await body();
      this.#guard(() => this.#database.exec("COMMIT"));
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  override [Symbol.dispose](): void {
    this.#database.close();
  }

  protected override accountsLike(name: string) {
    return this.#ask(() =>
      this.#database.prepare(
        "SELECT name, account FROM users WHERE name = ? COLLATE NOCASE " +
          "AND ended_at IS NULL AND account NOT IN (SELECT subject " +
          "FROM requests WHERE what = 'remove')",
      ).all(name)
    );
  }

  protected override insert(
    what: StoredRequest["what"],
    subject: string,
  ): Promise<number> {
    return this.#ask(() =>
      Number(
        this.#database.prepare(
          "INSERT INTO requests (what, subject) VALUES (?, ?)",
        ).run(what, subject).lastInsertRowid,
      )
    );
  }

  protected override has(number: number): Promise<boolean> {
    return this.#ask(() =>
      this.#database.prepare("SELECT 1 FROM requests WHERE number = ?")
        .get(number) !== undefined
    );
  }

  // deno-lint-ignore require-await
  async #ask<T>(body: () => T): Promise<T> {
    return this.#guard(body);
  }

  #guard<T>(body: () => T): T {
    return guard(this.#path, body);
  }
}

/** @throws {StartError} for what the database does not do. */
function guard<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof StartError) throw error;
    const why = reasonOf(error);
    const advice = /no such (table|column)/.test(why)
      ? "; an older Parley made it: start the server once"
      : "";
    throw new StartError(`cannot use "${path}": ${why}${advice}`);
  }
}

/** A server answers in a quarter of a second, unless it is very busy. */
const answerMs = 5_000;
const lookMs = 20;
