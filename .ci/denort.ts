/**
 * Recovers the plain Deno runtime ("denort") from an executable that was made
 * with `deno compile`, so that `DENORT_BIN=<out> deno compile` can use it.
 * Usage: deno run -RW denort.ts <compiled-executable> <out> [--keep-symbols]
 *
 * Deno 2.9 embeds the program as the ELF sections `.sui.phdrs` and `.note.sui`,
 * of which the first wins; earlier versions append it to the file. This removes
 * the embedded sections, restores the original program headers and drops the
 * symbols (107.6 -> 83.9 MB). denort.sh beside this file is the whole recipe; it
 * also checks the result's SHA-256.
 */
interface Section {
  name: string;
  type: number;
  flags: bigint;
  offset: number;
  size: number;
  raw: Uint8Array;
}

const SHT_NOBITS = 8;
const SHF_ALLOC = 2n;

/** Returns the bytes of the runtime without the embedded program. */
export function restoreDenort(
  elf: Uint8Array,
  keepSymbols = false,
): Uint8Array {
  const v = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (v.getUint32(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) {
    throw new Error("not a 64-bit little-endian ELF file");
  }
  const shoff = Number(v.getBigUint64(0x28, true));
  const shentsize = v.getUint16(0x3a, true);
  const shnum = v.getUint16(0x3c, true);
  const shstrndx = v.getUint16(0x3e, true);
  const strings = Number(
    v.getBigUint64(shoff + shstrndx * shentsize + 24, true),
  );
  const cstr = (at: number) =>
    new TextDecoder().decode(elf.subarray(at, elf.indexOf(0, at)));
  const sections: Section[] = Array.from({ length: shnum }, (_, i) => {
    const at = shoff + i * shentsize;
    return {
      name: cstr(strings + v.getUint32(at, true)),
      type: v.getUint32(at + 4, true),
      flags: v.getBigUint64(at + 8, true),
      offset: Number(v.getBigUint64(at + 24, true)),
      size: Number(v.getBigUint64(at + 32, true)),
      raw: elf.slice(at, at + shentsize),
    };
  });
  const embedded = (s: Section) =>
    s.name === ".sui.phdrs" || s.name === ".note.sui";
  const added = sections.filter(embedded).length;
  const kept = sections.filter((s) =>
    !embedded(s) && s.name !== ".shstrtab" &&
    (keepSymbols || s.name === "" || (s.flags & SHF_ALLOC) !== 0n)
  );
  const end = Math.max(
    ...kept.map((s) => s.offset + (s.type === SHT_NOBITS ? 0 : s.size)),
  );

  let names = "\0";
  const nameAt = new Map<string, number>([["", 0]]);
  for (const s of [...kept.map((s) => s.name), ".shstrtab"]) {
    if (!nameAt.has(s)) {
      nameAt.set(s, names.length);
      names += s + "\0";
    }
  }
  const table = end + names.length + (8 - ((end + names.length) % 8)) % 8;
  const out = new Uint8Array(table + (kept.length + 1) * shentsize);
  const o = new DataView(out.buffer);
  out.set(elf.subarray(0, end));
  out.set(new TextEncoder().encode(names), end);
  const old = sections[shstrndx];
  if (old === undefined) throw new Error("the ELF file has no section names");
  const last: Section = {
    ...old,
    raw: old.raw.slice(),
    offset: end,
    size: names.length,
  };
  [...kept, last].forEach((s, i) => {
    const at = table + i * shentsize;
    out.set(s.raw, at);
    o.setUint32(at, nameAt.get(s.name)!, true);
    o.setBigUint64(at + 24, BigInt(s.offset), true);
    o.setBigUint64(at + 32, BigInt(s.size), true);
  });
  o.setBigUint64(0x28, BigInt(table), true);
  o.setUint16(0x3c, kept.length + 1, true);
  o.setUint16(0x3e, kept.length, true);
  if (added > 0) {
    // The program headers were moved behind the embedded data; the original
    // table, two entries shorter per embedding, is still at its old place.
    o.setBigUint64(0x20, 0x40n, true);
    o.setUint16(0x38, v.getUint16(0x38, true) - added, true);
  }
  return out;
}

if (import.meta.main) {
  const [src = "", dst = "", flag] = Deno.args;
  const out = restoreDenort(Deno.readFileSync(src), flag === "--keep-symbols");
  Deno.writeFileSync(dst, out, { mode: 0o755 });
}
