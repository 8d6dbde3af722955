// The PC machine that the two x86 IOMMUs and the x86 CPU are in.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GuestRam, type Segment } from "../qemu/guestRam.js";
import { hex, QtestMachine } from "../qemu/qtestMachine.js";
import { GIB, MIB } from "./walker.js";

export const X86_QEMU = "qemu-system-x86_64";
export const RAM_BYTES = 64 * GIB;
const BELOW_4G = 2 * GIB;
const LOW_HOLE = 0xa_0000;
export const BAR = 0xe000_0000;
export const DEVICE_FUNCTION = 2 << 3;
const EDU_ID = 0x11e8_1234;
export const MACHINE = "q35,memory-backend=ram,hpet=off,usb=off";

/** RAM: from 0 to 2 GiB without the old video hole, and from 4 GiB on. */
export const SEGMENTS: readonly Segment[] = [
  { address: 0, offset: 0, bytes: LOW_HOLE },
  { address: MIB, offset: MIB, bytes: BELOW_4G - MIB },
  { address: 4 * GIB, offset: BELOW_4G, bytes: RAM_BYTES - BELOW_4G },
];

export const AREAS = {
  tables: [
    { start: 16 * MIB, end: 64 * MIB },
    { start: 60 * GIB, end: 60 * GIB + 48 * MIB },
  ],
  data: { start: 4 * GIB, end: 56 * GIB },
  /** Below the 40 bits that the machine has, above all RAM. */
  nowhere: { start: 512 * GIB, end: 1024 * GIB },
};

/** cli; hlt; jmp .-1 at the reset vector: the CPU sleeps. */
function sleepingBios(folder: string): string {
  const file = join(folder, "bios");
  const bios = new Uint8Array(65536).fill(0xf4);
  bios.set([0xfa, 0xf4, 0xeb, 0xfd], 0xfff0);
  writeFileSync(file, bios);
  return file;
}

/** A PC whose only busy parts are an IOMMU and the `edu` device behind it. */
export async function startPc(folder: string, iommu: string, trace: string) {
  const ram = new GuestRam(join(folder, "ram"), RAM_BYTES, SEGMENTS);
  const log = join(folder, "trace");
  const machine = new QtestMachine(X86_QEMU, [
    ...["-nodefaults", "-machine", MACHINE, "-cpu", "max", "-m", `${RAM_BYTES / MIB}M`],
    ...["-object", `memory-backend-file,id=ram,size=${RAM_BYTES},mem-path=${ram.file},share=on`],
    ...["-bios", sleepingBios(folder), "-device", iommu],
    ...["-device", "edu,addr=02.0,dma_mask=0xffffffffffffffff", "-D", log, "-trace", trace],
  ]);
  const at = (register: number) => `outl 0xcf8 ${hex(0x8000_0000 + DEVICE_FUNCTION * 256 + register)}`;
  const [, id] = await machine.run(at(0), "inl 0xcfc");
  if (Number(id) !== EDU_ID) throw new Error(`no edu device, but ${id}`);
  await machine.run(at(0x10), `outl 0xcfc ${hex(BAR)}`, at(4), "outl 0xcfc 0x6");
  ram.unlink();
  return { machine, ram, log };
}
