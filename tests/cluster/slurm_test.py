"""A study on a real Slurm cluster of one node: an array of 20 parts and an MPI job, with a task killed in the middle."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from slurm import Cluster
from two_bus import write_scenario

BIN = pathlib.Path(os.environ["GRIDPLUS_BIN"])
SOURCE = pathlib.Path(os.environ["GRIDPLUS_SOURCE"])

STEPS = 8000  # long enough that a part of the array is still at work when it is killed
STUDY = """study:
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
    write_scenario(STUDY, STEPS, folder / "s.yaml")
    gridplus("study", folder / "s.yaml", "-o", folder / "whole", "--quiet", "--threads", 1)
    return folder


def gridplus(*arguments):
    done = subprocess.run([BIN / "gridplus", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expect_same(study, other):
    assert gridplus("compare", study / "whole/study.h5", study / other / "study.h5").startswith("the same")


def writers(out):
    """Processes that are in the middle of a shard of the study in `out`, by the files that they hold open."""
    for entry in pathlib.Path("/proc").iterdir():
        try:
            files = [os.readlink(link) for link in (entry / "fd").iterdir()]
        except (OSError, ValueError):
            continue
        if any(file.startswith(f"{out}/shards/") and file.endswith(".partial") for file in files):
            yield int(entry.name)


def wait_for_a_writer(out, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := next(writers(out), None):
            return found
        time.sleep(0.01)
    raise AssertionError(f"no process that writes a shard of {out} was seen")


def log_of(study):
    return "\n".join(path.read_text() for path in sorted(study.glob("*.log")))


def test_an_array_of_20_parts_with_one_killed_is_the_single_run(cluster, study):
    script, out = SOURCE / "tools/slurm/array.sh", study / "array"
    job = cluster.submit("--array=0-19", "-o", study / "array-%a.log", script, study / "s.yaml", out, "--quiet")
    os.kill(wait_for_a_writer(out), signal.SIGKILL)
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
    os.kill(wait_for_a_writer(out), signal.SIGKILL)
    cluster.wait_for_job(job)
    assert not (out / "study.h5").exists(), log_of(study)
    job = cluster.submit("--ntasks=2", "-o", study / "mpi.log", script, study / "s.yaml", out, "--quiet")
    cluster.wait_for_job(job)
    assert (out / "study.h5").exists(), log_of(study) + cluster.logs()
    expect_same(study, "mpi")


def test_a_preempted_task_checkpoints_and_is_queued_again(cluster, study):
    script, out = SOURCE / "tools/slurm/array.sh", study / "preempted"
    job = cluster.submit("--array=0-0", "-o", study / "preempted.log", script, study / "s.yaml", out, "--quiet")
    wait_for_a_writer(out)
    assert cluster.say("scancel", "--batch", "--signal=TERM", f"{job}_0").returncode == 0
    until = time.monotonic() + 60
    restarts = ""
    while "Restarts=1" not in restarts and time.monotonic() < until:
        restarts = cluster.say("scontrol", "show", "job", job).stdout
        time.sleep(0.1)
    assert "Restarts=1" in restarts, log_of(study) + cluster.logs()
    # Not at once: what Slurm lets a job start with is void for the second in which it was taken back.
    assert cluster.say("scontrol", "update", f"jobid={job}", "StartTime=now+2").returncode == 0
    cluster.wait_for_job(job)
    expect_same(study, "preempted")
    assert "interrupted" in (study / "preempted.log").read_text()
