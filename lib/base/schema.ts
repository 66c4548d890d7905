/**
 * Small combinators that check a parsed JSON value and give it its type. They
 * exist so that every frame is validated once, at the edge: what a check
 * returns holds only declared fields, in null-prototype objects, with bounded
 * and well-formed strings. `Infer<typeof check>` is the type of the result.
 */

/** Checks one value: returns it with its type or throws {@link SchemaError}. */
export type Check<T> = (value: unknown, path: string) => T;

/** The type that a check returns. */
export type Infer<C> = C extends Check<infer T> ? T : never;

/** A value that did not pass: which field, and what it must be. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  /** Path of the field, such as `to[2]`. */
  readonly path: string;

  /** @param message Another sentence than the one of these two. */
  constructor(path: string, expected: string, message?: string) {
    super(
      message ??
        (path === "" ? `must be ${expected}` : `"${path}" must be ${expected}`),
    );
    this.path = path;
  }
}

/**
 * The same check of a field that a person fills in: `message` says in everyday
 * words what it must be. What is wrong inside of it keeps its own words.
 */
export function told<T>(check: Check<T>, message: string): Check<T> {
  return (value, path) => {
    try {
      return check(value, path);
    } catch (error) {
      if (!(error instanceof SchemaError) || error.path !== path) throw error;
      throw new SchemaError(path, "", message);
    }
  };
}

/** A well-formed string of `min` to `max` UTF-16 code units. */
export function string(min: number, max: number, pattern?: RegExp) {
  return (value: unknown, path: string): string => {
    if (
      typeof value === "string" && value.length >= min && value.length <= max &&
      value.isWellFormed() && (pattern === undefined || pattern.test(value))
    ) return value;
    throw new SchemaError(
      path,
      pattern === undefined
        ? `a string of ${min} to ${max} characters`
        : `a string that matches ${pattern.source}`,
    );
  };
}

/** An integer from `min` to `max` (safe integers by default). */
export function integer(min = 0, max: number = Number.MAX_SAFE_INTEGER) {
  return (value: unknown, path: string): number => {
    if (Number.isSafeInteger(value)) {
      const number = value as number;
      if (number >= min && number <= max) return number;
    }
    throw new SchemaError(path, `an integer from ${min} to ${max}`);
  };
}

/** `true` or `false`. */
export function boolean(value: unknown, path: string): boolean {
  if (typeof value === "boolean") return value;
  throw new SchemaError(path, "true or false");
}

/** One of the given strings. */
export function oneOf<const T extends string>(...choices: T[]): Check<T> {
  return (value, path) => {
    if (choices.includes(value as T)) return value as T;
    throw new SchemaError(path, `one of ${choices.join(", ")}`);
  };
}

/**
 * One of the given strings; any other string counts as `fallback`, so that what
 * a newer program adds is understood in part.
 */
export function oneOfOr<const T extends string>(
  fallback: NoInfer<T>,
  choices: readonly T[],
): Check<T> {
  return (value, path) => {
    if (typeof value !== "string") throw new SchemaError(path, "a string");
    return choices.includes(value as T) ? value as T : fallback;
  };
}

/** An array of `min` to `max` items. */
export function list<T>(item: Check<T>, min: number, max: number): Check<T[]> {
  return (value, path) => {
    if (
      !Array.isArray(value) || value.length < min || value.length > max
    ) throw new SchemaError(path, `a list of ${min} to ${max} items`);
    return value.map((each, index) => item(each, `${path}[${index}]`));
  };
}

/** Marks a field of {@link object} that may be absent. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, path) => value === undefined ? undefined : check(value, path);
}

type Fields = Record<string, Check<unknown>>;

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: undefined extends Infer<F[K]> ? K : never;
}[keyof F];

/** The object type of a set of fields. */
export type ObjectOf<F extends Fields> =
  & { [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> }
  & { [K in OptionalKeys<F>]?: Exclude<Infer<F[K]>, undefined> };

/** An object with these fields; others are dropped. */
export function object<F extends Fields>(fields: F): Check<ObjectOf<F>> {
  const entries = Object.entries(fields);
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new SchemaError(path, "an object");
    }
    // V8 keeps what `Object.create(null)` makes as hash tables, which are three
    // times as slow.
    const result: Record<string, unknown> = {};
    Object.setPrototypeOf(result, null);
    for (const [name, check] of entries) {
      const own = Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : undefined;
      const checked = check(own, path === "" ? name : `${path}.${name}`);
      if (checked !== undefined) result[name] = checked;
    }
    return result as ObjectOf<F>;
  };
}
