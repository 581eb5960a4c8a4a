"""A run that is killed leaves nothing under the final name, and --resume ends with the results of an undisturbed run."""

import os
import pathlib
import random
import signal
import subprocess
import time

import h5py
import numpy
import pytest

WRITE = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "write_synthetic"
RUN = ["--steps", "1200", "--checkpoint", "2"]
SEED = 20260101


PAUSE = ["--pause", "2000"]
TRIALS = int(os.environ.get("GRIDPLUS_KILLS", "12"))
MOST_KILLS = 3


@pytest.fixture(scope="module", name="undisturbed")
def undisturbed_fixture(tmp_path_factory):
    file = tmp_path_factory.mktemp("undisturbed") / "run.h5"
    subprocess.run([WRITE, file, *RUN], check=True)
    return file


@pytest.fixture(scope="module", name="duration")
def duration_fixture(tmp_path_factory):
    """Of a run with pauses, on this machine as busy as it is."""
    begin = time.monotonic()
    subprocess.run([WRITE, tmp_path_factory.mktemp("timed") / "run.h5", *RUN, *PAUSE], check=True)
    return time.monotonic() - begin


def assert_same(file, other):
    with h5py.File(file) as a, h5py.File(other) as b:
        assert list(a) == list(b)
        for group in a:
            assert list(a[group]) == list(b[group])
            for name, dataset in a[group].items():
                assert numpy.array_equal(dataset[()], b[group][name][()], equal_nan=dataset.dtype.kind == "f"), name


def run_and_kill(command, after):
    """Returns whether the program was killed before its end."""
    with subprocess.Popen(command) as process:
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def test_a_killed_run_resumes_to_the_same_results(tmp_path, undisturbed, duration):
    chance = random.Random(SEED)
    kills = 0
    for trial in range(TRIALS):
        file = tmp_path / f"{trial}.h5"
        command = [WRITE, file, *RUN, *PAUSE]
        for attempt in range(MOST_KILLS):
            resume = ["--resume"] if attempt > 0 else []
            if not run_and_kill([*command, *resume], chance.uniform(0.0, 1.1 * duration)):
                break
            kills += 1
            if file.exists():  # killed after the rename: then it must be whole
                assert_same(file, undisturbed)
        subprocess.run([*command, "--resume"], check=True)
        assert_same(file, undisturbed)
        assert not file.with_suffix(".h5.partial").exists()
        assert not file.with_suffix(".h5.assembling").exists()
    assert kills >= TRIALS / 2


def test_a_kill_near_the_end_leaves_no_half_file(tmp_path, undisturbed, duration):
    chance = random.Random(SEED)
    for trial in range(TRIALS):
        file = tmp_path / f"{trial}.h5"
        run_and_kill([WRITE, file, *RUN, *PAUSE], chance.uniform(0.8 * duration, 1.1 * duration))
        if file.exists():
            assert_same(file, undisturbed)
        subprocess.run([WRITE, file, *RUN, "--resume"], check=True)
        assert_same(file, undisturbed)


def test_a_second_program_on_the_same_file_is_refused(tmp_path):
    file = tmp_path / "run.h5"
    with subprocess.Popen([WRITE, file, *RUN, "--pause", "20000"]) as first:
        time.sleep(0.3)
        second = subprocess.run([WRITE, file, *RUN], capture_output=True, text=True, check=False)
        first.kill()
    assert second.returncode == 3
    assert "is in use" in second.stderr
