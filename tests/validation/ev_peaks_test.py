"""Peaks of a fleet of electric vehicles by charging strategy, against figures that an independent calculation of the same
trips gave (arrivals N(17.6, 3.4) h, departures N(7.5, 1) h, distances LogN(3.20, 0.88) km, 5.76 kWh per vehicle and day,
7 kW; after Tian, Shi and Jia, Power System Technology 34 (2010)): kW per vehicle of the mean day, as 15-minute demand."""

import json
import os
import pathlib
import subprocess

import h5py
import numpy
import pytest

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
SCENARIO = pathlib.Path(os.environ["GRIDPLUS_SOURCE"]) / "scenarios/catalogue/ev_district/ev_district.yaml"
VEHICLES = 4000
ROWS_A_DAY = 96
TOLERANCE = 0.05
ENERGY_KWH_A_DAY = 5.76
MOST_UNMET = 0.01
SIDES = ("north", "east", "south", "west")


def run(folder, *sets):
    """The results file and the key figures."""
    results = folder / "run.h5"
    arguments = [word for setting in ("grid.power_flow.method=dc", *sets) for word in ("--set", setting)]
    done = subprocess.run([GRIDPLUS, "run", SCENARIO, "-o", results, "--json", *arguments], check=True,
                          capture_output=True, text=True)
    return results, json.loads(done.stdout)["kpi"]


def mean_day_kw(folder, *sets, fleets_only=True):
    """kW per vehicle over the day."""
    results, kpi = run(folder, *sets)
    assert kpi["unmet_service_share"] < MOST_UNMET
    with h5py.File(results) as file:
        group = file["consumer"]
        fleets = numpy.array([model == "ev_fleet" for model in group["model"].asstr()[()]])
        fleets |= not fleets_only
        kw = 1000.0 * group["served_mw"][()][:, fleets].sum(axis=1) / VEHICLES
    return kw.reshape(-1, ROWS_A_DAY)[1:].mean(axis=0)


def all_charge(strategy):
    return [f"consumers.{group}_{side}.charging={strategy}" for group in ("reached", "unreached") for side in SIDES]


def reached(share):
    groups = round(20 * share)
    return [f"consumers.{name}_{side}.count={count}" for side in SIDES
            for name, count in (("reached", groups), ("unreached", 20 - groups))]


@pytest.mark.parametrize("sets, peak_kw, hour", [
    (all_charge("uncontrolled"), 0.67, (17.0, 20.0)),
    (all_charge("timer"), 6.25, (23.0, 23.0)),
    (all_charge("random_start"), 0.95, (0.0, 5.0)),
    (reached(0.7), 1.99, (23.0, 23.0)),
    (reached(0.5), 3.20, (23.0, 23.0)),
], ids=["uncontrolled", "timer", "random", "reached-0.7", "reached-0.5"])
def test_peak_per_vehicle(tmp_path, sets, peak_kw, hour):
    day = mean_day_kw(tmp_path, *sets)
    at = 24.0 * day.argmax() / ROWS_A_DAY
    print(f"peak {day.max():.3f} kW at {at:.2f} h, {24.0 * day.mean():.3f} kWh a day")
    assert day.max() == pytest.approx(peak_kw, rel=TOLERANCE)
    assert hour[0] <= at <= hour[1]
    assert 24.0 * day.mean() == pytest.approx(ENERGY_KWH_A_DAY, rel=TOLERANCE)


def test_the_timer_peak_rises_as_fewer_are_reached(tmp_path):
    peaks = [mean_day_kw(tmp_path, *reached(share)).max() for share in (0.9, 0.7, 0.5)]
    assert peaks == sorted(peaks)


def test_commands_flatten_and_vehicle_to_grid_lowers_the_evening(tmp_path):
    evening = slice(4 * 17, 4 * 21)
    commanded = [f"consumers.{group}_{side}.controllable=true" for group in ("reached", "unreached") for side in SIDES]
    giving = [f"consumers.{group}_{side}.v2g_share=0.3" for group in ("reached", "unreached") for side in SIDES]
    free = mean_day_kw(tmp_path, *all_charge("uncontrolled"), fleets_only=False)
    smart = mean_day_kw(tmp_path, *all_charge("uncontrolled"), *commanded, fleets_only=False)
    v2g = mean_day_kw(tmp_path, *all_charge("uncontrolled"), *commanded, *giving, fleets_only=False)
    print(f"evening peak, kW per vehicle: {free[evening].max():.2f} {smart[evening].max():.2f} {v2g[evening].max():.2f}")
    assert smart[evening].max() < 0.8 * free[evening].max()
    assert v2g[evening].max() < 0.95 * smart[evening].max()
