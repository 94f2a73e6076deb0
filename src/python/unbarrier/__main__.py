"""``python -m unbarrier``: the program, with Z3 found wherever the package ``z3-solver`` is."""

import os
import sys

from ._program import environment, program


def main() -> None:
    """Becomes the program."""
    path = program()
    os.execve(path, [path, *sys.argv[1:]], environment())


if __name__ == "__main__":
    main()
