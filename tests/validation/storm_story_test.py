"""A storm over a feeder whose stations it supplies: cables along the lines, batteries of stations, microgrids. 2 standard
errors over storms with common random numbers."""

import numpy
import pytest
from story import CATALOGUE, STANDARD_ERRORS, never_falls, paired, study

CONNECTED = CATALOGUE / "storm_feeder/storm_feeder_connected.yaml"
MICROGRIDS = CATALOGUE / "storm_feeder/storm_feeder_microgrids.yaml"
COMMON = "grid: {power_flow: {method: dc}}\nrecord: {device_states: false}\n"
REPLICATES = 60


def study_of(folder, base, axes, extra="", replicates=REPLICATES):
    lines = "".join(f"    {name}: {{path: {path}, values: [{', '.join(values)}]}}\n" for name, path, values in axes)
    return study(folder, base, f"{COMMON}{extra}study:\n  sweep:\n{lines}  replicates: {replicates}\n  baseline: {{}}\n")


def test_cables_along_the_lines_cost_energy(tmp_path):
    kpi = study_of(tmp_path, CONNECTED,
                   [("same_cable", "communication.generate.same_cable", ["0 %", "30 %", "60 %"])])
    eens = kpi["unserved_energy_mwh"]
    print("EENS, MWh:", eens.mean(axis=-1))
    assert never_falls(eens)
    mean, error = paired(eens[-1] - eens[0])
    assert mean > STANDARD_ERRORS * error


def test_station_batteries_help_until_they_last_as_long_as_outages(tmp_path):
    kpi = study_of(tmp_path, CONNECTED,
                   [("battery", "communication.generate.station_battery", ["1 h", "4 h", "8 h", "24 h"])])
    eens = kpi["unserved_energy_mwh"]
    print("EENS, MWh:", eens.mean(axis=-1))
    assert never_falls(eens[::-1])
    first, last = paired(eens[0] - eens[1])[0] / 3.0, paired(eens[2] - eens[3])[0] / 16.0
    print("saved per hour of battery, MWh:", first, last)
    assert first > last


def test_restoration_takes_longer_than_the_repairs_alone(tmp_path):
    kpi = study_of(tmp_path, CONNECTED,
                   [("known", "events.2.detection_time", ["0 h", "30 min", "2 h"])],
                   "events:\n"
                   "  - {storm: typhoon, branches: '*_*', wind: {interpolate: linear, 2020-08-10: 6 m/s, "
                   "2020-08-11T12:00: 12 m/s, 2020-08-12T00:00: 38 m/s, 2020-08-12T12:00: 8 m/s, 2020-08-17: 5 m/s}, "
                   "fragility: [[20 m/s, 0], [35 m/s, 0.2], [45 m/s, 1]], reference_length: 1 km, mttr: 6 h}\n"
                   "  - {failures: '*_*', mttf: 4000 h, mttr: 4 h}\n"
                   "  - {repair_crews: 2, detection_time: 0 h}\n")
    hours = kpi["time_to_90_percent_h"]
    print("time to 90 %, h:", hours.mean(axis=-1))
    assert never_falls(hours)
    mean, error = paired(hours[2] - hours[0])
    assert mean > STANDARD_ERRORS * error
    worst = numpy.sort(kpi["unserved_energy_mwh"], axis=-1)[:, -3:].mean(axis=-1)
    assert (worst >= kpi["unserved_energy_mwh"].mean(axis=-1)).all()


def test_microgrids_save_the_clinic_and_the_pumps(tmp_path):
    axis = [("station", "communication.generate.station_battery", ["4 h"])]
    alone = study_of(tmp_path / "with", MICROGRIDS, axis)
    without = study_of(tmp_path / "without", CONNECTED, axis,
                       "producers:\n  - {name: main_grid, model: external_grid, bus: station, import_limit: 20 MW, "
                       "import_price: 500 CNY/MWh, voltage: 1.03 p.u.}\n")
    for tier, name in ((1, "clinic"), (3, "pumps and harbour")):
        print(name, "MWh without, with:", without[f"unserved_tier_{tier}_mwh"].mean(),
              alone[f"unserved_tier_{tier}_mwh"].mean())
    assert without["unserved_tier_1_mwh"].mean() > 0.5
    assert alone["unserved_tier_1_mwh"].max() < 0.15, "at most the black starts"
    mean, error = paired((without["unserved_energy_mwh"] - alone["unserved_energy_mwh"]).ravel())
    assert mean > STANDARD_ERRORS * error


@pytest.mark.parametrize("name", ["unserved_energy_mwh", "time_to_90_percent_h", "resilience_triangle_h"])
def test_figures_are_there(tmp_path, name):
    kpi = study_of(tmp_path, CONNECTED, [("battery", "communication.generate.station_battery", ["4 h"])], replicates=4)
    assert numpy.isfinite(kpi[name]).all()
