"""What a report says, as values that do not change.

Every class is made from the JSON report (docs/schema/report.schema.json); what is not kept here is in ``Report.raw``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Mapping, Optional, Tuple

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Barrier:
    """A barrier call and the verdict on it.

    In ``Report.barriers`` it is a place in the source, with the worst verdict over the kernels and calls that reach it. In
    ``Kernel.barriers`` it is one instance, with the witness against it.
    """

    #: The file; ``-`` for the text given to ``prove``.
    file: str
    #: 1-based.
    line: int
    #: 1-based.
    column: int
    #: The kernel that reaches it; ``None`` where several do, or none that was analysed.
    kernel: Optional[str]
    #: ``removable``, ``weakenable``, ``required`` or ``unknown``.
    verdict: str
    #: In one sentence.
    reason: str
    #: ``threadgroup_barrier`` or ``simdgroup_barrier``.
    kind: str = ""
    #: ``mem_threadgroup``, …
    flags: Tuple[str, ...] = ()
    #: What the verdict hinges on: ``atomic-order``, ``publishes``, ``flags``.
    labels: Tuple[str, ...] = ()
    #: All kernels that reach it.
    kernels: Tuple[str, ...] = ()
    #: Calls that lead from the kernel to it, outermost first.
    call_path: Tuple[str, ...] = ()
    #: The two threads, their accesses and the launch in which they race without it.
    witness: Optional[Json] = field(default=None, compare=False, repr=False)
    #: A command that shows the race.
    replay: Optional[str] = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Access:
    """One of the two accesses of a race."""

    file: str
    line: int
    column: int
    #: ``read``, ``write`` or ``atomic``.
    kind: str


@dataclass(frozen=True)
class Race:
    """Two accesses of a kernel as written that nothing orders."""

    #: Of the first access.
    file: str
    #: Of the first access.
    line: int
    #: The kernel.
    kernel: str
    #: What is raced for.
    array: str
    #: ``threadgroup`` or ``device``.
    space: str
    #: ``confirmed`` (it was executed) or ``possible``.
    status: str
    #: ``intra-simdgroup`` or ``cross-simdgroup``.
    scope: str
    #: Choices of the execution model that it hinges on: ``intra-simdgroup``, ``flags``.
    labels: Tuple[str, ...]
    #: The threads meet at a barrier whose flags do not name the memory.
    flags_only: bool
    #: The two accesses.
    accesses: Tuple[Access, ...]
    #: How it happens.
    witness: Optional[Json] = field(default=None, compare=False, repr=False)
    #: A command that shows it.
    replay: Optional[str] = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        places = " and ".join(f"{a.kind} at {a.line}:{a.column}" for a in self.accesses)
        return f"{self.file}:{self.line}: {self.status} race on {self.array} in kernel {self.kernel}: {places}"


@dataclass(frozen=True)
class Divergent:
    """A barrier that not all threads may reach."""

    file: str
    line: int
    column: int
    kernel: str
    reason: str


@dataclass(frozen=True)
class NotAnalysed:
    """Something with barriers, or a kernel, on which there is no verdict."""

    file: str
    line: int
    column: int
    kind: str
    name: str
    reason: str


@dataclass(frozen=True)
class Kernel:
    """A kernel that was analysed."""

    name: str
    file: str
    line: int
    #: ``None`` when it was taken to be any size.
    threadgroup: Optional[Tuple[int, int, int]]
    #: What its verdicts rest on.
    assumptions: Tuple[str, ...]
    #: Shown free of races within a threadgroup and of divergent barriers, as written.
    race_free: bool
    #: Each instance of a barrier.
    barriers: Tuple[Barrier, ...]
    #: Races as written.
    races: Tuple[Race, ...]
    #: Barriers that not all threads may reach.
    divergent: Tuple[Divergent, ...]
    #: Lines of barriers that can go together.
    jointly_removable: Tuple[int, ...]


@dataclass(frozen=True)
class Problem:
    """Something wrong with an input."""

    #: A word that names the kind.
    code: str
    message: str
    path: Optional[str] = None
    line: Optional[int] = None
    column: Optional[int] = None

    def __str__(self) -> str:
        if self.path is None or self.path in self.message:
            return self.message
        place = ":".join(str(p) for p in (self.path, self.line, self.column) if p is not None)
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class Totals:
    """Counts over the report."""

    files: int = 0
    kernels: int = 0
    race_free_kernels: int = 0
    barriers: int = 0
    removable: int = 0
    weakenable: int = 0
    required: int = 0
    unknown: int = 0
    races: int = 0
    divergent: int = 0
    not_analysed: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Report:
    """What was proved."""

    kernels: Tuple[Kernel, ...]
    #: Places in the source with a barrier.
    barriers: Tuple[Barrier, ...]
    #: Races of all kernels as written.
    races: Tuple[Race, ...]
    #: Barriers that not all threads may reach, of all kernels.
    divergent: Tuple[Divergent, ...]
    #: What there is no verdict on. A test that wants to be sure asserts that this is empty.
    not_analysed: Tuple[NotAnalysed, ...]
    #: Empty in what ``prove`` returns; see ``UnbarrierError.report``.
    errors: Tuple[Problem, ...]
    totals: Totals
    #: The JSON report.
    raw: Json = field(compare=False, repr=False)

    @property
    def race_free(self) -> bool:
        """Whether every kernel is shown free of races within a threadgroup and of divergent barriers, and nothing was left out."""
        return bool(self.kernels) and not self.not_analysed and all(k.race_free for k in self.kernels)

    @property
    def removable(self) -> Tuple[Barrier, ...]:
        """The barriers that can go, each by itself; ``Kernel.jointly_removable`` says which can go together."""
        return tuple(b for b in self.barriers if b.verdict == "removable")


def report(raw: Json) -> Report:
    """The values of a JSON report."""
    files = raw["files"]
    kernels = tuple(_kernel(f["path"], k) for f in files for k in f["kernels"])
    return Report(
        kernels=kernels,
        barriers=tuple(_barrier(f["path"], b, b["kernels"]) for f in files for b in f["barriers"]),
        races=tuple(r for k in kernels for r in k.races),
        divergent=tuple(d for k in kernels for d in k.divergent),
        not_analysed=tuple(_not_analysed(f["path"], n) for f in files for n in f["not_analysed"]),
        errors=tuple(_problem(e) for e in raw["errors"]),
        totals=_totals(raw["totals"]),
        raw=raw,
    )


def _kernel(file: str, k: Json) -> Kernel:
    file = k.get("path") or file
    name = k["name"]
    size = k["threadgroup"]
    return Kernel(
        name=name,
        file=file,
        line=k["line"],
        threadgroup=None if size is None else (size[0], size[1], size[2]),
        assumptions=tuple(k["assumptions"]),
        race_free=k["race_free"],
        barriers=tuple(_barrier(file, b, [name]) for b in k["barriers"]),
        races=tuple(_race(file, name, r) for r in k["races"]),
        divergent=tuple(
            Divergent(d.get("path") or file, d["line"], d["column"], name, d["reason"]) for d in k["divergent_barriers"]
        ),
        jointly_removable=tuple(k["jointly_removable"]),
    )


def _barrier(file: str, b: Json, kernels: Any) -> Barrier:
    return Barrier(
        file=b.get("path") or file,
        line=b["line"],
        column=b["column"],
        kernel=kernels[0] if len(kernels) == 1 else None,
        verdict=b["verdict"],
        reason=b["reason"],
        kind=b["kind"],
        flags=tuple(b["flags"]),
        labels=tuple(b.get("labels", ())),
        kernels=tuple(kernels),
        call_path=tuple(b.get("call_path", ())),
        witness=b.get("witness"),
        replay=b.get("replay"),
    )


def _race(file: str, kernel: str, r: Json) -> Race:
    accesses = tuple(Access(a.get("path") or file, a["line"], a["column"], a["kind"]) for a in r["accesses"])
    return Race(
        file=accesses[0].file if accesses else file,
        line=accesses[0].line if accesses else 0,
        kernel=kernel,
        array=r["array"],
        space=r["space"],
        status=r["status"],
        scope=r["scope"],
        labels=tuple(r["labels"]),
        flags_only=r["flags_only"],
        accesses=accesses,
        witness=r.get("witness"),
        replay=r.get("replay"),
    )


def _not_analysed(file: str, n: Json) -> NotAnalysed:
    return NotAnalysed(n.get("path") or file, n["line"], n["column"], n["kind"], n["name"], n["reason"])


def _problem(e: Json) -> Problem:
    return Problem(e.get("code") or "bad-input", e["message"], e.get("path") or None, e.get("line"), e.get("column"))


def _totals(t: Json) -> Totals:
    known = {f.name for f in fields(Totals)}
    return Totals(**{name: n for name, n in t.items() if name in known})
