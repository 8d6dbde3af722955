import { lineBatches, type ReadProgress } from "./input.js";
import { Op } from "./operationLog.js";
import { CallParser, isCallLine } from "./parseCalls.js";
import { FtraceParser, isTraceLike } from "./parseFtrace.js";
import { MalformedLine, type RecordParser, type TraceRecord } from "./record.js";
import { UnusableInput } from "./unusableInput.js";

const UNKNOWN = "neither a record of page-table calls (.ops) nor ftrace text with iommu:map and iommu:unmap events";
/** So many lines without one that could be ftrace end the search. */
const LINES_TO_JUDGE = 1000;

function parserFor(line: string): RecordParser {
  return isCallLine(line) ? new CallParser() : new FtraceParser();
}

/** Reads a record whole. What it is, is told by its content. */
export async function readRecord(file: string, progress: ReadProgress): Promise<TraceRecord> {
  let parser: RecordParser | undefined;
  let lines = 0;
  let traceLike = false;
  for await (const batch of lineBatches(file, progress)) {
    for (const raw of batch) {
      lines++;
      const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (text === "") continue;
      parser ??= parserFor(text);
      parseLine(parser, text, lines, file);
      if (lines <= LINES_TO_JUDGE) traceLike ||= isTraceLike(text);
    }
    if (parser instanceof FtraceParser && !traceLike && lines >= LINES_TO_JUDGE) throw new UnusableInput(file, UNKNOWN);
  }
  if (parser === undefined) throw new UnusableInput(file, "empty");
  return usable(parser.finish(lines), traceLike, file);
}

function parseLine(parser: RecordParser, text: string, number: number, file: string): void {
  try {
    parser.line(text, number);
  } catch (error) {
    if (error instanceof MalformedLine) throw new UnusableInput(file, `line ${number}: ${error.message}`);
    throw error;
  }
}

function usable(record: TraceRecord, traceLike: boolean, file: string): TraceRecord {
  const { log } = record;
  if (log.callsOf(Op.MAP) + log.callsOf(Op.UNMAP) > 0) return record;
  if (record.source === "calls") throw new UnusableInput(file, "no map or unmap in it");
  throw new UnusableInput(file, traceLike ? "no iommu:map or iommu:unmap event in it" : UNKNOWN);
}
