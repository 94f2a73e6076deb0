#!/usr/bin/env python3
"""Breaks the prover on purpose, one way at a time, and reports which test notices.

    tests/mutation/run.py [--work DIR] [--target DIR] [--kernels N] [--seconds S] [--both] [--only NAME]...

Works on a copy of the repository in DIR and builds in a target folder of its own. Each mutant is built and held against
`tests/differential.rs` (N random kernels, at most S seconds, stopping at the first refuted verdict) and, if that notices
nothing or with --both, against `tests/cases.rs`. Exit code 1 when a mutant survives both, or a mutant does not apply or build.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Name, what it forgets, file, text, replacement.
MUTANTS = [
    ("back-edge", "forgets the back edge of a loop", "src/cfg/interval.rs",
     "Node::Back(l) => {", "Node::Back(l) => {\n            if l.0 < u32::MAX {\n                return Vec::new();\n            }"),
    ("flags", "takes mem_none (and any other flags) to order all memory", "src/cfg/interval.rs",
     "scope && (self.ignore_flags || b.flags.orders(self.space))", "scope"),
    ("partial-simdgroup", "forgets the partial last simdgroup", "src/encode/launch.rs",
     "Interval::new(0, top / w)", "Interval::new(0, ((top + 1) / w - 1).max(0))"),
    ("wrap", "ignores wrap-around", "src/encode/terms.rs",
     "let w = self.logic.fresh(\"w\", w_range);", "let w = self.logic.fresh(\"w\", Interval::new(0, 0 * w_range.lo.unwrap_or(0)));"),
    ("distrusted", "takes a distrusted load to be uniform", "src/analysis/eval.rs",
     "space == Space::Thread || self.distrusted.contains(&access.id)", "space == Space::Thread"),
    ("all-uniform", "takes every load from writable memory to be uniform", "src/analysis/eval.rs",
     "    self.facts.terms.level(offset)\n                };", "    Level::Uniform\n                };"),
    ("width", "ignores the width of accesses", "src/encode/pair.rs",
     "let (wa, wb) = (i128::from(first.width), i128::from(second.width));",
     "let (wa, wb) = (i128::from(first.width.min(1)), i128::from(second.width.min(1)));"),
    ("ended", "forgets threads that ended", "src/prove/ended.rs",
     "if !self.some_end_early(mode) {", "if !self.some_end_early(mode) || mode.filter.space == mode.filter.space {"),
    ("ended-after", "forgets threads that end right after the deleted barrier", "src/prove/interval.rs",
     "                || reach.returns.iter().any(|a| a.passed != Passed::None);", "                || false;"),
    ("ended-between", "forgets what ended threads did between two deleted barriers", "src/prove/ended.rs",
     "if removal && !differs(a.passed, r.passed) {", "if removal && a.passed != Passed::None {"),
    ("table", "lets a witness change the constants of the program", "src/exec/replay.rs",
     "object.is_none_or(|o| o.init.is_none())", "object.is_none_or(|o| o.init.is_none() || o.init.is_some())"),
    ("blame", "blames the deletion for races that happen with all barriers in place", "src/exec/replay.rs",
     "    if options.disabled.is_empty() {\n        return false;", "    if options.disabled.is_empty() || !options.disabled.is_empty() {\n        return false;"),
    ("table-sign", "reads tables of the program as if they were signed", "src/encode/terms/table.rs",
     "number(element, ty.is_signed())", "number(element, true)"),
    ("later", "takes a later iteration for the next one", "src/encode/pair.rs",
     "(Shift::Later, Some(p)) => p.offset(2).plus(&free()),", "(Shift::Later, Some(p)) => p.offset(1),"),
    ("entry", "skips the interval that starts at the entry", "src/prove/interval.rs",
     "std::iter::once(Start::Entry)\n            .chain(active.iter().map(|b| Start::Barrier(*b)))\n            .collect()",
     "active.iter().map(|b| Start::Barrier(*b)).collect()"),
    ("relation", "takes simdgroup barriers to order different simdgroups", "src/cfg/interval.rs",
     "let scope = b.scope == BarrierScope::Threadgroup || self.same_simdgroup;",
     "let scope = b.scope == BarrierScope::Threadgroup || self.same_simdgroup || self.space == self.space;"),
    ("divergent", "takes divergent barriers to order", "src/prove/interval.rs",
     "Some(BarrierScope::Threadgroup) => f.level == Level::Uniform,", "Some(BarrierScope::Threadgroup) => f.level >= Level::Uniform,"),
    ("twice", "forgets pairs that passed the deleted barrier more than once", "src/prove/interval.rs",
     "a != b || a == Passed::More", "a != b"),
    ("private-loop", "takes loops without barriers to be in their first iteration", "src/cfg/interval.rs",
     "if tracked { Shift::First } else { Shift::Any }", "if tracked || l.0 < u32::MAX { Shift::First } else { Shift::Any }"),
    ("merge", "keeps facts that hold on one of two merging paths only", "src/cfg/interval.rs",
     "old.retain(|e| facts.contains(e));", "let _ = &facts;"),
    ("signed-remainder", "takes signed remainders for floored ones", "src/encode/terms/ops.rs",
     "&& !self.facts.terms.ty(t).is_signed()\n", ""),
    ("one-interval", "looks only at pairs of the same access", "src/prove/interval.rs",
     "if fa.object == fb.object\n", "if fa.object == fb.object\n                    && (added || fa.id == fb.id)\n"),
    ("guard", "drops the guard of an access", "src/encode/pair.rs",
     "conditions.push(self.enc.bool(f.guard, ctx));", ""),
]


def apply(tree, file, old, new):
    path = tree / file
    text = path.read_text()
    if text.count(old) != 1:
        return None
    path.write_text(text.replace(old, new))
    return text


def call(args, tree, target, limit, env=None):
    full = dict(os.environ, CARGO_TARGET_DIR=str(target), RUST_BACKTRACE="0", **(env or {}))
    try:
        p = subprocess.run(args, cwd=tree, env=full, capture_output=True, text=True, timeout=limit)
        return p.returncode, p.stdout + p.stderr
    except subprocess.TimeoutExpired as e:
        text = (e.stdout or b"").decode(errors="replace") + (e.stderr or b"").decode(errors="replace")
        return None, text


def cases(tree, target):
    code, text = call(["cargo", "test", "--test", "cases", "--", "--test-threads", "1"], tree, target, 900)
    if code == 0:
        return None
    wrong = re.findall(r"(tests/cases/\S+?|kernels/\S+?):(\d+): ([^\n]*)", text)
    if not wrong:
        return "failed" if code is not None else "out of time"
    return f"{len(wrong)} mismatches, as {wrong[0][0]}:{wrong[0][1]}"


def random(tree, target, kernels, seconds):
    env = {
        "UNBARRIER_DIFF_KERNELS": str(kernels),
        "UNBARRIER_DIFF_SECONDS": str(seconds),
        "UNBARRIER_DIFF_SHRINK": "0",
        "UNBARRIER_DIFF_FIRST": "1",
    }
    code, text = call(["cargo", "test", "--test", "differential"], tree, target, seconds + 600, env)
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
    print("| mutant | what it does | random kernels (seed 1) | cases |\n|---|---|---|---|", flush=True)
    bad = 0
    for name, what, file, old, new in MUTANTS:
        if a.only and name not in a.only:
            continue
        started = time.time()
        before = apply(tree, file, old, new)
        if before is None:
            print(f"| {name} | {what} | does not apply | |", flush=True)
            bad += 1
            continue
        code, text = call(["cargo", "test", "--test", "differential", "--no-run"], tree, target, 1800)
        if code != 0:
            first = re.search(r"error.*", text)
            print(f"| {name} | {what} | does not build: {first[0] if first else code} | |", flush=True)
            bad += 1
        else:
            r = random(tree, target, a.kernels, a.seconds)
            c = cases(tree, target) if a.both or r is None else "not run"
            print(f"| {name} | {what} | {r or '—'} | {c or '—'} |", flush=True)
            bad += c is None and r is None
        print(f"{name}: {time.time() - started:.0f} s", file=sys.stderr, flush=True)
        (tree / file).write_text(before)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
