/** Where a file that a page uploads belongs among those of its batch. */
import { offeredName, windowsName } from "../../files/received_name.ts";
import { isId } from "./web_wire.ts";

/** What is uploaded. */
export interface UploadPlace {
  readonly batch: string;
  /** The folders that it is in, if any, and its name: harmless, one by one. */
  readonly parts: readonly string[];
  /** When the file was last modified, ms since 1970 UTC; absent if not told. */
  readonly modified?: number;
}

/**
 * @param query Of the address that it is uploaded to.
 * @param isWindows Where more names are forbidden.
 * @returns `undefined` when it is no place.
 */
export function readUploadPlace(
  query: string,
  isWindows: boolean,
): UploadPlace | undefined {
  const fields = new URLSearchParams(query);
  const batch = fields.get("batch") ?? "";
  const name = fields.get("name") ?? "";
  const path = fields.get("path") ?? "";
  const parts = [...path === "" ? [] : path.split("/"), name];
  const isHarmless = parts.length <= mostDepth &&
    parts.every((part) =>
      part !== "" && part !== "." && part !== ".." && part.length <= mostLength
    );
  if (!isId(batch) || !isHarmless) return undefined;
  const modified = Number(fields.get("modified") ?? NaN);
  return {
    batch,
    parts: parts.map(isWindows ? windowsName : offeredName),
    ...Number.isSafeInteger(modified) && modified >= 0 && { modified },
  };
}

const mostDepth = 32;
/** More than a file system takes. */
const mostLength = 1024;
