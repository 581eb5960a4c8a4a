"""What a person types and sees: exit codes, streams, texts, resuming."""

import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import time

import h5py
import pytest

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"

SCENARIO = """gridplus: 1
name: two_bus
seed: 7
currency: EUR
time: {start: 2018-01-01T00:00+08:00, steps: STEPS, step: 1 h}
grid:
  base: 100 MVA
  buses:
    - {name: coast, voltage: 110 kV}
    - {name: town, voltage: 110 kV}
  branches:
    - {name: coast_town, from: coast, to: town, r: 0.01 p.u., x: 0.05 p.u., b: 0.02 p.u., rating: 120 MVA}
producers:
  - {name: coal, model: thermal, carrier: coal, bus: coast, capacity: 90 MW, min_stable_level: 30 MW, variable_cost: 30 EUR/MWh,
     voltage: 1.02 p.u.}
  - {name: link, model: external_grid, bus: town, import_limit: 100 MW, import_price: 60 EUR/MWh, voltage: 1.0 p.u.}
storage:
  - {name: battery, model: battery, bus: town, capacity: 10 MW, energy_capacity: 40 MWh}
consumers:
  - {name: town, model: load, bus: town, demand: {profile: load.csv#town, scale: 80 MW}, power_factor: 0.97}
"""

MATPOWER_CASE = """function mpc = two
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
  1 3 0 0 0 0 1 1 0 110 1 1.1 0.9;
  2 1 PD 20 0 0 1 1 0 110 1 1.1 0.9;
];
mpc.gen = [
  1 0 0 300 -300 1 100 1 300 0;
];
mpc.branch = [
  1 2 0.01 0.1 0 250 250 250 0 0 1 -360 360;
];
"""


def gridplus(*arguments, **options):
    return subprocess.run([GRIDPLUS, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, **options)


def write_scenario(folder, steps=100):
    (folder / "two_bus.yaml").write_text(SCENARIO.replace("STEPS", str(steps)))
    rows = ["time,town"] + [f"{k},{0.6 + 0.3 * ((k % 24) / 24)}" for k in range(steps)]
    (folder / "load.csv").write_text("\n".join(rows) + "\n")
    return folder / "two_bus.yaml"


@pytest.fixture
def scenario(tmp_path):
    return write_scenario(tmp_path)


def test_version_names_program_and_libraries():
    done = gridplus("--version")
    assert done.returncode == 0
    for part in (r"gridplus \d+\.\d+\.\d+ \(.+\)", r"compiler .+", r"SIMD \w+", r"HDF5 \d+\.\d+\.\d+"):
        assert re.search(part, done.stdout), done.stdout


def test_every_subcommand_explains_itself():
    listed = gridplus("--help").stdout
    for command in "run powerflow validate import inspect compare models schema".split():
        assert command in listed
        assert gridplus(command, "--help").returncode == 0


@pytest.mark.parametrize("arguments, code", [
    ([], 2), (["rum"], 2), (["run"], 2), (["run", "nowhere.yaml"], 3), (["run", "x.yaml", "--threads", "0"], 2),
    (["inspect", "nowhere.h5"], 3), (["import", "matpowr", "x", "-o", "y"], 2), (["models", "batery"], 2),
    (["powerflow", "nowhere.m"], 3), (["powerflow", "x.m", "--tolerance", "-1"], 2),
])
def test_wrong_usage_has_its_exit_code_and_a_word_on_standard_error(arguments, code, tmp_path):
    done = gridplus(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.strip()
    assert not list(tmp_path.iterdir())


def test_a_run_prints_a_summary_and_leaves_only_its_results(scenario):
    done = gridplus("run", scenario, "-o", scenario.parent / "out.h5")
    assert done.returncode == 0, done.stderr
    for word in ("coal", "grid", "demand", "unserved", "losses", "cost", "emissions", "lowest voltage", "wall time", "out.h5"):
        assert word in done.stdout
    assert sorted(p.name for p in scenario.parent.iterdir()) == ["load.csv", "out.h5", "two_bus.yaml"]


def test_json_is_one_object_and_says_what_the_file_says(scenario):
    results = scenario.parent / "out.h5"
    done = gridplus("run", scenario, "-o", results, "--json")
    summary = json.loads(done.stdout)
    with h5py.File(results) as file:
        for name, value in summary["kpi"].items():
            assert file[f"kpi/{name}"][()] == value
    assert json.loads(gridplus("inspect", results, "--json").stdout)


def test_set_changes_one_value(scenario):
    def demand(*sets):
        done = gridplus("run", scenario, "-o", scenario.parent / "out.h5", "--json", *sets)
        return json.loads(done.stdout)["kpi"]["demand_mwh"]
    assert demand("--set", "consumers.town.scale=0.5") == pytest.approx(0.5 * demand(), rel=1e-12)


@pytest.mark.parametrize("threads", [2, 8])
def test_results_are_the_same_bits_at_every_thread_count(scenario, threads):
    one, many = scenario.parent / "one.h5", scenario.parent / "many.h5"
    assert gridplus("run", scenario, "-o", one, "--threads", 1).returncode == 0
    assert gridplus("run", scenario, "-o", many, "--threads", threads).returncode == 0
    done = gridplus("compare", one, many)
    assert done.returncode == 0, done.stdout


def test_compare_finds_a_difference(scenario):
    a, b = scenario.parent / "a.h5", scenario.parent / "b.h5"
    gridplus("run", scenario, "-o", a)
    gridplus("run", scenario, "-o", b, "--set", "consumers.town.scale=1.01")
    done = gridplus("compare", a, b)
    assert done.returncode == 1
    assert "served_mw" in done.stdout


def test_an_interrupted_run_says_how_to_go_on_and_resumes_to_the_same_bits(tmp_path):
    scenario = write_scenario(tmp_path, steps=60000)
    whole, part = tmp_path / "whole.h5", tmp_path / "part.h5"
    assert gridplus("run", scenario, "-o", whole, "--quiet").returncode == 0
    run = subprocess.Popen([GRIDPLUS, "run", scenario, "-o", part], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "part.h5.partial").exists() and run.poll() is None:
        time.sleep(0.005)
    time.sleep(0.05)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1 and "--resume" in said
    assert not part.exists()
    assert gridplus("run", scenario, "-o", part).returncode == 3, "without --resume or --restart what is kept is not lost"
    resumed = gridplus("run", scenario, "-o", part, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert gridplus("compare", whole, part).returncode == 0


def test_progress_on_a_terminal_shows_date_rate_and_time_left(tmp_path):
    scenario = write_scenario(tmp_path, steps=60000)
    terminal, inner = pty.openpty()
    run = subprocess.Popen([GRIDPLUS, "run", scenario, "-o", tmp_path / "out.h5", "--threads", "1"],
                           stdout=subprocess.DEVNULL, stderr=inner)
    os.close(inner)
    shown = b""
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
    except OSError:
        pass
    assert run.wait(timeout=120) == 0
    assert re.search(rb"\[#*\.*\] +\d+ %  20\d\d-\d\d-\d\d \d\d:\d\d  [\d ]+ steps/s  .+ left", shown), shown[:300]


def test_validate_lists_every_problem_at_once(scenario):
    text = scenario.read_text().replace("bus: coast, capacity: 90 MW", "bus: cost, capacity: 90 MVA").replace("model: battery", "model: batery")
    scenario.write_text(text)
    done = gridplus("validate", scenario)
    assert done.returncode == 2
    for part in ("did you mean 'coast'", "apparent power", "did you mean 'battery'"):
        assert part in done.stderr
    assert len(re.findall(r"two_bus\.yaml:\d+:\d+: ", done.stderr)) == 3, done.stderr


def test_powerflow_of_a_case_and_its_results_in_double_precision(tmp_path):
    case = tmp_path / "two.m"
    case.write_text(MATPOWER_CASE.replace("PD", "100"))
    done = gridplus("powerflow", case, "--json", "-o", tmp_path / "flow.h5")
    flow = json.loads(done.stdout)
    assert flow["status"] == "converged"
    with h5py.File(tmp_path / "flow.h5") as file:
        assert file["bus/vm_pu"].dtype == "float64"
        assert list(file["bus/vm_pu"][()]) == flow["bus"]["vm_pu"]
    assert "converged" in gridplus("powerflow", case).stdout
    assert json.loads(gridplus("powerflow", case, "--dc", "--json").stdout)["bus"]["vm_pu"] == [1, 1]
    assert json.loads(gridplus("powerflow", case, "--method", "dc", "--json").stdout)["method"] == "dc"
    linear = json.loads(gridplus("powerflow", case, "--method", "linear", "--json").stdout)
    assert (linear["method"], linear["status"], linear["iterations"]) == ("linear", "converged", 1)
    assert linear["bus"]["vm_pu"] == pytest.approx(flow["bus"]["vm_pu"], abs=0.02)
    assert linear["max_mismatch_pu"] > flow["max_mismatch_pu"]
    assert "linear power flow: solved" in gridplus("powerflow", case, "--method", "linear").stdout
    assert gridplus("powerflow", case, "--method", "newton").returncode == 2


def test_a_flow_beyond_the_limit_of_the_line_fails_with_its_status(tmp_path):
    case = tmp_path / "two.m"
    case.write_text(MATPOWER_CASE.replace("PD", "900"))
    done = gridplus("powerflow", case)
    assert done.returncode == 1
    assert "did not converge" in done.stderr


def test_powerflow_of_one_step_of_a_scenario(scenario):
    done = gridplus("powerflow", scenario, "--at", "2018-01-02T12:00", "--json")
    assert json.loads(done.stdout)["total"]["demand_mw"] == pytest.approx(80 * (0.6 + 0.15))
    wrong = gridplus("powerflow", scenario, "--at", "2019-01-01")
    assert wrong.returncode == 2 and "outside the run" in wrong.stderr


STATION = """gridplus: 1
name: station
currency: EUR
time: {start: 2018-01-01T00:00+08:00, steps: 4, step: 1 h}
grid:
  buses:
    - {name: hv, voltage: 110 kV}
    - {name: lv_a, voltage: 20 kV}
    - {name: lv_b, voltage: 20 kV}
  branches:
    - {name: t1, from: hv, to: lv_a, kind: transformer, x: 0.2 p.u., rating: 60 MVA, tap_step: 1.25 %, tap_lowest: -8,
       tap_highest: 8, tap_control: voltage, tap_voltage: 1.01 p.u., tap_voltage_band: 0.02 p.u.}
    - {name: coupler, from: lv_a, to: lv_b, kind: coupler, rating: 60 MVA}
producers:
  - {name: grid, model: external_grid, bus: hv, import_limit: 200 MW, import_price: 60 EUR/MWh, voltage: 1.0 p.u.}
consumers:
  - {name: town, model: load, bus: lv_b, demand: 30 MW, power_factor: 0.9, current_share: 20 %, impedance_share: 0.5}
"""


def test_powerflow_shows_taps_couplers_currents_and_what_is_drawn_at_the_solved_voltage(tmp_path):
    (tmp_path / "station.yaml").write_text(STATION)
    flow = json.loads(gridplus("powerflow", tmp_path / "station.yaml", "--json").stdout)
    low, high = flow["bus"]["vm_pu"][1:]
    assert low == high and abs(low - 1.01) <= 0.01
    assert flow["tap_changer"]["branch"] == ["t1"] and flow["tap_changer"]["tap_state"] == ["regulated"]
    assert flow["tap_changer"]["tap_position"][0] < 0
    drawn = 30 * (0.3 + 0.2 * low + 0.5 * low**2)
    assert flow["total"]["demand_mw"] == pytest.approx(drawn, abs=1e-9)
    assert flow["branch"]["p_from_mw"][1] == pytest.approx(drawn, abs=1e-4)
    mva = (flow["branch"]["p_from_mw"][1] ** 2 + flow["branch"]["q_from_mvar"][1] ** 2) ** 0.5
    assert flow["branch"]["i_from_ka"][1] == pytest.approx(mva / (3**0.5 * 20 * low))
    assert flow["branch"]["loading_percent"][1] == pytest.approx(100 * mva / 60)
    assert "t1 at position" in gridplus("powerflow", tmp_path / "station.yaml").stdout


def test_a_matpower_branch_without_impedance_is_a_coupler(tmp_path):
    case = tmp_path / "three.m"
    text = MATPOWER_CASE.replace("PD", "100").replace("];\nmpc.gen", "  3 1 30 10 0 0 1 1 0 110 1 1.1 0.9;\n];\nmpc.gen")
    case.write_text(text.replace("];\n\"\"\"", "").replace("0 0 1 -360 360;\n", "0 0 1 -360 360;\n  2 3 0 0 0 0 0 0 0 0 1 -360 360;\n"))
    for options in ([], ["--dc"], ["--method", "linear"]):
        flow = json.loads(gridplus("powerflow", case, "--json", *options).stdout)
        assert flow["status"] == "converged"
        assert flow["bus"]["va_deg"][1] == flow["bus"]["va_deg"][2]
        assert flow["branch"]["p_from_mw"][1] == pytest.approx(30)
    done = gridplus("import", "matpower", case, "-o", tmp_path / "imported")
    assert done.returncode == 0, done.stderr
    assert "coupler" in (tmp_path / "imported" / "branches.csv").read_text()


def test_stages_are_listed_in_order(scenario):
    labels = [line.split()[0] for line in gridplus("run", scenario, "--stages").stdout.splitlines()]
    assert labels == ["policy", "events", "exogenous", "control", "devices", "network", "account"]


def test_import_refuses_to_mix_with_other_files(tmp_path):
    case, folder = tmp_path / "two.m", tmp_path / "out"
    case.write_text(MATPOWER_CASE.replace("PD", "100"))
    folder.mkdir()
    (folder / "mine.txt").write_text("keep")
    assert gridplus("import", "matpower", case, "-o", folder).returncode == 2
    assert [p.name for p in folder.iterdir()] == ["mine.txt"]
    assert gridplus("import", "matpower", case, "-o", folder, "--overwrite").returncode == 0
    assert (folder / "mine.txt").read_text() == "keep"
    assert gridplus("validate", next(folder.glob("*.yaml"))).returncode == 0


def test_schema_and_models_come_from_the_same_fields():
    schema = json.loads(gridplus("schema").stdout)
    assert schema["$schema"].endswith("2020-12/schema")
    described = gridplus("models", "battery").stdout
    for key in ("capacity", "energy_capacity", "ageing"):
        assert key in described
        assert f'"{key}"' in json.dumps(schema)
