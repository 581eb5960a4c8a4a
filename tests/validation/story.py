"""Studies of catalogue scenarios and comparisons of their members by common random numbers."""

import json
import os
import pathlib
import shutil
import subprocess

import h5py
import numpy

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
CATALOGUE = pathlib.Path(os.environ["GRIDPLUS_SOURCE"]) / "scenarios/catalogue"
STANDARD_ERRORS = 2.0


def run(scenario, folder, *sets):
    """Key figures of one run."""
    words = [word for setting in sets for word in ("--set", setting)]
    done = subprocess.run([GRIDPLUS, "run", scenario, "-o", folder / "run.h5", "--json", *words], check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)["kpi"]


def study(folder, base, body, *sets):
    """Key figures of a study, by name: arrays over the axes, then the replicate. `body` is YAML that comes after what it
    extends."""
    folder.mkdir(parents=True, exist_ok=True)
    here = folder / "scenario.yaml"
    # A scenario may only extend what lies beside it or below.
    shutil.copytree(base.parent, folder, dirs_exist_ok=True)
    # The study that comes with it has other axes.
    (folder / base.name).write_text(base.read_text(encoding="utf-8").split("\nstudy:")[0] + "\n", encoding="utf-8")
    here.write_text(f"gridplus: 1\nextends: {base.name}\n{body}", encoding="utf-8")
    words = [word for setting in sets for word in ("--set", setting)]
    done = subprocess.run([GRIDPLUS, "study", here, "-o", folder / "study", *words], check=False, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    with h5py.File(folder / "study/study.h5") as file:
        assert "flagged" not in file or len(file["flagged/flagged"]) == 0, "members failed"
        return {name: data[()] for name, data in file["kpi"].items() if data.ndim > 1}


def paired(change):
    """Mean and standard error of differences, replicate by replicate."""
    return change.mean(), change.std(ddof=1) / numpy.sqrt(len(change))


def never_falls(values):
    """Whether means over the last axis never fall along the first one, by more than the tolerance."""
    for before, after in zip(values[:-1], values[1:]):
        mean, error = paired(after - before)
        if mean < -STANDARD_ERRORS * error - 1e-9:
            return False
    return True
