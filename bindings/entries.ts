// Entries in words: a module of its own, since few programs want its texts.
export type { EntryDescription, FieldDescription } from "./formats/describe.js";
export { type EntryReader, entryReader } from "./formats/entryReader.js";
