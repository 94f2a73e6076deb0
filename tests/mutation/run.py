#!/usr/bin/env python3
"""Breaks the prover on purpose, one way at a time, and reports which test notices.

    tests/mutation/run.py [--work DIR] [--target DIR] [--kernels N] [--seconds S] [--both] [--only NAME]...

Works on a copy of the repository in DIR, where every mutant becomes a switch: `crate::broken("name")` is true while the
environment variable UNBARRIER_BROKEN holds that name. So one build serves them all. Each mutant is held against
`tests/differential.rs` (N random kernels, at most S seconds, stopping at the first refuted verdict) and, if that notices
nothing or with --both, against `tests/cases.rs`. Exit code 1 when a mutant survives both or does not apply, or when the
copy fails its tests with all switches off.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SWITCH = """
/// Whether this mutant is switched on.
pub fn broken(name: &str) -> bool {
    static ON: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var("UNBARRIER_BROKEN").unwrap_or_default()) == name
}
"""

# Name, what it does, file, text, text with the switch; ON stands for the call that asks.
MUTANTS = [
    ("back-edge", "forgets the back edge of a loop", "src/cfg/interval.rs",
     "Node::Back(l) => {", "Node::Back(l) => {\n            if ON {\n                return Vec::new();\n            }"),
    ("flags", "takes mem_none (and any other flags) to order all memory", "src/cfg/interval.rs",
     "scope && (self.ignore_flags || b.flags.orders(self.space))", "scope && (ON || self.ignore_flags || b.flags.orders(self.space))"),
    ("partial-simdgroup", "forgets the partial last simdgroup", "src/encode/launch.rs",
     "Interval::new(0, top / w)", "Interval::new(0, if ON { ((top + 1) / w - 1).max(0) } else { top / w })"),
    ("wrap", "ignores wrap-around", "src/encode/terms.rs",
     "let w = self.logic.fresh(\"w\", w_range);",
     "let w = self.logic.fresh(\"w\", if ON { Interval::new(0, 0) } else { w_range });"),
    ("distrusted", "takes a distrusted load to be uniform", "src/analysis/eval.rs",
     "} else if self.distrusted.contains(&access.id) {", "} else if !ON && self.distrusted.contains(&access.id) {"),
    ("distrusted-place", "distrusts only the pair of accesses that was found, not the others at the same places", "src/prove/prepare.rs",
     "all.filter(|f| places.contains(&place(f.object.0, f.span)))",
     "all.filter(|f| places.contains(&place(f.object.0, f.span)) && (!ON || races.iter().any(|r| r.accesses.iter().any(|a| a.2 == f.id))))"),
    ("private", "takes private arrays to hold the same in all threads, whatever is stored", "src/analysis/eval/private.rs",
     "                    level = level.max(self.facts.terms.level(v));",
     "                    if !ON {\n                        level = level.max(self.facts.terms.level(v));\n                    }"),
    ("all-uniform", "takes every load from writable memory to be uniform", "src/analysis/eval.rs",
     "let at = self.facts.terms.level(offset);",
     "let at = if ON && space != Space::Thread { Level::Uniform } else { self.facts.terms.level(offset) };"),
    ("width", "ignores the width of accesses", "src/encode/pair.rs",
     "let (wa, wb) = (i128::from(first.width), i128::from(second.width));",
     "let most = if ON { 1 } else { i128::MAX };\n"
     "        let (wa, wb) = (i128::from(first.width).min(most), i128::from(second.width).min(most));"),
    ("ended", "forgets threads that ended", "src/prove/ended.rs",
     "if !self.some_end_early(mode) {", "if ON || !self.some_end_early(mode) {"),
    ("ended-after", "forgets threads that end right after the deleted barrier", "src/prove/interval.rs",
     "|| reach.returns.iter().any(|a| a.passed != Passed::None);",
     "|| (!ON && reach.returns.iter().any(|a| a.passed != Passed::None));"),
    ("ended-between", "forgets what ended threads did between two deleted barriers", "src/prove/ended.rs",
     "if removal && !differs(a.passed, r.passed) {",
     "if removal && (!differs(a.passed, r.passed) || (ON && a.passed != Passed::None)) {"),
    ("table", "lets a witness change the constants of the program", "src/exec/replay.rs",
     "object.is_none_or(|o| o.init.is_none())", "object.is_none_or(|o| ON || o.init.is_none())"),
    ("table-sign", "reads tables of the program as if they were signed", "src/encode/terms/table.rs",
     "number(element, ty.is_signed())", "number(element, ON || ty.is_signed())"),
    ("blame", "blames the deletion for races that happen with all barriers in place", "src/exec/replay.rs",
     "    if options.disabled.is_empty() {\n        return false;",
     "    if ON || options.disabled.is_empty() {\n        return false;"),
    ("later", "takes a later iteration for the next one", "src/encode/pair.rs",
     "(Shift::Later, Some(p)) => p.offset(2).plus(&free()),",
     "(Shift::Later, Some(p)) if ON => p.offset(1),\n            (Shift::Later, Some(p)) => p.offset(2).plus(&free()),"),
    ("entry", "skips the interval that starts at the entry", "src/prove/interval.rs",
     "std::iter::once(Start::Entry)", "(!ON).then_some(Start::Entry).into_iter()"),
    ("relation", "takes simdgroup barriers to order different simdgroups", "src/cfg/interval.rs",
     "let scope = b.scope == BarrierScope::Threadgroup || self.same_simdgroup;",
     "let scope = b.scope == BarrierScope::Threadgroup || self.same_simdgroup || ON;"),
    ("divergent", "takes divergent barriers to order", "src/prove/interval.rs",
     "Some(BarrierScope::Threadgroup) => f.level == Level::Uniform,",
     "Some(BarrierScope::Threadgroup) => ON || f.level == Level::Uniform,"),
    ("twice", "forgets pairs that passed the deleted barrier more than once", "src/prove/interval.rs",
     "a != b || a == Passed::More", "a != b || (!ON && a == Passed::More)"),
    ("private-loop", "takes loops without barriers to be in their first iteration", "src/cfg/interval.rs",
     "if tracked { Shift::First } else { Shift::Any }", "if tracked || ON { Shift::First } else { Shift::Any }"),
    ("merge", "keeps facts that hold on one of two merging paths only", "src/cfg/interval.rs",
     "self.exits.retain(|e| other.exits.contains(e));", "self.exits.retain(|e| ON || other.exits.contains(e));"),
    ("signed-remainder", "takes signed remainders for floored ones", "src/encode/terms/ops.rs",
     "&& !self.facts.terms.ty(t).is_signed()\n", "&& (ON || !self.facts.terms.ty(t).is_signed())\n"),
    ("one-interval", "looks only at pairs of the same access", "src/prove/interval.rs",
     "if fa.object == fb.object\n", "if fa.object == fb.object\n                    && (added || !ON || fa.id == fb.id)\n"),
    ("guard", "drops the guard of an access", "src/encode/pair.rs",
     "conditions.push(self.enc.bool(f.guard, ctx));", "if !ON {\n            conditions.push(self.enc.bool(f.guard, ctx));\n        }"),
]

# More places of mutants above, under the same switch: name, file, text, text with the switch.
MORE = [
    ("merge", "src/cfg/interval.rs", "self.took.retain(|t| other.took.contains(t));", "self.took.retain(|t| ON || other.took.contains(t));"),
    ("private-loop", "src/cfg/interval.rs", "Shift::First | Shift::After => Shift::After,",
     "Shift::First if ON && !flow.barrier_loops.contains(&l) => return Vec::new(),\n"
     "                    Shift::First | Shift::After => Shift::After,"),
    ("table", "src/prove/witness.rs", ".is_some_and(|o| o.init.is_some()) => {}", ".is_some_and(|o| !ON && o.init.is_some()) => {}"),
]


def apply(tree):
    """Puts all switches into the copy; the names of those whose text was not found once."""
    failed = []
    for name, file, old, new in [(m[0], *m[2:]) for m in MUTANTS] + MORE:
        path = tree / file
        text = path.read_text()
        if text.count(old) != 1:
            failed.append(name)
            continue
        path.write_text(text.replace(old, new.replace("ON", f'crate::broken("{name}")')))
    with open(tree / "src/lib.rs", "a") as f:
        f.write(SWITCH)
    return failed


def build(tree, target):
    """The test programs by name."""
    args = ["cargo", "test", "--release", "--test", "differential", "--test", "cases", "--no-run", "--message-format=json"]
    env = dict(os.environ, CARGO_TARGET_DIR=str(target))
    p = subprocess.run(args, cwd=tree, env=env, capture_output=True, text=True)
    if p.returncode != 0:
        sys.exit("the copy with switches does not build:\n" + p.stderr)
    out = {}
    for line in p.stdout.splitlines():
        m = json.loads(line)
        if m.get("reason") == "compiler-artifact" and m.get("executable") and m["profile"]["test"]:
            out[m["target"]["name"]] = m["executable"]
    return out


def call(program, tree, limit, broken, env):
    full = dict(os.environ, RUST_BACKTRACE="0", UNBARRIER_BROKEN=broken, **env)
    try:
        p = subprocess.run([program, "--test-threads", "1"], cwd=tree, env=full, capture_output=True, text=True, timeout=limit)
        return p.returncode, p.stdout + p.stderr
    except subprocess.TimeoutExpired as e:
        text = (e.stdout or b"").decode(errors="replace") + (e.stderr or b"").decode(errors="replace")
        return None, text


def cases(program, tree, broken):
    code, text = call(program, tree, 1800, broken, {})
    if code == 0:
        return None
    wrong = re.findall(r"(tests/cases/\S+?|kernels/\S+?):(\d+): ([^\n]*)", text)
    if not wrong:
        return "failed" if code is not None else "out of time"
    return f"{len(wrong)} mismatch{'es' if len(wrong) > 1 else ''}, as {wrong[0][0]}:{wrong[0][1]}"


def random(program, tree, broken, kernels, seconds):
    env = {
        "UNBARRIER_DIFF_KERNELS": str(kernels),
        "UNBARRIER_DIFF_SECONDS": str(seconds),
        "UNBARRIER_DIFF_SHRINK": "0",
        "UNBARRIER_DIFF_FIRST": "1",
        "UNBARRIER_DIFF_JOBS": "1",
    }
    code, text = call(program, tree, seconds + 600, broken, env)
    if code == 0:
        return None
    found = re.search(r"kernel (\d+): (.*?) line \d+ refuted", text)
    if found:
        return f"kernel {found[1]}: {found[2]}"
    return "failed" if code is not None else "out of time"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--work", type=Path)
    p.add_argument("--target", type=Path)
    p.add_argument("--kernels", type=int, default=1500)
    p.add_argument("--seconds", type=int, default=240)
    p.add_argument("--both", action="store_true")
    p.add_argument("--only", action="append", default=[])
    a = p.parse_args()
    work = a.work or Path(tempfile.mkdtemp(prefix="mutation-"))
    target = a.target or work / "target"
    tree = work / "tree"
    if tree.exists():
        shutil.rmtree(tree)
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("target", ".git"))
    failed = apply(tree)
    programs = build(tree, target)
    print("| mutant | what it does | random kernels (seed 1) | cases |\n|---|---|---|---|", flush=True)
    bad = len(failed)
    for name, what, *_ in [("", "nothing: all switches are off")] + MUTANTS:
        if a.only and name not in a.only:
            continue
        if name in failed:
            print(f"| {name} | {what} | does not apply | |", flush=True)
            continue
        started = time.time()
        r = random(programs["differential"], tree, name, a.kernels, a.seconds)
        c = cases(programs["cases"], tree, name) if a.both or r is None else "not run"
        print(f"| {name} | {what} | {r or '—'} | {c or '—'} |", flush=True)
        noticed = r is not None or c is not None
        bad += noticed == (name == "")
        print(f"{name or 'none'}: {time.time() - started:.0f} s", file=sys.stderr, flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
