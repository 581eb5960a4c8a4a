"""The year of SimBench 1-LV-rural1--0, 35,136 power flows, against a reference computed by another program."""

import csv

import h5py
import numpy
import pytest
from scenario_run import import_and_run, names, shared_folder

STEPS = 35136
STEP_H = 0.25
RELATIVE = 1e-4


@pytest.fixture(scope="module", name="source")
def source_fixture():
    return shared_folder() / "data/simbench/1-LV-rural1--0"


@pytest.fixture(scope="module", name="reference")
def reference_fixture(source):
    with open(source / "year_reference.csv", newline="", encoding="utf-8") as text:
        return {row["quantity"]: row["value"] for row in csv.DictReader(text)}


@pytest.fixture(scope="module", name="clock")
def clock_fixture(source):
    """The times of the steps as the source's clock shows them."""
    with open(source / "LoadProfile.csv", newline="", encoding="utf-8") as text:
        return [row["time"] for row in csv.DictReader(text, delimiter=";")]


@pytest.fixture(scope="module", name="run")
def run_fixture(source, tmp_path_factory):
    results, _, seconds = import_and_run("simbench", source, tmp_path_factory.mktemp("simbench") / "1-LV-rural1--0")
    print(f"wall {seconds:.1f} s")
    with h5py.File(results) as file:
        yield file


def exchange(run):
    """Active and reactive power from the external grid, by step."""
    producer = run["producer"]
    at = [i for i, name in enumerate(names(producer, "producer")) if " grid at " in name]
    assert len(at) == 1
    return producer["p_mw"][:, at[0]].astype(float), producer["q_mvar"][:, at[0]].astype(float)


def close(value, reference, quantity):
    assert value == pytest.approx(float(reference[quantity]), rel=RELATIVE), quantity


def test_all_steps_converge(run):
    assert run["step/converged"].shape == (STEPS,)
    assert (run["step/converged"][()] == 1).all()


def test_energies_agree(run, reference):
    p_mw, q_mvar = exchange(run)
    producer = run["producer"]
    sun = [i for i, name in enumerate(names(producer, "producer")) if "SGen" in name]
    close(STEP_H * run["consumer/served_mw"][()].sum(), reference, "load_MWh")
    close(STEP_H * producer["p_mw"][:, sun].sum(), reference, "res_MWh")
    close(STEP_H * p_mw[p_mw > 0].sum(), reference, "import_MWh")
    close(-STEP_H * p_mw[p_mw < 0].sum(), reference, "export_MWh")
    close(STEP_H * p_mw.sum(), reference, "net_slack_MWh")
    close(STEP_H * q_mvar.sum(), reference, "slackQ_Mvarh")
    close(1000 * p_mw.max(), reference, "max_import_kW")
    close(-1000 * p_mw.min(), reference, "max_export_kW")


def test_losses_agree(run, reference):
    close(STEP_H * run["branch/losses_mw"][()].sum(), reference, "loss_MWh")


@pytest.mark.parametrize("which, extreme", [("vmin", numpy.argmin), ("vmax", numpy.argmax)])
def test_the_extreme_voltages_agree_in_size_place_and_time(run, reference, clock, which, extreme):
    vm_pu = run["bus/vm_pu"][()]
    step, bus = numpy.unravel_index(extreme(vm_pu), vm_pu.shape)
    close(vm_pu[step, bus], reference, which)
    assert names(run["bus"], "bus")[bus] == reference[which + "_bus"]
    assert clock[step] == reference[which + "_time"]


def test_the_highest_current_of_a_line_agrees_in_size_place_and_time(run, reference, clock):
    """The reference counts current over its limit; our loading_percent counts apparent power at nominal voltage."""
    branch, bus = run["branch"], run["bus"]
    bus_at = {name: i for i, name in enumerate(names(bus, "bus"))}
    vm_pu = bus["vm_pu"][()]
    loading = numpy.zeros((STEPS, len(names(branch, "branch"))))
    for end, p, q in (("from_bus", "p_from_mw", "q_from_mvar"), ("to_bus", "p_to_mw", "q_to_mvar")):
        at = [bus_at[name] for name in names(branch, end)]
        current = numpy.hypot(branch[p][()], branch[q][()]) / vm_pu[:, at]
        loading = numpy.maximum(loading, 100 * current / branch["rating_mva"][()])
    lines = [i for i, name in enumerate(names(branch, "branch")) if " Line " in name]
    step, line = numpy.unravel_index(numpy.argmax(loading[:, lines]), (STEPS, len(lines)))
    close(loading[step, lines[line]], reference, "max_line_loading_pct")
    assert names(branch, "branch")[lines[line]] == reference["max_line"]
    assert clock[step] == reference["max_line_time"]


def test_every_month_agrees(run, source, clock):
    p_mw, _ = exchange(run)
    month = numpy.array([int(time[3:5]) for time in clock])
    losses = run["branch/losses_mw"][()].sum(axis=1)
    demand = run["consumer/served_mw"][()].sum(axis=1)
    with open(source / "month_reference.csv", newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 12
    for row in rows:
        steps = month == int(row["month"])
        close(STEP_H * demand[steps].sum(), row, "load_MWh")
        close(STEP_H * losses[steps].sum(), row, "loss_MWh")
        close(STEP_H * p_mw[steps & (p_mw > 0)].sum(), row, "import_MWh")
        close(-STEP_H * p_mw[steps & (p_mw < 0)].sum(), row, "export_MWh")
