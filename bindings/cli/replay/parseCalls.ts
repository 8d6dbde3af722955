import { bytesIntoPage, bytesUpTo, decimal, hexAddress, hexNumber } from "./hexNumber.js";
import { Op, OperationLog, type Range } from "./operationLog.js";
import { type Machine, MalformedLine, type Mark, type RecordParser, type TraceRecord } from "./record.js";

type Fields = readonly string[];

const CALL_LINE = /^(?:D \d+ \S+|[MUT] \d+ [0-9a-f]|[SI] [0-9a-f]|[FA]$|C \S+ \d+ 0x)/;
const MAX_DOMAIN = 0xffff;

/** Whether a text that starts with this line is a record of calls. */
export function isCallLine(line: string): boolean {
  return CALL_LINE.test(line);
}

function domainNumber(text: string | undefined): number {
  const domain = decimal(text);
  if (domain < 0 || domain > MAX_DOMAIN) throw new MalformedLine(`domain ${domain} is not in 0..${MAX_DOMAIN}`);
  return domain;
}

function expectFields(fields: Fields, count: number): void {
  if (fields.length !== count) throw new MalformedLine(`${fields.length} fields where ${count} belong`);
}

function mapCall(log: OperationLog, line: number, fields: Fields): void {
  expectFields(fields, 9);
  const at = log.add(Op.MAP, line);
  const to = log.columns;
  to.domain[at] = domainNumber(fields[1]);
  to.iova[at] = hexNumber(fields[2]);
  to.paddr[at] = hexNumber(fields[3]);
  to.pageSize[at] = hexNumber(fields[4]);
  to.count[at] = decimal(fields[5]);
  to.prot[at] = hexNumber(fields[6]);
  to.bytes[at] = hexNumber(fields[7]);
  to.error[at] = decimal(fields[8]);
}

function gatherAtEntry(text: string | undefined): Range | null {
  // AMD's driver does not look at the gather, and the record does not have it.
  if (text === undefined || text === "-" || text === "0,0,0") return null;
  const [start, end, pageSize] = text.split(",");
  const iova = hexNumber(start);
  return { iova, bytes: bytesUpTo(iova, end), pageSize: hexNumber(pageSize) };
}

function unmapCall(log: OperationLog, line: number, fields: Fields): void {
  expectFields(fields, 7);
  const at = log.add(Op.UNMAP, line);
  const to = log.columns;
  to.domain[at] = domainNumber(fields[1]);
  to.iova[at] = hexNumber(fields[2]);
  to.pageSize[at] = hexNumber(fields[3]);
  to.count[at] = decimal(fields[4]);
  to.bytes[at] = hexNumber(fields[6]);
  const gather = gatherAtEntry(fields[5]);
  if (gather !== null) log.gathers.set(at, gather);
}

function lookUp(log: OperationLog, line: number, fields: Fields): void {
  expectFields(fields, 4);
  const at = log.add(Op.LOOKUP, line);
  log.columns.domain[at] = domainNumber(fields[1]);
  log.columns.iova[at] = hexAddress(fields[2]);
  log.columns.count[at] = bytesIntoPage(fields[2]);
  log.columns.paddr[at] = hexAddress(fields[3]);
}

function sync(log: OperationLog, line: number, fields: Fields): void {
  expectFields(fields, 4);
  const at = log.add(Op.SYNC, line);
  const iova = hexNumber(fields[1]);
  log.columns.iova[at] = iova;
  log.columns.bytes[at] = bytesUpTo(iova, fields[2]);
  log.columns.pageSize[at] = hexNumber(fields[3]);
}

const MACHINE_BY_FIELDS: ReadonlyMap<number, Machine> = new Map([
  [5, "arm"],
  [4, "intel"],
  [3, "amd"],
]);

function invalidation(log: OperationLog, line: number, fields: Fields, machine: Machine): void {
  const at = log.add(Op.INVALIDATE, line);
  const iova = hexNumber(fields[1]);
  log.columns.iova[at] = iova;
  log.columns.bytes[at] = machine === "intel" ? bytesUpTo(iova, fields[2]) : hexNumber(fields[2]);
  if (machine === "arm") log.columns.pageSize[at] = hexNumber(fields[3]);
  if (machine === "intel") log.columns.count[at] = decimal(fields[3]);
}

/** Calls into the kernel's page-table code in time order, one line each: examples/traces/README.md has the format. */
export class CallParser implements RecordParser {
  readonly #log = new OperationLog();
  readonly #marks: Mark[] = [];
  #machine: Machine = "unknown";

  line(text: string, number: number): void {
    const fields = text.split(" ");
    switch (fields[0]) {
      case "M":
        mapCall(this.#log, number, fields);
        break;
      case "U":
        unmapCall(this.#log, number, fields);
        break;
      case "T":
        lookUp(this.#log, number, fields);
        break;
      case "S":
        sync(this.#log, number, fields);
        break;
      case "I":
        this.#invalidate(fields, number);
        break;
      case "F":
        this.#log.add(Op.FLUSH_ALL, number);
        break;
      case "A":
        this.#log.add(Op.FLUSH_ASID, number);
        break;
      case "C":
        this.#mark(fields, number);
        break;
      case "D":
        domainNumber(fields[1]);
        break;
      default:
        throw new MalformedLine(`unknown kind of line "${fields[0]?.slice(0, 20) ?? ""}"`);
    }
  }

  finish(lines: number): TraceRecord {
    return {
      source: "calls",
      machine: this.#machine,
      log: this.#log,
      marks: this.#marks,
      lines,
      lostEvents: 0,
    };
  }

  #invalidate(fields: Fields, line: number): void {
    const machine = MACHINE_BY_FIELDS.get(fields.length);
    if (machine === undefined || (this.#machine !== "unknown" && this.#machine !== machine)) {
      throw new MalformedLine("an invalidation that is not of this record's kind");
    }
    this.#machine = machine;
    invalidation(this.#log, line, fields, machine);
  }

  #mark(fields: Fields, line: number): void {
    expectFields(fields, 4);
    const [, tag = "", domain, root = ""] = fields;
    const operation = this.#log.add(Op.MARK, line);
    this.#marks.push({ operation, line, tag, domain: domainNumber(domain), root });
  }
}
