"""Kills at random moments of a real run and a real study: what is resumed ends bit-identical, and every file opens."""

import os
import pathlib
import random
import subprocess
import time

import h5py
import pytest

from two_bus import write_scenario

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
KILLS = int(os.environ.get("GRIDPLUS_KILLS", "5"))

STUDY = """study:
  sweep:
    size: {path: storage.battery.energy_capacity, values: [20 MWh, 40 MWh, 80 MWh]}
    wind: {path: producers.farm.capacity, from: 20 MW, to: 60 MW, count: 2}
  replicates: 4
  record: {variables: [bus.vm_pu, storage.energy_mwh, branch.losses_mw, step.converged]}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gridplus(*arguments):
    done = subprocess.run([GRIDPLUS, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expect_readable(place):
    """Every results file there is opens, with all that it holds."""
    for file in pathlib.Path(place).glob("**/*.h5"):
        with h5py.File(file) as opened:
            assert opened.attrs["format"] == b"gridplus-results"
            opened.visititems(lambda _, item: item.shape if isinstance(item, h5py.Dataset) else None)


def kill_and_resume(command, result, whole, place, took):
    """Starts the command and kills it, KILLS times; every second one is killed again while it goes on."""
    moments = random.Random(20260101)
    kills = 0
    for trial in range(KILLS):
        target = place(trial)
        for _ in range(1 + trial % 2):
            with subprocess.Popen([GRIDPLUS, *command, "-o", target, "--resume", "--quiet"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                time.sleep(moments.uniform(0.0, 1.1 * took))
                process.kill()
                kills += process.wait() == -9
            expect_readable(".")
        gridplus(*command, "-o", target, "--resume", "--quiet")
        assert gridplus("compare", whole, result(target)).startswith("the same")
        expect_readable(".")
        assert not list(pathlib.Path(".").glob("**/*.partial")) and not list(pathlib.Path(".").glob("**/*.assembling"))
    assert kills >= KILLS / 2
    print(f"{kills} kills in {KILLS} trials, each resumed to the same bits")


def timed(*arguments):
    begin = time.monotonic()
    gridplus(*arguments)
    return time.monotonic() - begin


def test_a_killed_study_continues_to_the_same_bits(folder):
    write_scenario(STUDY, 1500)
    command = ["study", "s.yaml", "--threads", "2"]
    took = timed(*command, "-o", "whole", "--quiet")
    kill_and_resume(command, lambda target: f"{target}/study.h5", "whole/study.h5", lambda trial: f"killed{trial}", took)


def test_a_killed_run_continues_to_the_same_bits(folder):
    write_scenario(STUDY, 60000)
    command = ["run", "s.yaml", "--threads", "2"]
    took = timed(*command, "-o", "whole.h5", "--quiet")
    kill_and_resume(command, lambda target: target, "whole.h5", lambda trial: f"killed{trial}.h5", took)
