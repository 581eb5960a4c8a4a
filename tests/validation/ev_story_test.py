"""A district of electric vehicles under smart charging that reaches only some: the timer's peak, energy missing at departure, and
energy that is not served when a line is out."""

import h5py
import numpy
import pytest
from story import CATALOGUE, STANDARD_ERRORS, never_falls, paired, run, study

SCENARIO = CATALOGUE / "ev_district/ev_district_connected.yaml"
VEHICLES = 4000
COMMON = ("time: {start: 2020-04-01T00:00+08:00, duration: 4 d, step: 15 min}\ngrid: {power_flow: {method: dc}}\n"
          "record: {every: 15 min, device_states: false}\n")
SHARES = ["0 %", "50 %", "70 %", "90 %", "100 %"]
MOST_UNMET = 0.01
FLAT = 0.15
SIDES = ("north", "east", "south", "west")


@pytest.fixture(scope="module", name="kpi")
def study_of_coverage(tmp_path_factory):
    return study(tmp_path_factory.mktemp("coverage"), SCENARIO,
                 COMMON + "study:\n  sweep:\n    coverage: {path: communication.coverage.0.share, "
                 f"values: [{', '.join(SHARES)}]}}\n  replicates: 6\n  baseline: {{}}\n")


def test_unserved_energy_rises_as_coverage_falls(kpi):
    eens = kpi["unserved_energy_mwh"]
    print("EENS, MWh:", eens.mean(axis=-1))
    assert never_falls(eens[::-1])
    mean, error = paired(eens[0] - eens[-1])
    assert mean > STANDARD_ERRORS * error


def test_the_timer_peak_rises_as_coverage_falls(kpi):
    peak = kpi["peak_demand_mw"]
    print("peak, MW:", peak.mean(axis=-1))
    assert never_falls(peak[::-1])
    assert peak[0].mean() > 2 * peak[-1].mean()


def test_energy_missing_at_departure_stays_small(tmp_path):
    # While no line is out, whoever is reached and whoever is not leave with what they need.
    sets = ["time.duration=4 d", "time.step=15 min", "grid.power_flow.method=dc", "events.0.mttf=1000000 h",
            "events.1.mttf=1000000 h"]
    for share in SHARES:
        kpi = run(SCENARIO, tmp_path, *sets, f"communication.coverage.0.share={share}", "producers.line_one.import_limit=40 MW")
        print(share, "unmet share:", kpi["unmet_service_share"])
        assert kpi["unmet_service_share"] < MOST_UNMET


def test_a_randomised_fallback_has_a_flat_peak(tmp_path):
    peaks = []
    for share in ("0 %", "50 %", "100 %"):
        run(SCENARIO, tmp_path, "time.duration=4 d", "time.step=15 min", "grid.power_flow.method=dc",
            "events.0.mttf=1000000 h", "events.1.mttf=1000000 h", f"communication.coverage.0.share={share}",
            *(f"consumers.cars_{side}.charging=random_start" for side in SIDES))
        with h5py.File(tmp_path / "run.h5") as file:
            group = file["consumer"]
            fleets = numpy.array([model == "ev_fleet" for model in group["model"].asstr()[()]])
            peaks.append(1000.0 * group["served_mw"][()][:, fleets].sum(axis=1).max() / VEHICLES)
    print("peak, kW per vehicle:", peaks)
    assert max(peaks) < 1.5, "far below the 6.25 kW of the timer"
