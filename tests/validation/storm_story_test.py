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
    return study(folder, base, f"{COMMON}{extra}study:\n  sweep:\n{lines}  replicates: {replicates}\n")


def test_cables_along_the_lines_cost_energy(tmp_path):
    kpi = study_of(tmp_path, CONNECTED,
                   [("same_cable", "communication.generate.same_cable", ["0 %", "30 %", "60 %"])])
    eens = kpi["unserved_energy_mwh"]
    print("EENS, MWh:", eens.mean(axis=-1))
    assert never_falls(eens)
    mean, error = paired(eens[-1] - eens[0])
    assert mean > STANDARD_ERRORS * error


def test_batteries_of_stations_help_until_they_last_as_long_as_the_outages(tmp_path):
    hours = [1, 8, 16, 24, 48]
    kpi = study_of(tmp_path, CONNECTED,
                   [("battery", "communication.generate.station_battery", [f"{hour} h" for hour in hours])],
                   replicates=200)
    eens, outage_h = kpi["unserved_energy_mwh"], numpy.nanmean(kpi["caidi_h"])
    print("EENS, MWh:", dict(zip(hours, eens.mean(axis=-1))), "mean outage, h:", outage_h)
    assert never_falls(eens[::-1])
    assert 8 < outage_h < 24, "the knee is looked for between them"
    for name in ("unserved_energy_mwh", "time_to_90_percent_h"):
        gain, error = paired(kpi[name][1] - kpi[name][3])
        beyond, _ = paired(kpi[name][3] - kpi[name][4])
        assert gain > STANDARD_ERRORS * error
        assert beyond < 0.1 * gain


def test_every_hour_until_a_failure_is_found_prolongs_the_outage_by_one(tmp_path):
    # In ordinary weather: in the storm crews wait for the wind, not for the report.
    weather = ["events.0.reference_length=1000000 km", "events.1.mttf=300 h"]
    detection_h = [0, 1, 2]
    body = (f"{COMMON}study:\n  sweep:\n    found: {{path: events.2.detection_time, "
            f"values: [{', '.join(f'{hour} h' for hour in detection_h)}]}}\n  replicates: 200\n")
    kpi = study(tmp_path, CONNECTED, body, *weather)
    for before, after in zip(kpi["caidi_h"][:-1], kpi["caidi_h"][1:]):
        mean, error = paired(after - before)
        print(f"longer by {mean:.2f} h, standard error {error:.2f} h")
        assert abs(mean - 1.0) < STANDARD_ERRORS * error
    assert never_falls(kpi["unserved_energy_mwh"])


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
