"""The program: where it is, and how it finds Z3.

The program is linked to ``libz3``, which comes from the package ``z3-solver``. Its own search path names the usual places of that package
beside the folder of the program; from here it is told where the package is, which also covers unusual places.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence

NAME = "unbarrier.exe" if os.name == "nt" else "unbarrier"


def program() -> str:
    """The program of this package, else the one on PATH. ``UNBARRIER_PROGRAM`` names another."""
    stated = os.environ.get("UNBARRIER_PROGRAM")
    if stated:
        return stated
    for path in _candidates():
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    found = shutil.which(NAME)
    if found is None:
        raise FileNotFoundError(f"the program {NAME} is neither in this package nor on PATH; install the wheel of unbarrier")
    return found


def _candidates() -> Iterator[Path]:
    try:
        installed = metadata.distribution("unbarrier").files or []
    except metadata.PackageNotFoundError:
        installed = []
    for file in installed:
        if file.name == NAME and "bin" in file.parts[:-1]:
            yield Path(str(file.locate()))
    # `pip install --target DIR` puts it there, and does not say so.
    yield Path(__file__).resolve().parent.parent / "bin" / NAME
    yield Path(sysconfig.get_path("scripts")) / NAME


def library_folder() -> Optional[str]:
    """The folder of ``libz3`` in the package ``z3-solver``, which is not imported."""
    spec = importlib.util.find_spec("z3")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "lib"
        if any(folder.glob("libz3.*")):
            return str(folder)
    return None


def environment() -> Dict[str, str]:
    """The environment in which the program finds its Z3."""
    out = dict(os.environ)
    folder = library_folder()
    if folder is not None:
        variable = "DYLD_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"
        out[variable] = os.pathsep.join([folder, *filter(None, [out.get(variable)])])
    return out


def run(arguments: Sequence[str], text: str) -> "subprocess.CompletedProcess[str]":
    """Runs the program with a text on its standard input."""
    return subprocess.run(
        [program(), *arguments], input=text, capture_output=True, encoding="utf-8", env=environment(), check=False
    )
