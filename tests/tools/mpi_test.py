"""Studies on two ranks: the same bits as on one, also after a rank was killed."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from two_bus import write_scenario

BIN = pathlib.Path(os.environ["GRIDPLUS_BIN"])
RANKS = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
             OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_vader_single_copy_mechanism="none")

STUDY = """study:
  sweep:
    wind: {path: producers.farm.capacity, values: [10 MW, 40 MW, 70 MW]}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(rest, steps):
    write_scenario(STUDY + rest, steps)


def on_one(output, *arguments):
    subprocess.run([BIN / "gridplus", "study", "s.yaml", "-o", output, "--quiet", *arguments], check=True, timeout=300)


def ranks(output, *arguments, count=2):
    return ["mpirun", "-n", str(count), str(BIN / "gridplus-mpi"), "study", "s.yaml", "-o", output, "--threads", "1",
            *arguments]


def on_ranks(output, *arguments, count=2):
    return subprocess.run(ranks(output, *arguments, count=count), env=RANKS, capture_output=True, text=True, timeout=300,
                          check=False)


def expect_same(a, b):
    done = subprocess.run([BIN / "gridplus", "compare", f"{a}/study.h5", f"{b}/study.h5"], capture_output=True, text=True,
                          check=False)
    assert done.stdout.startswith("the same"), done.stdout + done.stderr


def test_two_ranks_give_the_bits_of_one_process(folder):
    write("  replicates: 20\n", 100)
    on_one("one")
    done = on_ranks("two")
    assert done.returncode == 0, done.stderr
    assert "60 members" in done.stdout and done.stdout.count("results") == 1
    expect_same("one", "two")
    assert len(list(pathlib.Path("two/shards").iterdir())) == 2


def test_ranks_stop_where_one_process_stops(folder):
    write("  replicates: 60\n  stop: {kpi: operating_cost, half_width: 10 %, minimum: 4, every: 2}\n", 48)
    on_one("one", "--threads", "1")
    assert on_ranks("two", "--quiet").returncode == 0
    expect_same("one", "two")


def test_a_killed_rank_is_made_up_for(folder):
    write("  replicates: 60\n", 12000)
    on_one("one")
    process = subprocess.Popen(ranks("two", "--quiet"), env=RANKS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(list(pathlib.Path(".").glob("two/shards/*.partial"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    children = [int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()
                and child_of(entry, process.pid)]
    os.kill(children[-1], signal.SIGKILL)
    assert process.wait(60) != 0
    assert not pathlib.Path("two/study.h5").exists()
    assert on_ranks("two", "--quiet", "--resume", count=3).returncode == 0
    expect_same("one", "two")


def child_of(entry, parent):
    try:
        status = (entry / "stat").read_text()
        return int(status.rsplit(")", 1)[1].split()[1]) == parent and "gridplus-mpi" in status
    except (OSError, IndexError):
        return False


def test_bad_input_is_said_by_every_rank_that_meets_it_and_ends_the_job(folder):
    write("  replicate: 3\n", 10)
    done = on_ranks("out")
    assert done.returncode != 0 and "did you mean 'replicates'" in done.stderr
