"""gridplus contingencies: what a person types and sees, and the file it writes."""

import json
import os
import pathlib
import subprocess

import h5py
import numpy
import pytest
import xarray

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
PROVINCE = pathlib.Path(os.environ["GRIDPLUS_SOURCE"]) / "scenarios/catalogue/province/province.yaml"

# A triangle 1-2-3 of 100 MVA lines with a line to bus 4; units at buses 1 (reference) and 2.
CASE = """function mpc = four
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
  1 3 0  0  0 0 1 1 0 110 1 1.1 0.9;
  2 2 40 10 0 0 1 1 0 110 1 1.1 0.9;
  3 1 90 20 0 0 1 1 0 110 1 1.1 0.9;
  4 1 15 5  0 0 1 1 0 110 1 1.1 0.9;
];
mpc.gen = [
  1 0  0 300 -300 1.02 100 1 300 0;
  2 30 0 100 -100 1.01 100 1 100 0;
];
mpc.branch = [
  1 2 0.01 0.05 0.02 RATE 90  0 0 0 1 -360 360;
  1 3 0.01 0.05 0.02 RATE 90  0 0 0 1 -360 360;
  2 3 0.01 0.05 0.02 RATE 90  0 0 0 1 -360 360;
  3 4 0.01 0.05 0.02 RATE 90  0 0 0 1 -360 360;
];
"""


def contingencies(*arguments):
    return subprocess.run([GRIDPLUS, "contingencies", *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          check=False)


@pytest.fixture(name="case")
def case_fixture(tmp_path):
    file = tmp_path / "four.m"
    file.write_text(CASE.replace("RATE", "100"))
    return file


def rows(result):
    assert result.returncode == 0, result.stderr
    return {row["contingency"]: row for row in json.loads(result.stdout)["contingency"]}


def test_every_branch_and_unit_is_ranked(case):
    found = rows(contingencies(case, "--json"))
    assert set(found) == {"1-2", "1-3", "2-3", "3-4", "gen_1", "gen_2"}
    assert all(row["status"] == "converged" for row in found.values())
    # Without 1-3, the 145 MW of buses 2 to 4 less the 30 MW of gen_2 come over 1-2, and 105 MW go on over 2-3.
    assert found["1-3"]["worst_branch"] == "1-2"
    assert found["1-3"]["overloads"] == 2
    assert found["1-3"]["largest_loading_percent"] == pytest.approx(118, abs=3)
    assert list(found)[0] in ("1-3", "1-2", "2-3")
    assert found["3-4"]["unserved_mw"] == 15
    assert found["gen_2"]["lost_generation_mw"] == 30


def test_elements_choose_what_fails(case):
    assert set(rows(contingencies(case, "--json", "--elements", "generators"))) == {"gen_1", "gen_2"}
    assert len(rows(contingencies(case, "--json", "--elements", "branches"))) == 4


def test_pairs_say_what_they_cut_off(case):
    found = rows(contingencies(case, "--json", "--n", "2", "--elements", "branches"))
    pair = found["1-3 + 2-3"]
    assert pair["kind"] == "branch_pair"
    assert pair["unserved_mw"] == 105
    assert contingencies(case, "--n", "2", "--elements", "generators").returncode == 2


def test_screening_leaves_out_what_is_harmless(case):
    found = rows(contingencies(case, "--json", "--screen", "dc", "--elements", "branches"))
    assert found["1-3"]["status"] == "converged"
    assert found["1-2"]["status"] in ("converged", "screened_out")
    found = rows(contingencies(case, "--json", "--screen", "dc", "--screen-percent", "500"))
    assert found["1-3"]["status"] == "screened_out"
    assert found["1-3"]["severity"] is None
    assert found["3-4"]["status"] == "converged"  # it splits the grid, so there is no estimate


def test_limits_come_from_the_case_or_the_command_line(case):
    default = rows(contingencies(case, "--json"))["1-3"]["largest_loading_percent"]
    rate_b = rows(contingencies(case, "--json", "--rate", "b"))["1-3"]["largest_loading_percent"]
    assert rate_b == pytest.approx(default * 100 / 90)
    narrow = rows(contingencies(case, "--json", "--voltage-min", "1.0"))
    assert narrow["1-3"]["voltage_violations"] > 0
    assert narrow["1-3"]["voltage_index"] > 0


def test_the_table_shows_the_worst_first(case):
    result = contingencies(case, "--top", "2")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    header = next(i for i, line in enumerate(lines) if line.startswith("contingency "))
    assert len(lines) - header == 4  # header, units, two rows
    assert "contingencies     6: 4 branches, 2 generators, 0 pairs of branches" in result.stdout


def test_a_case_without_ratings_is_refused_unless_one_is_given(tmp_path):
    file = tmp_path / "unrated.m"
    file.write_text(CASE.replace("RATE", "0"))
    result = contingencies(file)
    assert result.returncode == 2
    assert "no branch has a rating" in result.stderr and "--rating" in result.stderr
    assert rows(contingencies(file, "--json", "--rate", "b"))["1-3"]["overloads"] >= 1
    assert rows(contingencies(file, "--json", "--rating", "100"))["1-3"]["overloads"] >= 1
    assert rows(contingencies(file, "--json", "--rating", "none"))["1-3"]["worst_branch"] is None
    assert contingencies(file, "--rating", "many").returncode == 2


def test_a_base_case_without_a_solution_is_a_failure(tmp_path):
    file = tmp_path / "heavy.m"
    file.write_text(CASE.replace("RATE", "100").replace("3 1 90 20", "3 1 9000 20"))
    result = contingencies(file)
    assert result.returncode == 1
    assert "base case" in result.stderr and result.stdout == ""


@pytest.mark.parametrize("arguments", [["--n", "3"], ["--elements", "buses"], ["--screen", "ac"], ["--rate", "d"],
                                       ["--voltage-min", "1.2"], ["--unknown"]])
def test_wrong_options_are_refused(case, arguments):
    result = contingencies(case, *arguments)
    assert result.returncode == 2
    assert result.stderr


def test_a_file_that_is_not_there_is_said(tmp_path):
    assert contingencies(tmp_path / "none.m").returncode in (2, 3)


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
def test_xarray_reads_a_row_a_contingency(case, tmp_path, engine):
    file = tmp_path / "outages.h5"
    result = contingencies(case, "--json", "-o", file)
    found = rows(result)
    with xarray.open_dataset(file, group="contingency", engine=engine) as dataset:
        assert dataset.sizes["contingency"] == len(found)
        for name, row in found.items():
            own = dataset.sel(contingency=name)
            for key in ("status", "kind", "worst_branch", "lowest_bus"):
                assert own[key].item() == row[key]
            for key in ("largest_loading_percent", "lowest_vm_pu", "severity", "unserved_mw", "overloads"):
                assert own[key].item() == pytest.approx(row[key], rel=1e-12)
        assert dataset.largest_loading_percent.attrs["units"] == "percent"
        for variable in dataset.variables.values():
            assert "long_name" in variable.attrs
    with xarray.open_dataset(file, group="violation", engine=engine) as violations:
        assert "1-3" in violations.contingency.values
    assert not list(tmp_path.glob("*.assembling"))


def test_results_are_the_same_for_every_number_of_threads(tmp_path):
    files = []
    for threads in (1, 2, 8):
        files.append(tmp_path / f"{threads}.h5")
        result = contingencies(PROVINCE, "--threads", threads, "-o", files[-1], "--n", "2", "--limit", "60")
        assert result.returncode == 0, result.stderr
    with h5py.File(files[0]) as first:
        for other in files[1:]:
            with h5py.File(other) as second:
                for name, dataset in first["contingency"].items():
                    assert numpy.array_equal(dataset[()], second["contingency"][name][()],
                                             equal_nan=dataset.dtype.kind == "f"), name


def test_a_scenario_is_taken_at_one_of_its_steps():
    noon = rows(contingencies(PROVINCE, "--json", "--at", "2018-07-01T12:00+08:00", "--elements", "branches"))
    night = rows(contingencies(PROVINCE, "--json", "--elements", "branches"))
    assert len(noon) == len(night) == 46
    assert any(noon[k]["severity"] != night[k]["severity"] for k in noon)
    assert contingencies(PROVINCE, "--rate", "b").returncode == 2
    assert contingencies(PROVINCE, "--at", "1999-01-01").returncode == 2


# A transformer whose tap changer is given by each test, and two lines behind it.
REGULATED = """gridplus: 1
name: regulated
currency: EUR
time: {start: 2018-01-01T00:00+08:00, steps: 1, step: 1 h}
grid:
  buses: [{name: hv, voltage: 110 kV}, {name: lv, voltage: 20 kV}, {name: town, voltage: 20 kV}]
  branches:
    - {name: t1, from: hv, to: lv, kind: transformer, x: 0.2 p.u., rating: 60 MVA, tap_step: 1.25 %, tap_lowest: -8, tap_highest: 8, CONTROL}
    - {name: l1, from: lv, to: town, r: 0.05 p.u., x: 0.2 p.u., rating: 40 MVA}
    - {name: l2, from: lv, to: town, r: 0.05 p.u., x: 0.2 p.u., rating: 40 MVA}
producers:
  - {name: grid, model: external_grid, bus: hv, import_limit: 200 MW, import_price: 60 EUR/MWh, voltage: 1.0 p.u.}
consumers:
  - {name: town, model: load, bus: town, demand: 30 MW, power_factor: 0.9}
"""


def test_outages_are_solved_at_the_taps_of_the_base_case(tmp_path):
    def flow(control, drop=""):
        file = tmp_path / "scenario.yaml"
        text = REGULATED.replace("CONTROL", control)
        file.write_text("\n".join(line for line in text.splitlines() if not drop or f"name: {drop}," not in line) + "\n")
        return json.loads(subprocess.run([GRIDPLUS, "powerflow", file, "--json"], check=True, capture_output=True).stdout)

    position = flow("tap_control: voltage, tap_voltage: 1.02 p.u.")["tap_changer"]["tap_position"][0]
    assert position < 0
    row = rows(contingencies(tmp_path / "scenario.yaml", "--json", "--elements", "branches"))["l2"]
    kept, neutral = flow(f"tap_position: {position}", "l2"), flow("tap_position: 0", "l2")
    assert row["lowest_bus"] == "town"
    assert row["lowest_vm_pu"] == pytest.approx(kept["bus"]["vm_pu"][2], abs=1e-7)
    assert row["largest_loading_percent"] == pytest.approx(max(kept["branch"]["loading_percent"]), rel=1e-6)
    assert abs(neutral["bus"]["vm_pu"][2] - kept["bus"]["vm_pu"][2]) > 0.01
