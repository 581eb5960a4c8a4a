"""Outages of every branch agree with the AC power flows that another program has made of them, one by one."""

import collections
import csv
import json
import os
import pathlib
import subprocess

import pytest
from scenario_run import shared_folder

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
CASES = ["case39", "RTS_GMLC", "case_ACTIVSg200", "case300"]
LOADING_PERCENT = 2e-4  # four decimals
VOLTAGE_PU = 2e-6       # six


def solved(file):
    result = subprocess.run([GRIDPLUS, "contingencies", file, "--elements", "branches", "--rating", "none", "--json"],
                            capture_output=True, text=True, timeout=300, check=True)
    return {row["contingency"]: row for row in json.loads(result.stdout)["contingency"]}


def reference(case):
    """Rows by the program's names: from-to, and from-to#2 of parallel branches."""
    with open(shared_folder() / f"data/matpower/reference_n1/{case}.csv", newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    seen = collections.Counter()
    named = {}
    for row in rows:
        pair = f"{row['from']}-{row['to']}"
        seen[pair] += 1
        named[pair if seen[pair] == 1 else f"{pair}#{seen[pair]}"] = row
    return named


@pytest.mark.parametrize("case", CASES)
def test_every_outage_has_the_published_loading_and_voltages(case):
    folder = shared_folder() / ("data/rts_gmlc/matpower" if case == "RTS_GMLC" else "data/matpower")
    found, expected = solved(folder / f"{case}.m"), reference(case)
    assert set(found) == set(expected)
    compared = 0
    for name, row in expected.items():
        own = found[name]
        assert (own["unserved_mw"] > 0 or own["lost_generation_mw"] > 0) <= (row["status"] == "islands"), name
        if row["status"] != "ok":
            continue  # the other program leaves out what splits the grid; `diverged` says that plain Newton failed
        compared += 1
        assert own["status"] == "converged", name
        assert own["lowest_vm_pu"] == pytest.approx(float(row["vmin_pu"]), abs=VOLTAGE_PU), name
        assert own["highest_vm_pu"] == pytest.approx(float(row["vmax_pu"]), abs=VOLTAGE_PU), name
        if case != "case300":  # has no ratings
            assert own["largest_loading_percent"] == pytest.approx(float(row["max_loading_pct_rateA"]),
                                                                   abs=LOADING_PERCENT), name
            assert own["overloads"] == int(row["n_overloads"]), name
    assert compared > len(expected) / 2
