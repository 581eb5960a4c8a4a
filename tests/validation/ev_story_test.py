"""A district of electric vehicles under smart charging that reaches only some: energy missing at departure, and the peak of those
who fall back on a start at random."""

import h5py
import numpy
from story import CATALOGUE, run

SCENARIO = CATALOGUE / "ev_district/ev_district_connected.yaml"
VEHICLES = 4000
SHARES = ["0 %", "50 %", "70 %", "90 %", "100 %"]
MOST_UNMET = 0.01
SIDES = ("north", "east", "south", "west")


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
