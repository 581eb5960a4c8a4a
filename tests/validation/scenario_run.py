"""Imports public data and runs the scenario, for the validation tests."""

import csv
import json
import os
import pathlib
import subprocess
import time

import numpy
import pytest

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"


def shared_folder():
    """The public data; the test is skipped where they are absent, but fails in CI."""
    folder = os.environ.get("GRIDPLUS_SHARED")
    if folder and pathlib.Path(folder).exists():
        return pathlib.Path(folder)
    reason = "set GRIDPLUS_SHARED to a folder with the public data (RTS-GMLC, SimBench)"
    if "CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)
    return None


def import_and_run(form, source, folder, *sets):
    """The results file, the summary and the seconds of the run."""
    subprocess.run([GRIDPLUS, "import", form, source, "-o", folder], check=True, capture_output=True)
    results = folder / "results.h5"
    begin = time.monotonic()
    done = subprocess.run([GRIDPLUS, "run", folder / "scenario.yaml", "-o", results, "--json", *sets],
                          check=True, capture_output=True, text=True)
    return results, json.loads(done.stdout), time.monotonic() - begin


def column_sums(file, first, divider=","):
    """The sum of each column from `first` on, by its name."""
    with open(file, newline="", encoding="utf-8") as text:
        rows = csv.reader(text, delimiter=divider)
        names = next(rows)[first:]
        sums = numpy.zeros(len(names))
        for row in rows:
            sums += numpy.array(row[first:], dtype=float)
    return dict(zip(names, sums))


def names(group, name):
    """The names that a group's dimension holds."""
    return [n.decode() if isinstance(n, bytes) else n for n in group[name][()]]
