"""gridplus adequacy: what it prints and writes, and that what it drew can be run."""

import json
import os
import pathlib
import re
import shlex
import subprocess

import h5py
import numpy as np
import pytest
import xarray

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
RTS79 = pathlib.Path(os.environ["GRIDPLUS_SOURCE"]) / "scenarios/catalogue/rts79/rts79.yaml"

# Three areas in a ring of links; demand that one outage leaves short, and a battery.
THREE_AREAS = """gridplus: 1
name: three
seed: 3
time: {start: 2018-01-01T00:00+08:00, steps: 336, step: 1 h}
grid:
  buses:
    - {name: a, voltage: 110 kV, area: north}
    - {name: b, voltage: 110 kV, area: south}
    - {name: c, voltage: 110 kV, area: west}
  branches:
    - {name: ab, from: a, to: b, x: 0.05 p.u., rating: 20 MVA}
    - {name: ab_2, from: a, to: b, x: 0.05 p.u., rating: 10 MVA}
    - {name: bc, from: b, to: c, x: 0.05 p.u., rating: 15 MVA}
  power_flow: {method: none}
controllers:
  dispatch: {reserve: 0, losses: 0}
producers:
  - {name: n, count: 3, model: thermal, bus: a, capacity: 30 MW, mttf: 180 h, mttr: 20 h, variable_cost: 10 EUR/MWh}
  - {name: s, count: 2, model: thermal, bus: b, capacity: 25 MW, forced_outage_rate: 8 %, mttr: 30 h, variable_cost: 20 EUR/MWh}
  - {name: sun, model: profile_generator, bus: b, capacity: 10 MW, output: 5 MW, mttf: 300 h, mttr: 30 h}
  - {name: w, model: thermal, bus: c, capacity: 40 MW, mttf: 300 h, mttr: 50 h, variable_cost: 30 EUR/MWh}
STORAGEconsumers:
  - {name: town_a, model: load, bus: a, demand: 50 MW}
  - {name: town_b, model: load, bus: b, demand: 38 MW}
  - {name: town_c, model: load, bus: c, demand: 30 MW}
events:
  - {outage: n_1, from: 2018-01-03T00:00, to: 2018-01-04T00:00, reason: inspection}
study: {adequacy: {worst: 10}}
"""
STORAGE = "storage:\n  - {name: battery, model: battery, bus: b, capacity: 10 MW, energy_capacity: 40 MWh, mttf: 900 h, mttr: 100 h}\n"


def gridplus(*arguments):
    return subprocess.run([GRIDPLUS, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)


def study(*arguments):
    run = gridplus("adequacy", *arguments, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture
def three_areas(tmp_path):
    scenario = tmp_path / "three.yaml"
    scenario.write_text(THREE_AREAS.replace("STORAGE", ""))
    return scenario


@pytest.fixture
def with_storage(tmp_path):
    scenario = tmp_path / "stored.yaml"
    scenario.write_text(THREE_AREAS.replace("STORAGE", STORAGE))
    return scenario


def test_the_catalogue_scenario_gives_the_published_indices():
    system = study(RTS79)["system"]
    assert system["lole_h"]["value"] == pytest.approx(9.394175, rel=1e-6)
    assert system["eens_mwh"]["value"] == pytest.approx(1176.30, rel=1e-5)
    assert system["lole_days"]["value"] == pytest.approx(1.368863, rel=1e-6)


def test_people_see_a_table_with_errors_and_intervals():
    run = gridplus("adequacy", RTS79, "--method", "sequential", "--samples", 300)
    assert run.returncode == 0, run.stderr
    assert re.search(r"^index +unit +value +std error +95 % interval$", run.stdout, re.MULTILINE)
    assert re.search(r"^EENS \(LOEE\) +MWh +[\d ]+\.?\d* +[\d ]+\.?\d* +\S+", run.stdout, re.MULTILINE)
    assert "300 periods" in run.stdout and "--replay" in run.stdout


def test_results_open_in_xarray_and_agree_with_the_summary(three_areas, tmp_path):
    file = tmp_path / "out" / "three.h5"
    report = study(three_areas, "--samples", 400, "-o", file)
    kpi = xarray.open_dataset(file, group="kpi")
    for index, values in report["system"].items():
        assert float(kpi[index]) == pytest.approx(values["value"], rel=1e-12)
        assert float(kpi[index + "_standard_error"]) == pytest.approx(values["standard_error"], rel=1e-12)
    assert kpi.eens_mwh.attrs["units"] == "MWh" and kpi.eens_mwh.attrs["long_name"]
    area = xarray.open_dataset(file, group="area")
    assert list(area.area.values) == ["north", "south", "west"] == list(report["area"])
    assert float(area.eens_mwh.sum()) == pytest.approx(float(kpi.eens_mwh), rel=1e-9)
    profile = xarray.open_dataset(file, group="profile")
    assert profile.area_unserved_mw.dims == ("time", "area")
    assert str(profile.time.values[0]).startswith("2017-12-31T16:00")
    assert float(profile.unserved_mw.sum()) == pytest.approx(float(kpi.eens_mwh), rel=1e-9)
    np.testing.assert_allclose(profile.area_unserved_mw.sum("area"), profile.unserved_mw, rtol=1e-9, atol=1e-12)
    sample = xarray.open_dataset(file, group="sample")
    assert sample.sizes["sample"] == 400
    assert float(sample.unserved_mwh.mean()) == pytest.approx(float(kpi.eens_mwh), rel=1e-9)
    histogram = xarray.open_dataset(file, group="histogram")
    assert int(histogram.periods.sum()) == 400
    assert int(histogram.periods[0]) == int((sample.unserved_mwh == 0).sum())
    worst = xarray.open_dataset(file, group="worst")
    assert float(worst.unserved_mwh[0]) == float(sample.unserved_mwh.max())
    outage = xarray.open_dataset(file, group="outage")
    assert bool((outage.end > outage.begin).all())
    with h5py.File(file) as h5:
        assert h5.attrs["study"] == b"adequacy" and h5.attrs["format"] == b"gridplus-results"
        assert "scenario" in h5
    assert gridplus("inspect", file).returncode == 0


def test_threads_change_nothing(with_storage, tmp_path):
    for threads in (1, 3):
        assert gridplus("adequacy", with_storage, "--samples", 200, "--threads", threads, "-o", tmp_path / f"{threads}.h5",
                        "--quiet").returncode == 0
    run = gridplus("compare", tmp_path / "1.h5", tmp_path / "3.h5")
    assert run.returncode == 0, run.stdout


def test_storage_makes_the_system_more_adequate(with_storage):
    stored = study(with_storage, "--samples", 400)["system"]["eens_mwh"]["value"]
    plain = study(with_storage, "--samples", 400, "--ignore-storage", "--method", "sequential")["system"]["eens_mwh"]["value"]
    assert 0 < stored < plain - 5, "the same outages: storage can only help"


def test_links_make_areas_help_each_other(three_areas):
    def eens(*sets):
        arguments = [word for value in sets for word in ("--set", value)]
        return study(three_areas, "--samples", 500, "--method", "sequential", *arguments)["system"]["eens_mwh"]["value"]

    limits = "study.adequacy.transfer_limits=[{from: north, to: south, limit: %s}, {from: south, to: west, limit: %s}]"
    alone, linked, wide = eens(limits % ("0 MW", "0 MW")), eens(), eens(limits % ("1000 MW", "1000 MW"))
    assert eens(limits % ("30 MW", "15 MW")) == linked, "by default the ratings of the branches between areas"
    assert alone > linked > wide
    assert eens("study.adequacy.copper_plate=true") == pytest.approx(wide, rel=1e-12)


@pytest.mark.parametrize("method", ["sequential", "state_sampling"])
def test_a_sample_replayed_as_a_run_loses_what_the_study_says(three_areas, tmp_path, method):
    """Generation and demand alone, outages on steps: the run must find the same unserved energy, in every worst sample."""
    common = [three_areas, "--copper-plate", "--method", method]
    if method == "sequential":
        common += ["--durations", "steps"]
    report = study(*common, "--samples", 2000, "--worst", 3)
    assert len(report["worst"]) == 3
    for worst in report["worst"]:
        file = tmp_path / "replays" / f"{worst['sample']}.yaml"
        run = gridplus("adequacy", *common, "--replay", worst["sample"], "-o", file)
        assert run.returncode == 0, run.stderr
        command = shlex.split(run.stdout.splitlines()[-1])
        assert command[:2] == ["gridplus", "run"]
        results = tmp_path / "replay.h5"
        run = gridplus(*command[1:], "-o", results, "--restart", "--quiet")
        assert run.returncode == 0, run.stderr
        unserved = float(xarray.open_dataset(results, group="kpi").unserved_energy_mwh)
        assert unserved == pytest.approx(worst["unserved_mwh"], rel=1e-6)
        assert "inspection" in file.read_text()


def test_a_replay_stands_beside_the_scenario_and_carries_the_load_factor(three_areas):
    common = [three_areas, "--copper-plate", "--method", "sequential", "--durations", "steps", "--load-uncertainty", 0.1]
    worst = study(*common, "--samples", 500)["worst"][0]
    assert worst["load_factor"] != 1
    run = gridplus("adequacy", *common, "--replay", worst["sample"])
    assert run.returncode == 0, run.stderr
    file = three_areas.parent / f"three_sample_{worst['sample']}.yaml"
    assert file.exists()
    results = three_areas.parent / "replay.h5"
    run = gridplus(*shlex.split(run.stdout.splitlines()[-1])[1:], "-o", results, "--quiet")
    assert run.returncode == 0, run.stderr
    unserved = float(xarray.open_dataset(results, group="kpi").unserved_energy_mwh)
    assert unserved == pytest.approx(worst["unserved_mwh"], rel=1e-6)


def test_a_replay_never_overwrites_the_scenario(three_areas):
    before = three_areas.read_text()
    for target in (three_areas, three_areas.parent / "sample.h5"):
        run = gridplus("adequacy", three_areas, "--replay", 3, "-o", target)
        assert run.returncode == 2 and "ends in .yaml" in run.stderr
    assert three_areas.read_text() == before
    assert not (three_areas.parent / "sample.h5").exists()


def test_precision_and_seed_do_what_they_say(three_areas):
    report = study(three_areas, "--precision", 0.05, "--samples", 100000)
    assert report["precision_reached"] and report["coefficient_of_variation"] <= 0.05 and report["samples"] < 100000
    first, again, other = (study(three_areas, "--samples", 50, "--set", f"seed={seed}")["system"] for seed in (1, 1, 2))
    assert first == again != other
    run = gridplus("adequacy", three_areas, "--precision", 0.001, "--samples", 200)
    assert run.returncode == 0 and "not the precision asked for" in run.stdout


@pytest.mark.parametrize("arguments, message", [
    (["--method", "analytic"], "knows one area, the system has 3"),
    (["--rare-events", "cross_entropy", "--method", "sequential"], "rare events are sought by drawing states"),
    (["--replay", "3", "--copper-plate", "--method", "analytic"], "convolution takes no samples"),
    (["--method", "guess"], "guess"),
    (["--set", "study.adequacy.sampels=3"], "sampels"),
])
def test_what_cannot_be_done_is_refused(three_areas, arguments, message):
    run = gridplus("adequacy", three_areas, *arguments)
    assert run.returncode == 2
    assert message in run.stderr
