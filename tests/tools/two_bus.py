"""The small scenario that studies, kills and ranks are tried on: two units, wind, a battery and a town on two buses."""

import pathlib

TWO_BUS = """gridplus: 1
name: two_bus
seed: 7
currency: EUR
time: {start: 2018-01-01T00:00+01:00, steps: STEPS, step: 1 h}
grid:
  base: 100 MVA
  buses:
    - {name: coast, voltage: 110 kV}
    - {name: town, voltage: 110 kV}
  branches:
    - {name: coast_town, from: coast, to: town, r: 0.01 p.u., x: 0.05 p.u., b: 0.02 p.u., rating: 120 MVA}
producers:
  - {name: coal, model: thermal, carrier: coal, bus: coast, capacity: 50 MW, heat_rate: 9 GJ/MWh, fuel_price: 3 EUR/GJ,
     voltage: 1.02 p.u.}
  - {name: farm, model: wind, bus: coast, capacity: 40 MW, speed: {synthetic: wind_speed}}
storage:
  - {name: battery, model: battery, bus: town, capacity: 10 MW, energy_capacity: 40 MWh}
consumers:
  - {name: town, model: load, bus: town, demand: {synthetic: load, scale: 60 MW}, power_factor: 0.97}
"""


def write_scenario(study, steps, name="s.yaml"):
    """Writes the scenario of `steps` hours, with `study` behind it; `name` counts from the current folder."""
    pathlib.Path(name).write_text(TWO_BUS.replace("STEPS", str(steps)) + study, encoding="utf-8")
