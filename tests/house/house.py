"""What the tests of the house share: where the checkout is and which files belong to it."""

import functools
import os
import pathlib
import subprocess

ROOT = pathlib.Path(os.environ.get("GRIDPLUS_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
CODE_FOLDERS = ("sim", "models", "scenarios", "output", "tools")


@functools.cache
def files():
    """The project's files as paths relative to the checkout, sorted; what git ignores is left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:  # an unpacked archive has no git
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(("build/", "results/"))]
    return sorted(pathlib.PurePosixPath(name) for name in names if (ROOT / name).is_file())


def code(*suffixes, folders=CODE_FOLDERS):
    """The project's own source files with one of the suffixes in one of the top folders."""
    return [path for path in files() if path.suffix in suffixes and path.parts[0] in folders]


def read(path):
    """The text of a file. Some wrong scenarios are no UTF-8 on purpose."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def complain(problems, promise):
    """Fails with every problem, one a line."""
    assert not problems, f"{promise}:\n  " + "\n  ".join(problems)
