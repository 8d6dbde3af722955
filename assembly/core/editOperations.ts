// The steps of the calls that change mappings in place. The bindings take them in order: plan (and fetch the pages), build, break or not, run, make.
import { Format } from "../format/format";
import { Own } from "../memory/realm";
import { Address } from "./address";
import { Carve } from "./carve";
import { Change } from "./change";
import { Clear, Free } from "./clear";
import { Coalesce } from "./coalesce";
import { Edit, EditKind } from "./edit";
import { Events } from "./events";
import { Op, Operation } from "./operation";
import { Plan } from "./plan";
import { Protect } from "./protect";
import { Replace } from "./replace";
import { Status, Table } from "./table";
import { Unshare } from "./unshare";

/** What `EditOperation` does; the bindings know the same numbers. */
export class EditStep {
  /** Count the pages that the edit needs, beside those counted since the plan was cleared. Nothing changes. */
  static readonly PLAN: u32 = 0;
  /** Copy shared tables at the ends; build what replaces the leaves that stick out. Answers BREAK when those must be cleared and flushed first. */
  static readonly BUILD: u32 = 1;
  static readonly BREAK: u32 = 2;
  static readonly MAKE: u32 = 3;
  static readonly MAKE_LIVE: u32 = 4;
  /** Everything between the leaves that stuck out. */
  static readonly RUN: u32 = 5;
  /** The rest of a run that answered MORE; what it had cleared has been flushed. */
  static readonly RESUME: u32 = 6;
  /** PLAN in two halves, for what goes where the range has been emptied: its pages are planned between them. */
  static readonly PLAN_LOW: u32 = 7;
  static readonly PLAN_HIGH: u32 = 8;
}

/** Whether the walk has come to the end of the edit; cleared entries may still wait. */
let walked: bool = false;

/** Whether the last run left cleared entries that wait for a flush and RESUME. */
export function editWaits(): bool {
  return Change.waits;
}

/** The edit [a, b] of kind e (its low bits; the step above) to c with attributes d. */
export class EditOperation extends Operation {
  run<F extends Format>(t: Table, first: u64, last: u64, oa: u64, attrs: u64, kindAndStep: u32): i64 {
    const kind = kindAndStep & 0xff;
    const step = kindAndStep >> 8;
    if (step != EditStep.RESUME) Edit.set(kind, first, last, oa, attrs);
    if (step == EditStep.PLAN) return EditOperation.plan<F>(t);
    if (step == EditStep.PLAN_LOW) return EditOperation.planLow<F>(t);
    if (step == EditStep.PLAN_HIGH) return EditOperation.planHigh<F>(t);
    if (step == EditStep.BUILD) return EditOperation.build<F>(t);
    if (step == EditStep.BREAK) {
      Carve.break<F>(t);
    } else if (step == EditStep.MAKE || step == EditStep.MAKE_LIVE) {
      Carve.make<F>(t, step == EditStep.MAKE_LIVE);
      Op.remove(Carve.inside(first, last));
    } else {
      return EditOperation.between<F>(t, step == EditStep.RESUME);
    }
    return Status.OK;
  }

  /** From the first address to the last, so that a table that two parts need, of this edit or of two, is counted once. */
  static plan<F extends Format>(t: Table): i32 {
    const first = Edit.first;
    const last = Edit.last;
    const noted: u32 = Edit.kind == EditKind.OWN ? 0 : Carve.ends<F>(t, first, last);
    const ends = Edit.kind == EditKind.REMOVE || Edit.kind == EditKind.OWN;
    if (ends) Unshare.plan<F>(t, first, first, last);
    if (noted != 0 && Carve.isLow) Carve.plan<F>(t, 0);
    if (Edit.kind == EditKind.REPLACE) Replace.plan<F>(t, t.root, t.top, first, last, false);
    else if (Edit.kind == EditKind.PROTECT && t.repeats) Protect.plan<F>(t, t.root, t.top, first, last, false);
    if (noted > Carve.high) Carve.plan<F>(t, Carve.high);
    if (ends) Unshare.plan<F>(t, last, first, last);
    return Status.OK;
  }

  /** Of a removal, what its first address needs; then the range counts as empty. */
  static planLow<F extends Format>(t: Table): i32 {
    const noted = Carve.ends<F>(t, Edit.first, Edit.last);
    Unshare.plan<F>(t, Edit.first, Edit.first, Edit.last);
    if (noted != 0) Carve.planBefore<F>(t, Carve.at(0));
    Plan.assumeEmpty(Edit.first, Edit.last);
    return Status.OK;
  }

  static planHigh<F extends Format>(t: Table): i32 {
    Plan.assumeNothing();
    const noted = Carve.ends<F>(t, Edit.first, Edit.last);
    if (noted != 0) Carve.planAfter<F>(t, Carve.at(noted - 1));
    Unshare.plan<F>(t, Edit.last, Edit.first, Edit.last);
    return Status.OK;
  }

  static build<F extends Format>(t: Table): i32 {
    Op.begin();
    Events.begin();
    Change.begin();
    let status = Unshare.ends<F>(t, Edit.first, Edit.last);
    Op.book();
    if (status != Status.OK || Edit.kind == EditKind.OWN) return status;
    Carve.ends<F>(t, Edit.first, Edit.last);
    status = Carve.build<F>(t);
    Op.book();
    if (status != Status.OK) return status;
    return Carve.breaks<F>(t) ? Status.BREAK : Status.OK;
  }

  /** Everything that does not stick out. */
  static between<F extends Format>(t: Table, resume: bool): i32 {
    Own.realm.events = 0;
    if (resume) Change.make<F>(t);
    else walked = Carve.isAll;
    const from = resume ? Op.at : Carve.restFirst;
    let status: i32 = walked ? Status.OK : EditOperation.middle<F>(t, from, Carve.restLast);
    walked = status != Status.MORE;
    if (status == Status.OK && Change.waits) status = Status.MORE;
    Op.book();
    Own.realm.done = <f64>Op.removed;
    Own.realm.at = <f64>Address.iova(t, Op.at);
    return status;
  }

  static middle<F extends Format>(t: Table, first: u64, last: u64): i32 {
    if (Edit.kind == EditKind.REPLACE) return Replace.level<F>(t, t.root, t.top, first, last);
    if (Edit.kind == EditKind.PROTECT) return Protect.level<F>(t, t.root, t.top, first, last);
    return Clear.range<F>(t, t.root, t.top, t.top, first, last, Free.EMPTY);
  }
}

/** Larger leaves in [a, b]; c = 1: the rest of a call that answered MORE. */
export class CoalesceOperation extends Operation {
  run<F extends Format>(t: Table, first: u64, last: u64, resume: u64, d: u64, e: u32): i64 {
    if (resume == 0) {
      Op.begin();
      Events.begin();
      Change.begin();
      Edit.set(EditKind.PROTECT, first, last, 0, 0);
    } else {
      Own.realm.events = 0;
      Change.make<F>(t);
      if (walked) return Status.OK;
    }
    let status = Coalesce.level<F>(t, t.root, t.top, resume == 0 ? first : Op.at, last);
    walked = status != Status.MORE;
    if (status == Status.OK && Change.waits) status = Status.MORE;
    Own.realm.at = <f64>Address.iova(t, Op.at);
    return status;
  }
}
