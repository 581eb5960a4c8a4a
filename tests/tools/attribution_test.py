"""What is due to the network, communications and weather, as a person asks for it; checked against single runs."""

import json
import os
import pathlib
import subprocess

import numpy
import pytest
import xarray

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
STORM = pathlib.Path(os.environ["GRIDPLUS_SOURCE"]) / "scenarios/catalogue/storm_feeder/storm_feeder.yaml"
KPIS = ["unserved_energy_mwh", "operating_cost", "curtailed_mwh", "co2_t"]
CAUSES = ["network", "communication", "weather"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gridplus(*arguments, code=0):
    done = subprocess.run([GRIDPLUS, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    return done


def write(attribution, replicates=3):
    pathlib.Path("s.yaml").write_text(
        STORM.read_text().replace("duration: 7 d", "duration: 3 d") +
        "communication: {generate: {technology: lte, station_battery: 1 h, same_cable: 50 %}, fallback: zero}\n"
        f"study: {{attribution: [{', '.join(attribution)}], replicates: {replicates}}}\n")


def test_shares_are_shapley_values_of_members_that_see_the_same_draws(folder):
    write(CAUSES)
    done = gridplus("study", "s.yaml", "-o", "out", "--json")
    told = json.loads(done.stdout)["attribution"]
    with xarray.open_dataset("out/study.h5", group="kpi") as data:
        kpi = data.load()
    with xarray.open_dataset("out/study.h5", group="attribution") as data:
        shares = data.load()
    assert list(shares.cause.values) == [*CAUSES, "all"] and len(kpi.causes) == 8 and len(told) == 1
    names = list(kpi.causes.values)
    order = {frozenset() if n == "none" else frozenset(n.split("+")): i for i, n in enumerate(names)}
    for name in KPIS:
        v = kpi[name].values  # [causes, replicate]
        value = lambda chosen: v[order[frozenset(chosen)]]
        n, w, c = "network", "weather", "communication"
        weather = (2 * (value([w]) - value([])) + value([n, w]) - value([n]) + value([c, w]) - value([c]) + 2 *
                   (value([n, c, w]) - value([n, c]))) / 6
        assert float(shares[name].sel(cause=w)) == pytest.approx(weather.mean(), rel=1e-9, abs=1e-9)
        assert float(shares[f"{name}_standard_error"].sel(cause=w)) == pytest.approx(
            weather.std(ddof=1) / 3**0.5, rel=1e-6, abs=1e-9)
        total = float(shares[name].sel(cause="all"))
        assert float(shares[name].sel(cause=CAUSES).sum()) == pytest.approx(total, rel=1e-9, abs=1e-6)
        assert told[0]["kpi"][name]["all"]["mean"] == pytest.approx(total, rel=1e-12, abs=1e-12)
    assert float(shares.unserved_energy_mwh.sel(cause="weather")) > 0
    # Without the network no branch is lost, so a storm can do nothing.
    none, storm = kpi.sel(causes="none"), kpi.sel(causes="weather")
    assert (none.unserved_energy_mwh == storm.unserved_energy_mwh).all()
    full = json.loads(gridplus("run", "s.yaml", "-o", "r.h5", "--json", "--replicate", 1).stdout)["kpi"]
    for name in KPIS:
        assert float(kpi[name].sel(causes="+".join(CAUSES), replicate=1)) == full[name]


def test_ideal_communications_are_none(folder):
    write(["communication"], replicates=1)
    text = gridplus("study", "s.yaml", "-o", "out").stdout
    assert "due to each cause" in text and "communication" in text
    lines = [line for line in pathlib.Path("s.yaml").read_text().splitlines() if not line.startswith("communication:")]
    pathlib.Path("ideal.yaml").write_text("\n".join(lines) + "\n")
    ideal = json.loads(gridplus("run", "ideal.yaml", "-o", "r.h5", "--json").stdout)["kpi"]
    with xarray.open_dataset("out/study.h5", group="kpi") as data:
        for name in KPIS:
            assert float(data[name].sel(causes="none", replicate=0)) == ideal[name]


def test_parts_give_the_same_attribution(folder):
    write(["weather", "network"], replicates=2)
    gridplus("study", "s.yaml", "-o", "one", "--quiet")
    for part in (1, 0, 2):
        gridplus("study", "s.yaml", "-o", "parts", "--shard", f"{part}/3", "--resume", "--quiet")
    gridplus("compare", "one/study.h5", "parts/study.h5")
    with xarray.open_dataset("parts/study.h5", group="attribution") as data:
        assert numpy.isfinite(data.unserved_energy_mwh).all()


def test_deadlines_that_a_step_does_not_resolve_are_warned_of(folder):
    write(["communication"], replicates=1)
    error = gridplus("run", "s.yaml", "-o", "r.h5").stderr
    assert "warning: communication: the deadline of command (60 s), telemetry (60 s)" in error and "900 s" in error
    longer = ["--set", "communication.command_deadline=5 min", "--set", "communication.report_deadline=5 min"]
    assert "warning" not in gridplus("run", "s.yaml", "-o", "r2.h5", *longer).stderr
    assert "warning" not in gridplus("run", "s.yaml", "-o", "r3.h5", "--quiet").stderr


def test_percolation_shows_the_jump_of_two_random_graphs(folder):
    # Buldyrev et al., Nature 464 (2010): k p_c = 2.4554, and there P = 1.2564 / k.
    told = json.loads(
        gridplus("percolation", "--random-graphs", 50000, "--from", 0.58, "--to", 0.66, "--points", 5, "--replicates", 4,
                 "--json").stdout)
    fall = told["steepest_fall"]
    assert fall["left_to"] < 2.4554 / 4 < fall["left_from"]  # 0.60 and 0.62
    assert fall["working_from"] > 0.25 and fall["working_to"] < 0.05
    again = gridplus("percolation", "--random-graphs", 50000, "--from", 0.58, "--to", 0.66, "--points", 5,
                     "--replicates", 4, "--json", "--threads", 1).stdout
    assert json.loads(again) == told


def test_percolation_of_a_scenario(folder):
    write(["communication"])
    text = gridplus("percolation", "s.yaml").stdout
    assert "6 places, 5 power branches" in text and "steepest fall" in text
    told = json.loads(gridplus("percolation", "s.yaml", "--points", 3, "--json").stdout)
    assert [point["left"] for point in told["curve"]] == [0, 0.5, 1]
    working = [point["working"] for point in told["curve"]]
    assert working[0] == 0 and working[2] == 1 and 0 < working[1] < 0.5  # a feeder falls apart sooner than it shrinks
    assert "no block 'communication'" in gridplus("percolation", STORM, code=2).stderr
    assert "not clear which networks" in gridplus("percolation", code=2).stderr
    assert "not clear which networks" in gridplus("percolation", "s.yaml", "--random-graphs", 10, code=2).stderr
    assert "range" in gridplus("percolation", "s.yaml", "--from", 1, "--to", 0.5, code=2).stderr
