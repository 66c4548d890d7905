import { assert, assertEquals } from "@std/assert";
import { formatTime } from "../../../lib/base/time.ts";
import { offerAccepted } from "../accepted_offer.ts";
import { loggedIn } from "../logged_in.ts";

Deno.test("ClientSession: a transfer that the server no longer relays ends, one that is direct does not", () => {
  const at = Date.UTC(2033, 0, 2);
  for (const via of ["relay", "lan", undefined] as const) {
    for (const isTold of [true, false]) {
      const harness = loggedIn();
      const { id } = offerAccepted(harness);
      const end = () =>
        harness.server({ ev: "relay-end", offer: id, user: "yoda", at });
      if (isTold) end();
      if (via !== undefined) {
        harness.peer({ event: "path", id, link: { via, rtt: 1 } });
      }
      if (!isTold) end();
      const text = "your quota of the server's relay is used up; " +
        `it starts again at ${formatTime(at)}`;
      const [result] = harness.results();
      if (via === "relay") {
        assert(result !== undefined && !result.outcome.ok);
        assertEquals(result.outcome.code, "quota");
        assertEquals(
          result.outcome.message,
          `${text}; send the file again then, and it goes on`,
        );
        assertEquals(harness.answer("offer-end", {}).reason, "quota");
        assertEquals(harness.lastEffect("cancel-transfer").id, id);
        continue;
      }
      assertEquals(result, undefined);
      const message = "No path";
      harness.peer({ event: "failed", id, failure: "unreachable", message });
      const outcome = harness.results()[0]?.outcome;
      assert(outcome !== undefined && !outcome.ok);
      assertEquals(outcome.message, `No path; ${text}`);
    }
  }
});

Deno.test("ClientSession: whose quota is used up is told though the other side ends it first", () => {
  const at = Date.UTC(2033, 0, 2);
  const own = "your quota of the server's relay is used up; " +
    `it starts again at ${
      formatTime(at)
    }; send the file again then, and it goes on`;
  const other = "the server relays no more between you and luke today";
  for (const isDatagram of [true, false]) {
    for (const via of ["relay", undefined] as const) {
      for (const isKnown of [true, false]) {
        const harness = loggedIn();
        const { id } = offerAccepted(harness);
        if (via !== undefined) {
          harness.peer({ event: "path", id, link: { via, rtt: 1 } });
        }
        const reason = "quota";
        if (isDatagram) harness.peer({ event: "closed", id, reason });
        else {
          const end = { offer: id, from: "luke", result: "failed" } as const;
          harness.server({ ev: "offer-end", ...end, reason });
        }
        assertEquals(harness.results(), []);
        if (isKnown) {
          harness.server({ ev: "relay-end", offer: id, user: "yoda", at });
        } else {
          for (let i = 0; i < 3 && harness.results().length === 0; i++) {
            harness.toTimeout();
          }
        }
        const outcome = harness.results()[0]?.outcome;
        assert(outcome !== undefined && !outcome.ok);
        const expected = isKnown ? own : other;
        assertEquals([outcome.code, outcome.message], [reason, expected]);
      }
    }
  }
});
