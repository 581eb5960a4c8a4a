"""When the disk is full the message says so, what was complete is kept, and --resume continues once there is room."""

import contextlib
import os
import pathlib
import subprocess

import h5py
import pytest

WRITE = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "write_synthetic"
RUN = ["--steps", "3000", "--checkpoint", "20"]


def write(file, *options):
    return subprocess.run([WRITE, file, *RUN, *options], capture_output=True, text=True, check=False)


def datasets(file):
    with h5py.File(file) as opened:
        return {f"{group}/{name}": dataset[()].tobytes()
                for group in opened for name, dataset in opened[group].items() if dataset.dtype.kind != "O"}


@pytest.fixture(scope="module", name="undisturbed")
def undisturbed_fixture(tmp_path_factory):
    file = tmp_path_factory.mktemp("undisturbed") / "run.h5"
    assert write(file).returncode == 0
    return file


def assert_explains(run, file):
    assert run.returncode == 3, run.stderr
    assert "needs" in run.stderr or "do not fit" in run.stderr, run.stderr
    assert "kept in" in run.stderr and "--resume" in run.stderr, run.stderr
    assert not file.exists()
    assert not file.with_suffix(".h5.assembling").exists()


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.85, 0.99])
def test_a_file_that_may_not_grow_is_continued(tmp_path, undisturbed, share):
    file = tmp_path / "run.h5"
    limit = int(undisturbed.stat().st_size * share)
    assert_explains(write(file, "--file-limit", str(limit)), file)
    assert write(file, "--resume").returncode == 0
    assert datasets(file) == datasets(undisturbed)


@contextlib.contextmanager
def small_disk(folder, size_kb):
    """A file system of that size, where the system permits to make one."""
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", folder], capture_output=True,
                          check=False)
    if made.returncode != 0:
        pytest.skip("making a file system is not permitted here; the limited files above test the same paths")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("share", [0.3, 0.8, 1.2, 1.6])
def test_a_full_disk_keeps_what_was_complete(tmp_path, undisturbed, share):
    disk = tmp_path / "disk"
    disk.mkdir()
    size_kb = int(undisturbed.stat().st_size * share / 1024)
    with small_disk(disk, size_kb):
        file = disk / "run.h5"
        assert_explains(write(file), file)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        assert write(file, "--resume").returncode == 0
        assert datasets(file) == datasets(undisturbed)
