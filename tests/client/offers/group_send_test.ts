import { onePath } from "../../support/one_path.ts";
import { assert, assertEquals } from "@std/assert";
import { plainPalette } from "../../../lib/cli/palette.ts";
import { renderText } from "../../../lib/client/text/render_text.ts";
import type { CommandOutcome } from "../../../lib/client/events/client_event.ts";
import { GroupSend } from "../../../lib/client/offers/group_send.ts";
import type { OfferedFile } from "../../../lib/client/events/transfer_port.ts";
import type { Later } from "../../../lib/client/offers/later.ts";
import type { PeerHost } from "../../../lib/client/offers/peer_host.ts";
import type { Transfers } from "../../../lib/client/offers/transfers.ts";

type Report = (outcome: CommandOutcome, file: OfferedFile) => void;

/** A group with transfers that end when the test says so. */
function world(joined: string[], online: string[]) {
  const open: { user: string; report: Report }[] = [];
  const outcomes: CommandOutcome[] = [];
  const transfers = {
    isClosed: false,
    send: (user: string, _path: string, report: Report) => {
      open.push({ user, report });
    },
  };
  const replies: Record<string, object> = {
    "group-members": { group: "Jedi", joined },
    who: { users: online.map((user) => ({ user })) },
  };
  const host = {
    self: () => "yoda",
    request: (name: string, _: object, onReply: (reply: object) => void) =>
      onReply({ ok: replies[name] }),
    settle: (_: number, outcome: CommandOutcome) => outcomes.push(outcome),
  };
  const sends = new GroupSend(
    host as unknown as PeerHost,
    transfers as unknown as Transfers,
    // Nothing waits here.
    undefined as unknown as Later,
  );
  const end = (
    index: number,
    code?: string,
    file: OfferedFile = { name: "film.mp4", size: 9 },
  ) => {
    const [entry] = open.splice(index, 1);
    assert(entry !== undefined);
    const answer = { user: entry.user, state: "verified", ms: 1 };
    entry.report(
      (code === undefined
        ? { command: "p2pvideo", ok: true, answer }
        : { command: "p2pvideo", ok: false, code, message: "why" }) as never,
      file,
    );
  };
  return { sends, open, outcomes, transfers, end };
}

Deno.test("GroupSend runs 16 transfers at a time, over all groups", () => {
  const names = Array.from({ length: 20 }, (_, i) => `u${i}`);
  const { sends, open, outcomes, end } = world(["yoda", ...names], names);
  sends.send("jedi", onePath("/a/film.mp4"), 1);
  sends.send("jedi", onePath("/a/other.mp4"), 2);
  assertEquals(open.length, 16);
  for (let left = 40; left > 0; left--) {
    assertEquals(open.length, Math.min(16, left));
    end(0);
  }
  assertEquals(outcomes.map(({ ok }) => ok), [true, true]);
  const [first] = outcomes;
  assert(first?.ok && first.command === "groupvideo");
  assertEquals([first.answer.group, first.answer.name], ["Jedi", "film.mp4"]);
  assertEquals(first.answer.results.length, 20);
});

Deno.test("GroupSend fails when a transfer failed, and lists them all", () => {
  const all = world(["yoda", "luke", "leia", "han"], ["luke", "leia"]);
  all.sends.send("jedi", onePath("film.mp4"), 1);
  all.end(0, "space");
  assertEquals(all.outcomes, []);
  all.end(0);
  const [outcome] = all.outcomes;
  assert(outcome?.ok === false);
  assertEquals([outcome.command, outcome.code], ["groupvideo", "space"]);
  assertEquals(
    outcome.message,
    '"film.mp4" reached 1 of 2 in Jedi; not luke (why)',
  );
  assertEquals(
    outcome.results?.map(({ user, code }) => [user, code]),
    [["han", "not_delivered"], ["luke", "space"], ["leia", undefined]],
  );
});

Deno.test("GroupSend says of who is not seen that they were not reached, not that they are offline", () => {
  // A member who blocked this user is online, but not in the list.
  const { sends, outcomes, end } = world(["yoda", "luke", "han"], ["luke"]);
  sends.send("jedi", onePath("film.mp4"), 1);
  end(0);
  const [outcome] = outcomes;
  assert(outcome?.ok && outcome.command === "groupvideo");
  assertEquals(outcome.answer.results[0], {
    user: "han",
    ok: false,
    code: "not_delivered",
    message: "not reached",
  });
  const [line] = renderText({ event: "result", n: 1, outcome }, plainPalette);
  assertEquals(line, "film.mp4 reached luke of Jedi; not reached: han");
});

Deno.test("GroupSend says of several files that they are more than the first", () => {
  const tree = { files: 9, folders: 1, roots: 3, list: 40 };
  const file = { name: "film.mp4", size: 9, tree };
  const { sends, outcomes, end } = world(["yoda", "luke", "han"], [
    "luke",
    "han",
  ]);
  sends.send("jedi", onePath("film.mp4"), 1);
  end(0, undefined, file);
  end(0, undefined, file);
  // One ends before anybody has looked at them.
  sends.send("jedi", onePath("film.mp4"), 1);
  end(0, undefined, file);
  end(0, "space", { name: "film.mp4", size: 0 });
  const [outcome, failed] = outcomes;
  assert(outcome?.ok && failed?.ok === false);
  const [line] = renderText({ event: "result", n: 1, outcome }, plainPalette);
  assertEquals(line, "film.mp4 and 2 more reached luke, han of Jedi");
  assertEquals(
    failed.message,
    '"film.mp4 and 2 more" reached 1 of 2 in Jedi; not han (why)',
  );
});

Deno.test("GroupSend counts who went offline before an answer as tried", () => {
  const { sends, outcomes, end } = world(["yoda", "luke"], ["luke"]);
  sends.send("jedi", onePath("film.mp4"), 1);
  end(0, "user_offline");
  const [outcome] = outcomes;
  assert(outcome?.ok === false);
  assertEquals(outcome.code, "user_offline");
  assertEquals(
    outcome.message,
    '"film.mp4" reached 0 of 1 in Jedi; not luke (why)',
  );
});

Deno.test("GroupSend begins nothing once the session closes", () => {
  const names = Array.from({ length: 20 }, (_, i) => `u${i}`);
  const { sends, open, transfers, end } = world(["yoda", ...names], names);
  sends.send("jedi", onePath("film.mp4"), 1);
  transfers.isClosed = true;
  end(0);
  assertEquals(open.length, 15);
});
