"""A storm over a feeder: what fails is repaired by two crews at most, the clinic's diesel keeps it alive, and the indices of
interruption are those that the results themselves give (IEEE Std 1366, recomputed here)."""

import json
import os
import pathlib
import subprocess

import h5py
import numpy
import pytest

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
SCENARIO = pathlib.Path(os.environ["GRIDPLUS_SOURCE"]) / "scenarios/catalogue/storm_feeder/storm_feeder.yaml"
STEP_H = 0.25
CREWS = 2
CUSTOMERS = {"market": 900, "harbour": 40, "clinic": 1, "clinic_homes": 500, "village": 400, "pumps": 12}


def run(folder, *arguments):
    results = folder / "run.h5"
    done = subprocess.run([GRIDPLUS, "run", SCENARIO, "-o", results, "--json", *arguments,
                           "--set", "record.precision=double"], check=True, capture_output=True, text=True)
    return results, json.loads(done.stdout)["kpi"]


@pytest.fixture(scope="module", name="storm")
def storm_run(tmp_path_factory):
    return run(tmp_path_factory.mktemp("storm"))


def events(results):
    with h5py.File(results) as file:
        group = file["event"]
        return list(zip(group["time"][()], group["kind"].asstr()[()], group["subject"].asstr()[()]))


def test_two_crews_repair_what_the_storm_broke(storm):
    happened = events(storm[0])
    failed = [subject for _, kind, subject in happened if kind == "failure"]
    assert failed, "the storm broke nothing"
    busy = 0
    for _, kind, _ in happened:
        busy += {"repair_started": 1, "repaired": -1}.get(kind, 0)
        assert busy <= CREWS
    assert sum(kind == "repaired" for _, kind, _ in happened) <= len(failed)


def test_indices_are_those_of_the_results(storm):
    results, kpi = storm
    with h5py.File(results) as file:
        names = [name for name in file["consumer/consumer"].asstr()[()]]
        demand, unserved = file["consumer/demand_mw"][()], file["consumer/unserved_mw"][()]
    share = numpy.where(unserved > 1e-6 * demand, unserved / numpy.where(demand > 0, demand, 1), 0.0)
    interruptions = hours = 0.0
    for c, name in enumerate(names):
        run_peak = 0.0
        for u in [*share[:, c], 0.0]:
            hours += u * CUSTOMERS[name] * STEP_H
            if u == 0.0:
                interruptions += run_peak * CUSTOMERS[name]
                run_peak = 0.0
            run_peak = max(run_peak, u)
    total = sum(CUSTOMERS.values())
    assert kpi["saifi"] == pytest.approx(interruptions / total, rel=1e-9)
    assert kpi["saidi_h"] == pytest.approx(hours / total, rel=1e-9)
    assert kpi["caidi_h"] == pytest.approx(kpi["saidi_h"] / kpi["saifi"], rel=1e-9)
    assert kpi["asai"] == pytest.approx(1 - kpi["saidi_h"] / 168, rel=1e-9)


def test_every_island_balances_and_the_clinic_is_served(storm):
    results, kpi = storm
    assert kpi["largest_imbalance_mw"] < 1e-6
    with h5py.File(results) as file:
        names = list(file["consumer/consumer"].asstr()[()])
        unserved = file["consumer/unserved_mw"][()].sum(axis=0)
    assert unserved[names.index("clinic")] == 0.0
    assert unserved.sum() > 0.0


def test_one_crew_leaves_no_less_unserved(tmp_path, storm):
    fewer = run(tmp_path, "--set", "events.2.repair_crews=1")[1]["unserved_energy_mwh"]
    assert fewer >= storm[1]["unserved_energy_mwh"]


def test_threads_do_not_matter(tmp_path, storm):
    one = run(tmp_path, "--threads", "1")[0]
    with h5py.File(one) as a, h5py.File(storm[0]) as b:
        for name in ("consumer/served_mw", "bus/vm_pu", "producer/p_mw"):
            assert numpy.array_equal(a[name][()], b[name][()])
