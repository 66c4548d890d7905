import { assertEquals } from "@std/assert";
import {
  type SentMessage,
  SentMessages,
} from "../../../lib/server/model/sent_messages.ts";
import type { User } from "../../../lib/server/model/user.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

/** What is asked of users here is only who they are. */
const users = ["yoda", "luke", "leia"].map((name) => ({ name }) as User);

function drawMessage(random: SeededRandom): SentMessage {
  const at = 1_764_000_000_000 + random.below(1e9);
  const receipt = () => ({
    to: users[random.below(users.length)]!,
    id: random.below(2 ** 40),
    number: random.below(2 ** 31),
    kept: random.next() < 0.5,
  });
  const kind = random.below(6);
  if (kind === 0) return { at, receipts: [], id: 7, number: 8, partial: true };
  if (kind === 1) return { at, receipts: [receipt(), receipt()] };
  if (kind === 2) return { at, receipts: [receipt()], deletes: 3 };
  return { at, receipts: [receipt()] };
}

Deno.test("SentMessages gives back what was put in, whatever comes and goes", () => {
  const random = new SeededRandom(5);
  const sent = new SentMessages();
  const known = new Map<string, SentMessage>();
  for (let step = 0; step < 5_000; step++) {
    const mid = `m${random.below(60)}`;
    assertEquals(sent.find(mid), known.get(mid));
    if (random.next() < 0.6) {
      const message = drawMessage(random);
      sent.add(mid, message);
      known.set(mid, message);
    } else {
      sent.remove(mid);
      known.delete(mid);
    }
    if (step % 100 > 0) continue;
    assertEquals([...sent.newestFirst()], [...known.values()].reverse());
  }
});

Deno.test("SentMessages forgets the oldest beyond the limit", () => {
  const sent = new SentMessages();
  assertEquals([...sent.newestFirst()], []);
  const [to] = users;
  const most = limits.rememberedMessageIds;
  for (let id = 1; id <= most * 2 + 7; id++) {
    sent.add(`m${id}`, {
      at: id,
      receipts: [{ to: to!, id, number: id, kept: false }],
    });
    sent.trim();
  }
  assertEquals(sent.find(`m${most + 7}`), undefined);
  assertEquals(sent.find(`m${most + 8}`)?.at, most + 8);
  const all = [...sent.newestFirst()];
  assertEquals([all.length, all[0]?.receipts[0]?.id], [most, most * 2 + 7]);
});
