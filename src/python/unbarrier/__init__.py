"""Which barriers of a Metal compute kernel can be removed, decided with proof.

    >>> import unbarrier
    >>> report = unbarrier.prove(source, threadgroup=64)
    >>> [(b.line, b.verdict) for b in report.barriers]
    [(7, 'required'), (9, 'removable')]
    >>> assert not report.races

The text of kernels goes to the program ``unbarrier``, which this package contains, and its report comes back as values. Nothing else is done
here: verdicts, assumptions and limits are those of ``unbarrier prove``.
"""

from __future__ import annotations

import json
import os
import subprocess
from importlib import metadata
from typing import List, Optional, Sequence, Tuple, Union

from . import _model, _program
from ._model import Access, Barrier, Divergent, Kernel, NotAnalysed, Problem, Race, Report, Totals

__all__ = [
    "Access",
    "Barrier",
    "Divergent",
    "Kernel",
    "NotAnalysed",
    "Problem",
    "Race",
    "Report",
    "Totals",
    "UnbarrierError",
    "prove",
]

PathLike = Union[str, "os.PathLike[str]"]

try:
    __version__ = metadata.version("unbarrier")
except metadata.PackageNotFoundError:  # Used from the source tree.
    __version__ = "0"


class UnbarrierError(Exception):
    """Nothing, or not everything, was proved, as something is wrong with the input.

    ``code``, ``path``, ``line`` and ``column`` are of the first problem; ``problems`` has all of them, and ``report`` what there is to
    say of the rest (``None`` if there is no report).
    """

    def __init__(self, problems: Sequence[Problem], report: Optional[Report] = None) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems: Tuple[Problem, ...] = tuple(problems)
        self.report = report
        first = self.problems[0]
        self.code: str = first.code
        self.path: Optional[str] = first.path
        self.line: Optional[int] = first.line
        self.column: Optional[int] = first.column


def prove(
    source: str,
    *,
    threadgroup: Union[int, Sequence[int], None] = None,
    kernel: Union[str, Sequence[str], None] = None,
    assume: Sequence[str] = (),
    include: Sequence[PathLike] = (),
    define: Sequence[str] = (),
    instantiate: Sequence[str] = (),
    contracts: Optional[PathLike] = None,
    timeout: Optional[float] = None,
    options: Sequence[str] = (),
) -> Report:
    """Decides for each barrier of the kernels in a text whether it can be removed.

    Args:
        source: The text of a Metal source file.
        threadgroup: Threads of a threadgroup: ``64`` or ``(8, 8, 1)``. Without it, as in ``unbarrier.toml``, else any size.
        kernel: Only this kernel, or these.
        assume: Conditions over parameters and constants, as MSL expressions: ``"n <= 1024"``.
        include: Folders of included files.
        define: Macros: ``"NAME"`` or ``"NAME=VALUE"``.
        instantiate: Instances of kernel templates: ``"f<float>"``.
        contracts: A file of launch contracts in place of ``unbarrier.toml`` of the working directory.
        timeout: Seconds that one question to the solver may take.
        options: Other options of ``unbarrier prove``, as on its command line: ``["--lockstep"]``.

    Raises:
        UnbarrierError: The text, or an argument, cannot be read or understood.
        FileNotFoundError: The program is not installed.
    """
    arguments: List[str] = ["prove", "-", "--format", "json"]
    if threadgroup is not None:
        sizes = [threadgroup] if isinstance(threadgroup, int) else list(threadgroup)
        arguments.append("--threadgroup=" + ",".join(str(n) for n in sizes))
    arguments += _each("--kernel=", kernel)
    arguments += _each("--assume=", assume)
    arguments += _each("-I", include)
    arguments += _each("-D", define)
    arguments += _each("--instantiate=", instantiate)
    if contracts is not None:
        arguments += _each("--contracts=", contracts)
    if timeout is not None:
        arguments.append(f"--timeout={timeout}")
    return _report(_program.run([*arguments, *options], source))


def _each(option: str, values: Union[PathLike, Sequence[PathLike], None]) -> List[str]:
    """An option once for each value, which may begin with a hyphen; a text is one value."""
    if values is None:
        return []
    if isinstance(values, (str, os.PathLike)):
        values = [values]
    return [option + os.fspath(v) for v in values]


def _report(done: "subprocess.CompletedProcess[str]") -> Report:
    try:
        raw = json.loads(done.stdout)
    except ValueError:
        # Nothing was written: the arguments are wrong (2), or the program did not start or end as it should.
        words = [line for line in done.stderr.splitlines() if line.strip()]
        message = words[0] if words else f"the program ended with exit code {done.returncode}"
        if message.startswith("error: "):
            message = message[len("error: ") :]
        code = "arguments" if done.returncode == 2 else "program"
        raise UnbarrierError([Problem(code, message)]) from None
    report = _model.report(raw)
    if report.errors:
        raise UnbarrierError(report.errors, report)
    if done.returncode not in (0, 1):
        raise UnbarrierError([Problem("program", done.stderr.strip() or f"exit code {done.returncode}")], report)
    return report
