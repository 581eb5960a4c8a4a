"""Every command of docs/tutorial.md works, in the order a reader types them.

Blocks marked ```bash and ```python run one after the other in a copy of the checkout's scenarios; a block marked
```yaml with a first line `# file: NAME` is written to that file. Blocks that use $GRIDPLUS_SHARED need the public test
data and are left out where those are absent, but not in CI.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from house import ROOT, read

BLOCK = re.compile(r"^```(bash|python|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HAS_DATA = bool(os.environ.get("GRIDPLUS_SHARED")) and pathlib.Path(os.environ.get("GRIDPLUS_SHARED", "")).is_dir()


def blocks():
    text = read("docs/tutorial.md")
    for match in BLOCK.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)


def make_desk(folder):
    """A folder that looks like the checkout after `tools/dev build`, without touching it."""
    for name in ("scenarios", "tools"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "build/release").mkdir(parents=True)
    (folder / "build/release/bin").symlink_to(os.environ["GRIDPLUS_BIN"])
    # setting up and building is what ran before this test
    (folder / "tools/dev").write_text('#!/bin/sh\n[ "$1" = build ] || [ "$1" = setup ]\n')
    (folder / "bin").mkdir()
    (folder / "bin/python3").symlink_to("/usr/bin/python3")


def test_every_command_of_the_tutorial_works(tmp_path):
    make_desk(tmp_path)
    if not HAS_DATA and os.environ.get("CI"):
        pytest.fail("GRIDPLUS_SHARED names no folder, and in CI the data must be there")
    path = f"{tmp_path}/build/release/bin:{tmp_path}/bin:{os.environ['PATH']}"  # what its first block exports
    environment = {**os.environ, "PATH": path, "MPLBACKEND": "Agg"}
    ran = 0
    for line, language, block in blocks():
        if "GRIDPLUS_SHARED" in block and not HAS_DATA:
            continue
        if language == "yaml":
            name = re.match(r"# file: (\S+)\n", block)
            if name:
                target = tmp_path / name.group(1)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block)
            continue
        command = ["bash", "-eu", "-c", block] if language == "bash" else ["/usr/bin/python3", "-c", block]
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
                             check=False)
        assert run.returncode == 0, f"docs/tutorial.md:{line}:\n{block}\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
        ran += 1
    assert ran >= 10
