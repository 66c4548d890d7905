import { assertEquals } from "@std/assert";
import { PathLoss } from "../../../lib/engine/path/path_loss.ts";

Deno.test("PathLoss tells nothing of too few datagrams", () => {
  const loss = new PathLoss();
  assertEquals(loss.share(1, 0, 0), undefined);
  assertEquals(loss.share(1, 20, 2), undefined);
  assertEquals(loss.share(1, 999, 30), undefined);
  assertEquals(loss.share(1, 1_000, 30), 0.03);
});

Deno.test("PathLoss: what another path lost does not count", () => {
  const loss = new PathLoss();
  loss.share(1, 0, 0);
  assertEquals(loss.share(1, 2_000, 200), 0.1);
  assertEquals(loss.share(2, 2_100, 300), undefined);
  assertEquals(loss.share(2, 4_100, 302), 0.001);
  assertEquals(loss.share(2, 4_100, 290), 0, "late, not lost");
});
