// Maps a page in the table that it is given, or in one of its own.
import { IoPageTable, Prot, TableMemory } from "io-pgtable";
import { OPTIONS } from "./options.mjs";

self.onmessage = ({ data }) => {
  const { memory: shared, table: handle } = data;
  const memory = shared === undefined ? TableMemory.create({ bytes: 2 ** 22 }) : TableMemory.attach(shared);
  const table = handle === undefined ? new IoPageTable(memory, OPTIONS) : IoPageTable.attach(memory, handle, OPTIONS);
  table.map(0x40_0000, 0x9000_0000, 0x1000, Prot.READ);
  self.postMessage(`0x400123 -> 0x${table.iovaToPhys(0x40_0123)?.toString(16)}`);
};
