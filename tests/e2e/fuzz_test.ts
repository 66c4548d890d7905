/** Short runs of the fuzz targets that drive real programs; see tests/fuzz. */
import { assert } from "@std/assert";
import { fuzz } from "../fuzz/fuzz.ts";
import { clientDatagramsTarget } from "../fuzz/client_datagrams_target.ts";
import { serverDatagramsTarget } from "../fuzz/server_datagrams_target.ts";
import { serverFramesTarget } from "../fuzz/server_frames_target.ts";

for (
  const target of [
    serverFramesTarget,
    serverDatagramsTarget,
    clientDatagramsTarget,
  ]
) {
  Deno.test(`fuzz ${target.name}: ${target.about}`, async () => {
    const limits = { seed: 20_260_601, runs: target.shortRuns, seconds: 60 };
    const { runs } = await fuzz(target, limits);
    assert(runs >= 1000, `only ${runs} inputs`);
  });
}
