"""A district of electric vehicles under smart charging that reaches only some: energy missing at departure, and the peak of those
who fall back on a start at random."""

import h5py
import numpy
from story import CATALOGUE, never_falls, run, study

SCENARIO = CATALOGUE / "ev_district/ev_district_connected.yaml"
VEHICLES = 4000
SHARES = ["0 %", "50 %", "70 %", "90 %", "100 %"]
MOST_UNMET = 0.01
SIDES = ("north", "east", "south", "west")


QUIET = ["time.step=15 min", "grid.power_flow.method=dc", "events.0.mttf=1000000 h", "events.1.mttf=1000000 h"]
STEPS_PER_DAY = 96


def peak_kw(folder, first_day, *sets):
    """Highest charging of a vehicle from that day on, and the key figures."""
    kpi = run(SCENARIO, folder, *QUIET, *sets)
    with h5py.File(folder / "run.h5") as file:
        group = file["consumer"]
        fleets = numpy.array([model == "ev_fleet" for model in group["model"].asstr()[()]])
        charging_mw = group["served_mw"][()][first_day * STEPS_PER_DAY:, fleets].sum(axis=1)
    return 1000.0 * charging_mw.max() / VEHICLES, kpi


def test_energy_missing_at_departure_stays_small(tmp_path):
    # While no line is out, whoever is reached and whoever is not leave with what they need.
    for share in SHARES:
        _, kpi = peak_kw(tmp_path, 0, "time.duration=4 d", f"communication.coverage.0.share={share}",
                         "producers.line_one.import_limit=40 MW")
        print(share, "unmet share:", kpi["unmet_service_share"])
        assert kpi["unmet_service_share"] < MOST_UNMET


def test_the_timers_peak_rises_as_coverage_falls(tmp_path):
    # Lines that limit nothing. The dispatch plans with the loads of the day before, so it moves nothing on the first day.
    peaks = []
    for share in SHARES:
        peak, kpi = peak_kw(tmp_path, 2, "time.duration=6 d", f"communication.coverage.0.share={share}",
                            *(f"producers.line_{line}.import_limit=100 MW" for line in ("one", "two")))
        peaks.append(peak)
        print(share, f"{peak:.2f} kW per vehicle, unserved {kpi['unserved_energy_mwh']} MWh")
        assert kpi["unserved_energy_mwh"] < 0.1
    assert peaks[0] > peaks[1] > peaks[2] > peaks[3]
    assert peaks[4] < 1.1 * peaks[3], "nearly all are reached in both"
    # Those that fall back start together at 23:00, at 6.25 kW each. With 80 groups the share reached is one within 20 %.
    for share, peak in zip((0.0, 0.5, 0.7), peaks):
        assert peak > 0.8 * (1.0 - share) * 6.25


def test_a_randomised_fallback_has_a_flat_peak(tmp_path):
    peaks = []
    for share in ("0 %", "50 %", "100 %"):
        peak, _ = peak_kw(tmp_path, 2, "time.duration=6 d", f"communication.coverage.0.share={share}",
                          *(f"consumers.cars_{side}.charging=random_start" for side in SIDES))
        peaks.append(peak)
    print("peak, kW per vehicle:", peaks)
    assert max(peaks) < 1.5, "far below the 6.25 kW of the timer"


def unserved(folder, ready_before):
    """Energy not served by coverage and replicate: all of it, and that of the homes."""
    kpi = study(folder, SCENARIO, f"""study:
  sweep: {{coverage: {{path: communication.coverage.0.share, values: {list(reversed(SHARES))}}}}}
  replicates: 20
""".replace("'", ""), *(f"consumers.cars_{side}.ready_before={ready_before}" for side in SIDES))
    everyone, homes = kpi["unserved_energy_mwh"], kpi["unserved_tier_1_mwh"]
    print(f"ready {ready_before} before: not served, MWh: all", everyone.mean(axis=-1), "homes", homes.mean(axis=-1))
    assert homes.mean() > 0.1, "nothing failed"
    assert never_falls(homes), "homes cannot wait and go first"
    return everyone


def test_reaching_fewer_cars_never_leaves_less_unserved(tmp_path):
    """As long as charging is planned to end before the departure: cars that dispatch lays late into the night are short of
    time when a line fails."""
    early, late = unserved(tmp_path / "early", "6 h"), unserved(tmp_path / "late", "0 h")
    assert never_falls(early), "step by step"
    assert never_falls(early[[0, -1]]), "from all to none"
    assert (late[0] - early[0]).mean() > 0.0, "all are reached"
    assert (late[-1] == early[-1]).all(), "none is reached, so nothing is planned"
