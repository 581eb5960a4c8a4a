"""Studies as a person runs them: sweeps, parts, kills, resuming; results opened by xarray and h5py."""

import fcntl
import json
import os
import pathlib
import resource
import signal
import subprocess
import time

import h5py
import numpy
import pytest
import xarray

from two_bus import write_scenario

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"

SWEEP = """study:
  sweep:
    storage: {path: storage.battery.energy_capacity, values: [20 MWh, 40 MWh, 80 MWh]}
    wind: {path: producers.farm.capacity, from: 20 MW, to: 60 MW, count: 2}
  replicates: REPLICATES
  baseline: {storage: 40 MWh}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


SERIES = """study:
  sweep:
    size: {path: storage.battery.energy_capacity, values: [20 MWh, 40 MWh, 80 MWh]}
    wind: {path: producers.farm.capacity, values: [20 MW, -5 MW]}
  replicates: REPLICATES
  record: {variables: [bus.vm_pu, storage.energy_mwh, step.converged, producer.curtailment_reason], groups: [branch]}
"""


RECORD = "  record: {variables: [bus.vm_pu, storage.energy_mwh, branch.losses_mw]}\n"


def write(study=SWEEP, steps=48, replicates=3, name="s.yaml"):
    write_scenario(study.replace("REPLICATES", str(replicates)), steps, name)


def gridplus(*arguments, code=0, **options):
    done = subprocess.run([GRIDPLUS, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False,
                          **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def study(output, *arguments, code=0, **options):
    return gridplus("study", "s.yaml", "-o", output, *arguments, code=code, **options)


def expect_same(a, b):
    assert gridplus("compare", f"{a}/study.h5", f"{b}/study.h5").stdout.startswith("the same")


def kpi(output, group="kpi"):
    with xarray.open_dataset(f"{output}/study.h5", group=group) as data:
        return data.load()


def test_key_figures_stand_on_named_axes(folder):
    write()
    text = study("out").stdout
    assert "18 members: 6 points, 3 replicates" in text and "differences to the baseline" in text
    data = kpi("out")
    assert data.operating_cost.dims == ("storage", "wind", "replicate")
    assert list(data.storage) == [20, 40, 80] and data.storage.attrs["units"] == "MWh"
    assert data.unserved_energy_mwh.attrs["units"] == "MWh"
    one = data.operating_cost.sel(storage=80, wind=60)
    assert len(set(one.values)) == 3  # replicates have other weather
    assert (data.status == 0).all()
    mean = kpi("out", "mean")
    assert float(mean.operating_cost.sel(storage=80, wind=60)) == pytest.approx(float(one.mean()), rel=1e-14)
    assert float(mean.operating_cost_standard_error.sel(storage=80, wind=60)) == pytest.approx(
        float(one.std(ddof=1)) / 3**0.5, rel=1e-12)
    difference = kpi("out", "difference")
    paired = data.operating_cost.sel(storage=80) - data.operating_cost.sel(storage=40)
    assert difference.operating_cost.sel(storage=80).values == pytest.approx(paired.mean("replicate").values, rel=1e-12)
    assert (difference.operating_cost.sel(storage=40) == 0).all()
    category = kpi("out", "category")
    assert category.energy_mwh.dims == ("storage", "wind", "replicate", "category")
    assert "two_bus" in gridplus("inspect", "out/study.h5").stdout


def test_a_member_is_the_run_it_stands_for(folder):
    write()
    study("out", "--quiet")
    data = kpi("out")
    run = json.loads(gridplus("run", "s.yaml", "-o", "r.h5", "--json", "--replicate", 2, "--set",
                              "storage.battery.energy_capacity=80 MWh", "--set", "producers.farm.capacity=20 MW").stdout)
    for name, value in run["kpi"].items():
        assert float(data[name].sel(storage=80, wind=20, replicate=2)) == value, name


def test_parts_threads_and_resuming_give_the_same_bits(folder):
    write(replicates=4)
    study("one", "--quiet", "--threads", 1)
    study("two", "--quiet", "--threads", 2)
    expect_same("one", "two")
    for part in (2, 0, 4, 1, 3):
        text = study("parts", "--shard", f"{part}/5", "--resume").stdout
    assert "results" in text
    expect_same("one", "parts")
    pathlib.Path("parts/study.h5").unlink()
    assert json.loads(gridplus("merge", "parts", "--json").stdout)["status"]["done"] == 24
    expect_same("one", "parts")
    assert len(list(pathlib.Path("parts/shards").iterdir())) == 5


def test_paired_and_hypercube_sweeps_keep_their_axes_as_coordinates(folder):
    write("""study:
  method: paired
  sweep:
    storage: {path: storage.battery.energy_capacity, values: [20 MWh, 80 MWh]}
    wind: {path: producers.farm.capacity, values: [20 MW, 60 MW]}
  baseline: {wind: 20 MW}
""")
    study("paired", "--quiet")
    data = kpi("paired")
    assert data.operating_cost.dims == ("point", "replicate") and list(data.operating_cost.wind) == [20, 60]
    write("""study:
  method: latin_hypercube
  samples: 10
  sweep:
    wind: {path: producers.farm.capacity, uniform: [10 MW, 60 MW]}
    fuel: {path: producers.coal.fuel_price, triangular: [2 EUR/GJ, 3 EUR/GJ, 6 EUR/GJ]}
    rule: {path: controllers.dispatch.storage_rule, choice: [none, net_load]}
""")
    study("cube", "--quiet")
    data = kpi("cube")
    assert data.operating_cost.dims == ("sample", "replicate")
    assert sorted(int((w - 10) // 5) for w in data.wind.values) == list(range(10))
    assert sorted(data.rule.values.astype(str)) == ["net_load"] * 5 + ["none"] * 5


def test_failing_members_are_flagged_and_spoil_nobody(folder):
    write("""study:
  sweep:
    wind: {path: producers.farm.capacity, values: [20 MW, 40 MW, -5 MW]}
  replicates: 2
""")
    text = study("out", "--threads", 2).stdout
    assert "failed            2 members" in text
    data, flagged = kpi("out"), kpi("out", "flagged")
    assert (data.status.sel(wind=-5) == 2).all() and (data.status.sel(wind=[20, 40]) == 0).all()
    assert numpy.isnan(data.operating_cost.sel(wind=-5)).all() and not numpy.isnan(data.operating_cost.sel(wind=40)).any()
    assert "s.yaml:23:66:" in str(flagged.reason.values[0]) and "out of range" in str(flagged.reason.values[0])
    assert list(kpi("out", "mean").members) == [2, 2, 0]
    assert "out of range" in gridplus("validate", "s.yaml", code=2).stderr
    write("study: {sweep: {wind: {path: producers.farm.capacity, values: [20 MWh]}}}\n")
    assert "s.yaml:21:64: producers[1].capacity: energy (MWh) is given" in study("no", code=2).stderr
    assert not pathlib.Path("no").exists()


def test_a_study_stops_at_the_wanted_precision_however_it_is_split(folder):
    write("""study:
  sweep:
    wind: {path: producers.farm.capacity, values: [10 MW, 40 MW, 70 MW]}
  replicates: 60
  stop: {kpi: operating_cost, half_width: 10 %, minimum: 4, every: 2}
""")
    study("one", "--quiet", "--threads", 1)
    study("two", "--quiet", "--threads", 2)
    for part in (1, 0):
        study("parts", "--quiet", "--shard", f"{part}/2")
    expect_same("one", "two")
    expect_same("one", "parts")
    data, mean = kpi("one"), kpi("one", "mean")
    count = (data.status == 0).sum("replicate").values
    assert (count % 2 == 0).all() and count.min() >= 4 and count.max() < 60
    half = (mean.operating_cost_ci_high - mean.operating_cost_ci_low) / 2
    assert (half <= 0.1 * mean.operating_cost).all()
    assert (data.status == 3).sum() == 180 - count.sum()


def series(output, group, **options):
    return xarray.open_dataset(f"{output}/study.h5", group=group, **options)


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
def test_series_of_members_stand_on_named_axes(folder, engine):
    write(SERIES, steps=200)
    assert "failed            9 members" in study("out", "--threads", 2).stdout
    assert sorted(p.name for p in pathlib.Path("out").glob("**/*") if p.is_file()) == [
        "shard-00000-of-00001.h5", "study.h5", "study.lock"]
    pathlib.Path("elsewhere").mkdir()
    os.chdir("elsewhere")  # links hold from wherever they are read
    with series("../out", "bus", engine=engine) as data:
        assert data.vm_pu.dims == ("size", "wind", "replicate", "time", "bus")
        assert data.vm_pu.shape == (3, 2, 3, 200, 2) and data.vm_pu.attrs["long_name"]
        assert numpy.isnan(data.vm_pu.sel(wind=-5)).all()
        vm = data.vm_pu.sel(size=80, wind=20, replicate=2).values
        assert numpy.isfinite(vm).all()
    with series("../out", "producer", engine=engine) as data:
        assert list(data.data_vars) == ["curtailment_reason"]
        assert data.curtailment_reason.attrs["flag_meanings"].startswith("none surplus")
        reasons = data.curtailment_reason
        assert numpy.isnan(reasons.sel(wind=-5)).all() and set(numpy.unique(reasons.sel(wind=20))) <= {0, 1, 2}
    with series("../out", "step", engine=engine) as data:
        assert data.converged.dims == ("size", "wind", "replicate", "time")
        assert (data.converged.sel(wind=20) == 1).all()
    with series("../out", "branch", engine=engine) as data:
        assert "losses_mw" in data and data.losses_mw.dtype == "float64"
    os.chdir("..")
    gridplus("run", "s.yaml", "-o", "r.h5", "--quiet", "--replicate", 2, "--set",
             "storage.battery.energy_capacity=80 MWh", "--set", "producers.farm.capacity=20 MW")
    with xarray.open_dataset("r.h5", group="bus") as run:
        assert (run.vm_pu.values == vm).all()
    assert "in 1 shard" in gridplus("inspect", "out/study.h5").stdout


def test_merge_makes_one_file_that_needs_no_other(folder):
    write(SERIES, steps=5000)
    for part in (1, 0, 2):
        study("out", "--quiet", "--shard", f"{part}/3")
    gridplus("merge", "out", "-o", "alone/one.h5", "--quiet")
    assert gridplus("compare", "out/study.h5", "alone/one.h5").stdout.startswith("the same")
    pathlib.Path("out/shards").rename("out/hidden")
    with xarray.open_dataset("alone/one.h5", group="storage") as data:
        assert numpy.isfinite(data.energy_mwh.sel(wind=20)).all()
        assert numpy.isnan(data.energy_mwh.sel(wind=-5)).all()
    assert "3 of which not there" in gridplus("inspect", "out/study.h5").stdout
    assert "gridplus merge" in gridplus("compare", "out/study.h5", "alone/one.h5", code=3).stderr
    pathlib.Path("out/hidden").rename("out/shards")
    gridplus("merge", "out", "--quiet")
    with h5py.File("out/study.h5") as merged:
        assert not merged["bus/vm_pu"].is_virtual


def test_rows_of_several_steps_are_recorded_of_members_too(folder):
    write("study: {replicates: 2, record: {variables: [storage.energy_mwh], every: 6 h, statistics: [min, max]}}\n", 50)
    study("out", "--quiet")
    with series("out", "storage") as data:
        assert data.energy_mwh_min.shape == (2, 9, 1) and (data.energy_mwh_max >= data.energy_mwh_min).all()


def test_series_are_the_same_bits_however_the_work_is_split(folder):
    write("""study:
  sweep: {wind: {path: producers.farm.capacity, values: [10 MW, 40 MW, 70 MW]}}
  replicates: 40
  stop: {kpi: operating_cost, half_width: 10 %, minimum: 4, every: 2}
  record: {groups: [bus, storage]}
""")
    study("one", "--quiet", "--threads", 1)
    study("two", "--quiet", "--threads", 2)
    for part in (2, 1, 0):
        study("parts", "--quiet", "--shard", f"{part}/3")
    expect_same("one", "two")
    expect_same("one", "parts")
    with series("one", "bus") as data:
        needed = (kpi("one").status == 0).values
        assert (numpy.isfinite(data.vm_pu.values).all(axis=(2, 3)) == needed).all() and not needed.all()


def test_a_member_with_other_things_to_record_fails_alone(folder):
    write("""study:
  sweep:
    count: {path: storage.battery.count, values: [1, 2]}
    step: {path: time.step, values: [1 h, 30 min]}
  record: {groups: [storage]}
""")
    file = pathlib.Path("s.yaml")
    file.write_text(file.read_text().replace("{name: battery, ", "{name: battery, count: 1, "))
    assert "failed            3 members" in study("out").stdout
    reasons = [str(r) for r in kpi("out", "flagged").reason.values]
    assert any("others in the group 'storage'" in r for r in reasons) and any("other time steps" in r for r in reasons)
    assert numpy.isfinite(kpi("out").operating_cost.sel(count=1).values[0]).all()


def start(output, *arguments):
    return subprocess.Popen([GRIDPLUS, "study", "s.yaml", "-o", output, *arguments], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def readable(output):
    """Every results file there is opens."""
    for file in pathlib.Path(output).glob("**/*.h5"):
        with h5py.File(file) as opened:
            assert opened.attrs["format"] == b"gridplus-results"


def test_a_terminated_study_keeps_its_long_member(folder):
    write("study: {replicates: 2, record: {groups: [storage, branch]}}\n", steps=200000)
    study("whole", "--quiet", "--threads", 1)
    process = start("out", "--threads", "1")
    while not list(pathlib.Path(".").glob("out/shards/*.partial")):
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "--resume" in said
    assert list(pathlib.Path("out/shards").iterdir())[0].stat().st_size > 500  # the checkpoint
    study("out", "--quiet", "--resume", "--shard", "1/2")  # another division: the checkpoint is in another's journal
    study("out", "--quiet", "--resume", "--shard", "0/2")
    expect_same("whole", "out")
    assert not list(pathlib.Path("out/shards").glob("*.partial"))


def test_a_second_process_and_a_second_begin_are_refused(folder):
    write(steps=20000, replicates=50)
    process = start("out", "--threads", "1")
    while not list(pathlib.Path(".").glob("out/shards/*.partial")):
        time.sleep(0.01)
    try:
        for arguments in ((), ("--resume",), ("--shard", "0/4"), ("--resume", "--shard", "3/4")):
            assert "in use" in study("out", *arguments, code=3).stderr
        assert "in use: 1 part; process" in gridplus("merge", "out", code=3).stderr
    finally:
        process.kill()
        process.communicate()
    assert "--resume" in study("out", code=3).stderr
    assert "no finished shard" in gridplus("merge", "out", code=3).stderr
    write(steps=24, replicates=2)
    assert "another scenario" in study("out", "--resume", code=3).stderr
    study("out", "--restart", "--quiet")
    assert kpi("out").sizes["replicate"] == 2


def test_a_lock_that_was_left_over_is_taken(folder):
    write(replicates=1)
    pathlib.Path("out").mkdir()
    pathlib.Path("out/study.lock").write_text("7 parts; process 1 on elsewhere\n")
    study("out", "--quiet")
    with open("out/study.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("record", ["", RECORD])
def test_a_truncated_shard_is_computed_again(folder, record):
    write(SWEEP.replace("storage:", "size:") + record, replicates=2)
    study("whole", "--quiet")
    for part in range(3):
        study("out", "--quiet", "--shard", f"{part}/3")
    shard = pathlib.Path("out/shards/shard-00001-of-00003.h5")
    os.truncate(shard, shard.stat().st_size // 2)
    assert "missing" in gridplus("merge", "out", code=3).stderr
    done = study("out", "--resume", "--shard", "1/3", "--quiet")
    assert "computed again" in done.stderr
    expect_same("whole", "out")
    readable("out")


@pytest.mark.parametrize("record", ["", RECORD])
def test_a_full_disk_is_said_and_survived(folder, record):
    write(SWEEP.replace("storage:", "size:") + record, replicates=20)
    study("whole", "--quiet")

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    assert "cannot write" in study("out", "--threads", 2, code=3, preexec_fn=little_room).stderr
    study("out", "--resume", "--quiet")
    expect_same("whole", "out")


def test_many_members_leave_few_files(folder):
    write("study: {sweep: {wind: {path: producers.farm.capacity, from: 1 MW, to: 60 MW, count: 1000}}}\n", steps=2)
    study("out", "--quiet")
    assert sorted(p.name for p in pathlib.Path("out").glob("**/*") if p.is_file()) == [
        "shard-00000-of-00001.h5", "study.h5", "study.lock"]
    assert kpi("out").sizes["wind"] == 1000


def test_validate_says_how_many_members(folder):
    write()
    assert "valid; a study of 18 members: 6 points, 3 replicates" in gridplus("validate", "s.yaml").stdout


def test_a_scenario_without_study_is_sent_to_run(folder):
    write(study="")
    assert "gridplus run" in study("out", code=2).stderr
