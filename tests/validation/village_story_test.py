"""A village with sun, battery, diesel and broadband: what the battery is worth, whether latency and loss of messages matter, and
that its clinic is served whatever else fails. Replicates with common random numbers; tolerance two standard errors."""

import numpy
import pytest
from story import CATALOGUE, STANDARD_ERRORS, never_falls, paired, study

SCENARIO = CATALOGUE / "village_microgrid/village_microgrid.yaml"
DAYS = 40
LATENCY_SHARE = 0.02    # by which fibre and satellite may differ

# A feeder of a poor year: out for 6 h every 100 h, so that a short run has many outages.
POOR_FEEDER = "events:\n  - {failures: feeder, mttf: 100 h, mttr: 6 h}\n"
COMMON = f"time: {{start: 2018-03-01T00:00+08:00, duration: {DAYS} d, step: 15 min}}\ngrid: {{power_flow: {{method: dc}}}}\n"
# Off the grid: the feeder is out for the whole time.
OFF_GRID = "events:\n  - {outage: feeder, from: 2018-01-01T00:00, to: 2018-12-31T00:00}\n"


def sweep(axes, replicates):
    lines = "".join(f"    {name}: {{path: {path}, values: [{', '.join(values)}]}}\n" for name, path, values in axes)
    return f"study:\n  sweep:\n{lines}  replicates: {replicates}\n"


def test_a_battery_saves_less_the_larger_it_is(tmp_path):
    kpi = study(tmp_path, SCENARIO, COMMON + POOR_FEEDER + sweep(
        [("battery", "storage.battery.energy_capacity", ["5 kWh", "150 kWh", "300 kWh", "600 kWh"])], 12),
                "producers.diesel.capacity=20 kW")
    eens = kpi["unserved_energy_mwh"]
    print("EENS, MWh:", eens.mean(axis=-1))
    assert never_falls(eens[::-1])
    saved = -numpy.diff(eens, axis=0) / numpy.array([[145.0], [150.0], [300.0]])  # MWh per kWh of battery
    assert never_falls(saved[::-1]), "each further kWh saves less"
    mean, error = paired(eens[0] - eens[3])
    assert mean > STANDARD_ERRORS * error


def test_the_clinic_is_served_without_any_reach(tmp_path):
    kpi = study(tmp_path, SCENARIO, COMMON + POOR_FEEDER + sweep(
        [("coverage", "communication.coverage.0.share", ["0 %", "50 %", "100 %"])], 12))
    print("clinic, MWh:", kpi["unserved_tier_1_mwh"].max(), "all, MWh:", kpi["unserved_energy_mwh"].mean(axis=-1))
    assert kpi["islandings"].mean() > 3
    assert kpi["unserved_tier_1_mwh"].max() == pytest.approx(0.0, abs=1e-9)
    assert never_falls(kpi["unserved_energy_mwh"][::-1])


def test_latency_does_not_matter_at_a_quarter_of_an_hour(tmp_path):
    kpi = study(tmp_path, SCENARIO, COMMON + OFF_GRID + sweep(
        [("backhaul", "communication.generate.backhaul", ["fibre", "satellite"])], 6))
    cost = kpi["operating_cost"].mean(axis=-1)
    print("diesel, CNY:", cost)
    assert abs(cost[1] - cost[0]) < LATENCY_SHARE * cost[0]


def test_loss_of_messages_does_not_help(tmp_path):
    kpi = study(tmp_path, SCENARIO, COMMON + POOR_FEEDER + sweep(
        [("loss", "communication.presets.lte.loss", ["0.5 %", "20 %", "60 %"])], 12).replace(
            "study:", "communication:\n  presets: {lte: {loss: 0.5 %}}\nstudy:"))
    print("EENS, MWh:", kpi["unserved_energy_mwh"].mean(axis=-1))
    assert never_falls(kpi["unserved_energy_mwh"])
