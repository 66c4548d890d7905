import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { fromFileUrl, join } from "@std/path";
import { DeviceSlots } from "../../../lib/client/session/device_slots.io.ts";
import { systemRandom } from "../../../lib/system/clock.io.ts";
import { RunningProcess } from "../../support/running_process.ts";
import { withTempFolder } from "../../support/temp_folder.ts";

const owner = { store: "ab", user: "yoda" };
const nothing = { id: 0, epochs: [] };

/** Another client of the installation that has its folders in `folder`. */
function slotsIn(folder: string, name?: string): DeviceSlots {
  return new DeviceSlots(() => folder, systemRandom, name);
}

function device(slots: DeviceSlots, of = owner): string {
  return slots.device(of).id;
}

Deno.test("DeviceSlots: clients at the same time are devices of their own, and later the same", async () => {
  await withTempFolder((folder) => {
    const [one, two] = [slotsIn(folder), slotsIn(folder)];
    const first = device(one);
    assertEquals(device(one), first);
    assertEquals(one.fault, undefined);
    const second = device(two);
    assertNotEquals(second, first);
    one.close();
    // The first one that is free.
    const three = slotsIn(folder);
    assertEquals(device(three), first);
    two.close();
    three.close();
    assertEquals(device(slotsIn(folder)), first);
    assertEquals(device(slotsIn(folder)), second);
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: each database and each user has its own", async () => {
  await withTempFolder((folder) => {
    const slots = slotsIn(folder);
    const others = [{ ...owner, user: "luke" }, { ...owner, store: "../../x" }];
    const ids = [owner, ...others].map((of) => device(slots, of));
    assertEquals(new Set(ids).size, 3);
    // What is no more worked with is free.
    const again = slotsIn(folder);
    assertEquals(device(again), ids[0]);
    again.close();
    // A name is typed in any case.
    assertEquals(device(again, { ...owner, user: "YODA" }), ids[0]);
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: who was renamed elsewhere may be what was free under other names", async () => {
  await withTempFolder((folder) => {
    const renamed = { ...owner, user: "master" };
    const [one, two] = [slotsIn(folder), slotsIn(folder)];
    const cron = slotsIn(folder, "cron");
    const [first, second, third] = [device(one), device(two), device(cron)];
    for (const slots of [one, two, cron]) slots.learnName(owner, "sofa");
    device(slotsIn(folder), { ...owner, store: "cd" });
    for (const slots of [one, cron]) slots.close();
    // Neither what a client works with, nor what another name asks for.
    const again = slotsIn(folder);
    assertEquals(again.device(renamed).also, [first]);
    assertEquals(slotsIn(folder, "cron").device(renamed).also, [third]);
    two.close();
    assertEquals(again.device(renamed).also, [first, second]);
    again.learnName(renamed, "sofa", first);
    again.close();
    const later = slotsIn(folder);
    const { id, also } = later.device(renamed);
    assertEquals([id, also], [first, undefined]);
    // It is that user's alone now.
    assertNotEquals(device(slotsIn(folder)), first);
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: a name asks for the device of that name, or a new one", async () => {
  await withTempFolder((folder) => {
    const [plain, cron] = [slotsIn(folder), slotsIn(folder, "Cron")];
    const first = device(plain);
    const named = device(cron);
    assertEquals(cron.device(owner).name, "Cron");
    assertNotEquals(plain.device(owner).name, "Cron");
    // A second one of the name is one more device.
    const another = slotsIn(folder, "cron");
    assertNotEquals(device(another), named);
    for (const slots of [plain, cron, another]) slots.close();
    assertEquals(device(slotsIn(folder, "cron")), named);
    // Nobody else is given it.
    assertEquals(device(slotsIn(folder)), first);
    assert(![first, named].includes(device(slotsIn(folder))));
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: what the server calls a device asks for it, too", async () => {
  await withTempFolder((folder) => {
    const [plain, cron] = [slotsIn(folder), slotsIn(folder, "cron")];
    const ids = [plain, cron].map((slots) => device(slots));
    plain.learnName(owner, "sofa");
    cron.learnName(owner, "cron-2");
    plain.write(owner, { id: 5, epochs: [] });
    for (const slots of [plain, cron]) slots.close();
    const again = slotsIn(folder, "Sofa");
    assertEquals(device(again), ids[0]);
    assertEquals(again.read(owner), { id: 5, epochs: [] });
    // While that is held, a second one of the name is one more device.
    assert(!ids.includes(device(slotsIn(folder, "sofa"))));
    again.close();
    // Without a name it is still the first one, and so is what was asked for.
    assertEquals(device(slotsIn(folder)), ids[0]);
    assertEquals(device(slotsIn(folder, "cron")), ids[1]);
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: what was shown is remembered for each device", async () => {
  await withTempFolder((folder) => {
    const [one, two] = [slotsIn(folder), slotsIn(folder)];
    assertEquals(one.read(owner), nothing);
    const account = "0123456789abcdef";
    const run = (after: number) => ({ epoch: `${after}`.repeat(16), after });
    const marks = [
      { id: 123_456, account, epochs: [run(1), run(2), run(3)] },
      { id: 7, epochs: [] },
      { id: Number.MAX_SAFE_INTEGER, account, epochs: [run(1)] },
      { id: 9, account, epochs: [] },
    ];
    two.write(owner, { id: 3, epochs: [] });
    for (const mark of marks) {
      one.write(owner, mark);
      one.close();
      assertEquals(one.read(owner), mark);
    }
    two.close();
    assertEquals(two.read(owner), { id: 3, epochs: [] });
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: the first device goes on where versions without devices were", async () => {
  await withTempFolder(async (folder) => {
    const seen = join(folder, "parley", "seen");
    await Deno.mkdir(seen, { recursive: true });
    const earlier = join(seen, `${encodeHex("ab")}-${encodeHex("yoda")}`);
    await Deno.writeTextFile(earlier, `${"12".padStart(16)}\n\n`);
    const [one, two] = [slotsIn(folder), slotsIn(folder)];
    assertEquals(one.read(owner), { id: 12, epochs: [] });
    assertEquals(two.read(owner), nothing);
    one.close();
    assertEquals(one.read(owner), { id: 12, epochs: [] });
    const left = await Array.fromAsync(Deno.readDir(seen));
    assertEquals(left, []);
  });
});

Deno.test("DeviceSlots: a user who has another name is the same device", async () => {
  await withTempFolder((folder) => {
    const [one, two] = [slotsIn(folder), slotsIn(folder)];
    const ids = [one, two].map((slots) => device(slots));
    const master = { ...owner, user: "master" };
    for (const [index, slots] of [one, two].entries()) {
      slots.rename(owner, "master");
      assertEquals(device(slots, master), ids[index]);
      slots.write(master, { id: 5, epochs: [] });
    }
    // Both are still held.
    assert(!ids.includes(device(slotsIn(folder), master)));
    one.close();
    const next = slotsIn(folder);
    assertEquals(device(next, master), ids[0]);
    assertEquals(next.read(master), { id: 5, epochs: [] });
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: a damaged file is a new device, or one that was shown nothing", async () => {
  await withTempFolder((folder) => {
    const slots = slotsIn(folder);
    const id = device(slots);
    slots.close();
    const devices = join(folder, "parley", "devices");
    const [file] = [...Deno.readDirSync(devices)];
    const path = join(devices, file?.name ?? "");
    for (const mark of ["", "x", "-1", "1e3", "99999999999999999999"]) {
      Deno.writeTextFileSync(path, `${id}\n\n${mark}`);
      assertEquals(slots.read(owner), nothing, mark);
      assertEquals(device(slots), id);
      slots.close();
    }
    const account = "0123456789abcdef";
    for (const origin of ["x", `${account} x:1`, `${account} ${account}:-1`]) {
      Deno.writeTextFileSync(path, `${id}\n\n7\n${origin}\n`);
      assertEquals(slots.read(owner), { id: 7, epochs: [] });
      slots.close();
    }
    for (const text of ["", "x", `${id}`, `${id}\na@b\n`, "\0".repeat(9999)]) {
      Deno.writeTextFileSync(path, text);
      const fresh = device(slots);
      assertNotEquals(fresh, id, text);
      slots.close();
      assertEquals(device(slots), fresh, text);
      slots.close();
    }
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: what is no file is left alone, and keeps nobody waiting", async () => {
  await withTempFolder(async (folder) => {
    const slots = slotsIn(folder, "desk");
    const first = device(slots);
    slots.close();
    const devices = join(folder, "parley", "devices");
    const [file] = await Array.fromAsync(
      Deno.readDir(devices),
      ({ name }) => name,
    );
    const path = join(devices, file ?? "");
    await Deno.remove(path);
    if (Deno.build.os === "windows") await Deno.mkdir(path);
    else await new Deno.Command("mkfifo", { args: [path] }).output();
    const again = slotsIn(folder, "desk");
    assertNotEquals(device(again), first);
    assertEquals(again.fault, undefined);
    again.close();
    assertEquals((await Deno.stat(path)).isFile, false);
  });
});

Deno.test("DeviceSlots: without a folder to write in, a device for this run", async () => {
  await withTempFolder((folder) => {
    const path = join(folder, "parley");
    Deno.writeTextFileSync(path, "no folder");
    const faults = [
      `cannot write to "${join(path, "devices")}": Not a directory`,
      "there is no folder for the configuration; set HOME or XDG_CONFIG_HOME",
    ];
    for (
      const slots of [
        slotsIn(folder),
        new DeviceSlots(() => undefined, systemRandom),
      ]
    ) {
      const id = device(slots);
      assertEquals(
        slots.fault,
        `${faults.shift()}; so each start is another device (/devices)`,
      );
      slots.write(owner, { id: 5, epochs: [] });
      slots.rename(owner, "master");
      const master = { ...owner, user: "master" };
      assertEquals(device(slots, master), id);
      assertEquals(slots.read(master), { id: 5, epochs: [] });
      slots.close();
      assertNotEquals(device(slots, master), id);
    }
    return Promise.resolve();
  });
});

Deno.test("DeviceSlots: whoever is killed leaves its device to the next client", async () => {
  await withTempFolder(async (folder) => {
    const holder = new RunningProcess({
      command: [
        Deno.execPath(),
        "eval",
        `import { DeviceSlots } from "./lib/client/session/device_slots.io.ts";
        const random = { bytes: (length) => new Uint8Array(length).fill(7) };
        const slots = new DeviceSlots(() => ${JSON.stringify(folder)}, random);
        console.log(slots.device(${JSON.stringify(owner)}).id);
        setInterval(() => {}, 1000);`,
      ],
      cwd: fromFileUrl(new URL("../../../", import.meta.url)),
    });
    try {
      const id = await holder.waitFor("the device", () => true);
      assertNotEquals(device(slotsIn(folder)), id);
      await holder.kill();
      assertEquals(device(slotsIn(folder)), id);
    } finally {
      await holder.kill();
    }
  });
});
