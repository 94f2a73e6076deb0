#!/usr/bin/env python3
"""Re-checks exported obligations with cvc5.

    unbarrier prove kernels/*/*.metal --emit-smt OUT
    python3 tests/recheck.py OUT

Every `.smt2` file of the folders (and files) given is decided by cvc5, and the answer compared with the file's own
`(set-info :status ...)`, which is Z3's. cvc5 is the PyPI wheel `cvc5`, or the program that --cvc5 or the environment
variable UNBARRIER_CVC5 names.

Exit codes: 0 no disagreement; 1 a disagreement, or more unknowns than --max-unknown allows; 2 bad input, or no cvc5.
"""

import argparse
import json
import os
import pathlib
import re
import select
import subprocess
import sys
import threading
import time

STATUS = re.compile(r"^\(set-info :status (sat|unsat)\)\s*$", re.M)
# No set of options is the best for every obligation: one after the other, each with its share of the time.
STRATEGIES = [
    (0.4, [("arith-rewrite-equalities", "true")]),
    (0.3, []),
    (0.3, [("dio-solver", "false"), ("decision", "stoponly")]),
]
# Seconds beyond the limit after which a process that does not end by itself is killed.
GRACE = 2.0


def decide_with_module(path, limit):
    import cvc5

    for share, options in STRATEGIES:
        solver = cvc5.Solver(cvc5.TermManager())
        for name, value in options:
            solver.setOption(name, value)
        solver.setOption("tlimit-per", str(max(1, int(limit * share * 1000))))
        parser = cvc5.InputParser(solver)
        parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, path)
        symbols = parser.getSymbolManager()
        said = []
        while True:
            command = parser.nextCommand()
            if command.isNull():
                break
            said.append(command.invoke(solver, symbols))
        answer = interpret("".join(said))
        if answer != "unknown":
            return answer
    return "unknown"


def decide_with_program(program, path, limit):
    for share, options in STRATEGIES:
        flags = [f"--{name}={value}" for name, value in options]
        ms = max(1, int(limit * share * 1000))
        try:
            done = subprocess.run(
                [program, "--lang=smt2", f"--tlimit-per={ms}", *flags, path],
                capture_output=True,
                text=True,
                timeout=limit * share + GRACE,
            )
        except subprocess.TimeoutExpired:
            continue
        answer = interpret(done.stdout + done.stderr)
        if answer != "unknown":
            return answer
    return "unknown"


def interpret(text):
    """The last answer in what a solver said; an error is an answer of its own."""
    if "error" in text.lower():
        return "error: " + " ".join(text.split())[:300]
    answers = [l.strip() for l in text.splitlines() if l.strip() in ("sat", "unsat", "unknown")]
    return answers[-1] if answers else "unknown"


def worker(program, limit):
    """One process: paths in, one JSON line each out. Killed by its parent when it takes too long."""
    for line in sys.stdin:
        path = line.rstrip("\n")
        started = time.monotonic()
        try:
            answer = decide_with_program(program, path, limit) if program else decide_with_module(path, limit)
        except Exception as e:  # what the solver refuses to read is a finding, not a crash of this program
            answer = "error: " + " ".join(str(e).split())[:300]
        print(json.dumps([answer, time.monotonic() - started]), flush=True)


class Worker:
    def __init__(self, program, limit):
        self.command = [sys.executable, os.path.abspath(__file__), "--worker", "--limit", str(limit)]
        if program:
            self.command += ["--cvc5", program]
        self.limit = limit
        self.process = None

    def ask(self, path):
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started = time.monotonic()
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], self.limit + 2 * GRACE)
        line = self.process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        self.close()
        took = time.monotonic() - started
        return ["unknown" if not ready else "error: cvc5 ended abnormally", took]

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def collect(places):
    files = []
    for place in map(pathlib.Path, places):
        if place.is_dir():
            files += sorted(place.rglob("*.smt2"))
        elif place.is_file():
            files.append(place)
        else:
            fail(f"{place}: no such file or folder")
    return files


def fail(message):
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def main():
    p = argparse.ArgumentParser(description="Re-check exported obligations with cvc5.")
    p.add_argument("places", nargs="*", metavar="FOLDER", help="folders (searched below) or files")
    p.add_argument("--limit", type=float, default=10.0, metavar="SECONDS", help="time limit of one file (default 10)")
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="files at a time (default: processors)")
    p.add_argument("--max-unknown", type=float, metavar="PERCENT", help="fail when cvc5 does not decide more than this share")
    p.add_argument("--cvc5", default=os.environ.get("UNBARRIER_CVC5"), metavar="PROGRAM", help="a cvc5 program in place of the wheel")
    p.add_argument("--list", action="store_true", help="also list the files that cvc5 does not decide")
    p.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.worker:
        worker(a.cvc5, a.limit)
        return 0
    if a.limit <= 0 or a.jobs < 1:
        fail("--limit and --jobs must be positive")
    if not a.places:
        fail("name a folder with .smt2 files")
    if a.cvc5:
        try:
            subprocess.run([a.cvc5, "--version"], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as e:
            fail(f"{a.cvc5} does not run: {e}")
    else:
        try:
            import cvc5  # noqa: F401
        except ImportError:
            fail("the Python module cvc5 is not installed (pip install cvc5), and UNBARRIER_CVC5 names no program")
    files = collect(a.places)
    if not files:
        fail("no .smt2 file there")
    expected = {}
    for f in files:
        found = STATUS.findall(f.read_text())
        if len(found) != 1:
            fail(f"{f}: not exactly one (set-info :status sat|unsat)")
        expected[f] = found[0]

    results = {}
    lock = threading.Lock()
    todo = iter(files)

    def run():
        w = Worker(a.cvc5, a.limit)
        while True:
            with lock:
                f = next(todo, None)
            if f is None:
                break
            answer = w.ask(f)
            with lock:
                results[f] = answer
        w.close()

    started = time.monotonic()
    threads = [threading.Thread(target=run) for _ in range(min(a.jobs, len(files)))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()

    agree = [f for f in files if results[f][0] == expected[f]]
    unknown = [f for f in files if results[f][0] == "unknown"]
    wrong = [f for f in files if f not in set(agree) and f not in set(unknown)]
    share = 100.0 * len(unknown) / len(files)
    for f in wrong:
        print(f"DISAGREE {f}: Z3 says {expected[f]}, cvc5 says {results[f][0]}")
    if a.list:
        for f in unknown:
            print(f"unknown {f} ({expected[f]})")
    kinds = {s: sum(1 for f in files if expected[f] == s) for s in ("unsat", "sat")}
    print(
        f"{len(files)} obligations ({kinds['unsat']} unsat, {kinds['sat']} sat): {len(agree)} agree, "
        f"{len(unknown)} unknown ({share:.1f} %), {len(wrong)} disagree; {time.monotonic() - started:.0f} s"
    )
    for f in sorted(files, key=lambda f: -results[f][1])[:5]:
        print(f"  {results[f][1]:6.2f} s  {results[f][0]:8} {f.name}")
    if wrong:
        return 1
    if a.max_unknown is not None and share > a.max_unknown:
        print(f"error: {share:.1f} % unknown; at most {a.max_unknown} % are allowed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
