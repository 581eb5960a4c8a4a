"""A study on a real Slurm cluster of one node: an array of 20 parts and an MPI job, with a task killed in the middle."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from slurm import Cluster

BIN = pathlib.Path(os.environ["GRIDPLUS_BIN"])
SOURCE = pathlib.Path(os.environ["GRIDPLUS_SOURCE"])

SCENARIO = """gridplus: 1
name: two_bus
seed: 7
currency: EUR
time: {start: 2018-01-01T00:00+01:00, steps: 4000, step: 1 h}
grid:
  buses:
    - {name: coast, voltage: 110 kV}
    - {name: town, voltage: 110 kV}
  branches:
    - {name: coast_town, from: coast, to: town, r: 0.01 p.u., x: 0.05 p.u., b: 0.02 p.u., rating: 120 MVA}
producers:
  - {name: coal, model: thermal, bus: coast, capacity: 50 MW, heat_rate: 9 GJ/MWh, fuel_price: 3 EUR/GJ, voltage: 1.02 p.u.}
  - {name: farm, model: wind, bus: coast, capacity: 40 MW, speed: {synthetic: wind_speed}}
storage:
  - {name: battery, model: battery, bus: town, capacity: 10 MW, energy_capacity: 40 MWh}
consumers:
  - {name: town, model: load, bus: town, demand: {synthetic: load, scale: 60 MW}, power_factor: 0.97}
study:
  sweep:
    storage: {path: storage.battery.energy_capacity, values: [20 MWh, 40 MWh, 80 MWh, 160 MWh]}
  replicates: 20
  baseline: {storage: 40 MWh}
"""


@pytest.fixture(scope="module", name="cluster")
def a_cluster(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("slurmd needs root")
    with Cluster(tmp_path_factory.mktemp("slurm")) as cluster:
        cluster.environment |= {"GRIDPLUS": str(BIN / "gridplus"), "GRIDPLUS_MPI": str(BIN / "gridplus-mpi"),
                                "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                                "OMPI_MCA_rmaps_base_oversubscribe": "1"}
        yield cluster


@pytest.fixture(scope="module", name="study")
def a_study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    (folder / "s.yaml").write_text(SCENARIO)
    gridplus("study", folder / "s.yaml", "-o", folder / "whole", "--quiet", "--threads", 1)
    return folder


def gridplus(*arguments):
    done = subprocess.run([BIN / "gridplus", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expect_same(study, other):
    assert gridplus("compare", study / "whole/study.h5", study / other / "study.h5").startswith("the same")


def processes(*words):
    """Processes of the test's own study, by their command lines."""
    for entry in pathlib.Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if command[0].startswith(bytes(BIN)) and all(str(word).encode() in command for word in words):
            yield int(entry.name)


def kill_one(*words, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for process in processes(*words):
            time.sleep(0.15)  # in the middle
            try:
                os.kill(process, signal.SIGKILL)
                return
            except ProcessLookupError:
                continue
        time.sleep(0.01)
    raise AssertionError(f"no process with {words} was seen")


def log_of(study):
    return "\n".join(path.read_text() for path in sorted(study.glob("*.log")))


def test_an_array_of_20_parts_with_one_killed_is_the_single_run(cluster, study):
    script, out = SOURCE / "tools/slurm/array.sh", study / "array"
    job = cluster.submit("--array=0-19", "-o", study / "array-%a.log", script, study / "s.yaml", out, "--quiet")
    kill_one(out)
    cluster.wait_for_job(job)
    assert len(list((out / "shards").glob("*.partial"))) == 1, log_of(study) + cluster.logs()
    assert not (out / "study.h5").exists()
    job = cluster.submit("--array=0-19", "-o", study / "array-%a.log", script, study / "s.yaml", out, "--quiet")
    cluster.wait_for_job(job)
    gridplus("merge", out, "--quiet")
    expect_same(study, "array")
    assert len(list((out / "shards").iterdir())) == 20, log_of(study)


def test_an_mpi_job_with_a_killed_rank_is_the_single_run(cluster, study):
    script, out = SOURCE / "tools/slurm/mpi.sh", study / "mpi"
    job = cluster.submit("--ntasks=2", "-o", study / "mpi.log", script, study / "s.yaml", out, "--quiet")
    kill_one(out, "study", "--threads")
    cluster.wait_for_job(job)
    assert not (out / "study.h5").exists(), log_of(study)
    job = cluster.submit("--ntasks=2", "-o", study / "mpi.log", script, study / "s.yaml", out, "--quiet")
    cluster.wait_for_job(job)
    assert (out / "study.h5").exists(), log_of(study) + cluster.logs()
    expect_same(study, "mpi")


def test_a_preempted_task_checkpoints_and_is_queued_again(cluster, study):
    script, out = SOURCE / "tools/slurm/array.sh", study / "preempted"
    job = cluster.submit("--array=0-0", "-o", study / "preempted.log", script, study / "s.yaml", out, "--quiet")
    until = time.monotonic() + 60
    while not list(processes(out)) and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    assert cluster.say("scancel", "--batch", "--signal=TERM", f"{job}_0").returncode == 0
    until = time.monotonic() + 60
    restarts = ""
    while "Restarts=1" not in restarts and time.monotonic() < until:
        restarts = cluster.say("scontrol", "show", "job", job).stdout
        time.sleep(0.1)
    assert "Restarts=1" in restarts, log_of(study) + cluster.logs()
    assert cluster.say("scontrol", "update", f"jobid={job}", "StartTime=now").returncode == 0
    cluster.wait_for_job(job)
    expect_same(study, "preempted")
    assert "interrupted" in (study / "preempted.log").read_text()
