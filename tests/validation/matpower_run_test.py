"""A MATPOWER case that is imported and run gives, in the results, the power flow that another program finds for it."""

import csv

import h5py
import numpy
import pytest
from scenario_run import import_and_run, names, shared_folder

CASES = ["case9", "case14", "case_ieee30", "case33bw", "case39", "case57", "case89pegase", "case118", "case300",
         "case_ACTIVSg200", "case1354pegase", "case2869pegase"]
VOLTAGE_PU = 1e-8
ANGLE_DEG = 1e-6


@pytest.mark.parametrize("case", CASES)
def test_the_results_hold_the_power_flow_of_the_case(case, tmp_path):
    data = shared_folder() / "data/matpower"
    results, _, _ = import_and_run("matpower", data / f"{case}.m", tmp_path / case, "--set", "record.precision=double")
    with open(data / f"reference_pf/{case}.csv", newline="", encoding="utf-8") as text:
        reference = {row["bus"]: row for row in csv.DictReader(text)}
    with h5py.File(results) as file:
        assert file["step/converged"][0] == 1
        assert file["consumer/unserved_mw"][0].sum() == 0.0
        buses = names(file["bus"], "bus")
        assert set(buses) == set(reference)
        vm_pu, va_deg = file["bus/vm_pu"][0], file["bus/va_deg"][0]
    expected_vm = numpy.array([float(reference[bus]["vm_pu"]) for bus in buses])
    expected_va = numpy.array([float(reference[bus]["va_deg"]) for bus in buses])
    assert numpy.abs(vm_pu - expected_vm).max() < VOLTAGE_PU
    turned = va_deg - expected_va  # the scenario's reference bus stands at 0, the case's where the case says
    assert turned.max() - turned.min() < ANGLE_DEG
