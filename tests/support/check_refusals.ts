import { assert } from "@std/assert";
import type { TestClient } from "./test_client.ts";

/** A line to type, the code of its refusal, and what the message must name. */
export type RefusalCase = readonly [line: string, code: string, part?: string];

/** Types each line and checks that it is refused for the right reason. */
export async function checkRefusals(
  client: TestClient,
  cases: readonly RefusalCase[],
): Promise<void> {
  for (const [line, code, part = ""] of cases) {
    const answer = await client.refused(line);
    assert(answer.startsWith(`${code}: `), `${line}: ${answer}`);
    assert(answer.includes(part), `${line}: ${answer}`);
  }
}
