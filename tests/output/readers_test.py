"""Results open in the programs that researchers use: xarray with both engines, h5py, h5dump."""

import os
import pathlib
import re
import subprocess

import h5py
import numpy
import pytest
import xarray

WRITE = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "write_synthetic"
VARIANTS = {"plain": [], "statistics": ["--every", "24", "--statistics"], "no_storage": ["--no-storage"],
            "no_events": ["--steps", "3"], "one_step": ["--steps", "1"], "double": ["--double"]}


@pytest.fixture(scope="module", params=VARIANTS, name="results")
def results_fixture(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("results") / f"{request.param}.h5"
    subprocess.run([WRITE, file, *VARIANTS[request.param]], check=True)
    return file


def groups(file):
    with h5py.File(file) as opened:
        return list(opened)


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
def test_xarray_opens_every_group(results, engine):
    found = groups(results)
    assert {"bus", "branch", "producer", "consumer", "step", "event", "kpi", "scenario"} <= set(found)
    for group in found:
        with xarray.open_dataset(results, group=group, engine=engine) as dataset:
            dataset.load()
            for variable in dataset.variables.values():
                assert "units" in variable.attrs or "units" in variable.encoding


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf"])
def test_arrays_are_labelled_with_times_and_names(results, engine):
    with xarray.open_dataset(results, group="bus", engine=engine) as bus:
        assert bus.vm_pu.dims == ("time", "bus")
        assert bus.time.values[0] == numpy.datetime64("2019-12-31T16:00")
        assert list(bus.bus.values[:2]) == ["Bus Ü 1", "bus 2"]
        assert bus.vm_pu.sel(bus="bus 2").values[0] == pytest.approx(1.0, abs=0.06)
        assert bus.vn_kv.attrs["units"] == "kV"


def test_h5dump_shows_units_on_every_dataset(results):
    header = subprocess.run(["h5dump", "-H", results], check=True, capture_output=True, text=True).stdout
    datasets = re.split(r"^\s*DATASET ", header, flags=re.MULTILINE)[1:]
    assert len(datasets) > 80
    for dataset in datasets:
        assert 'ATTRIBUTE "units"' in dataset.split("\n   GROUP ")[0], dataset.splitlines()[0]


def test_flags_say_what_their_values_mean(results):
    with h5py.File(results) as opened:
        kind = opened["branch/kind"]
        assert kind.dtype == numpy.int8
        assert kind.attrs["flag_values"].dtype == numpy.int8
        assert list(kind.attrs["flag_values"]) == [0, 1, 2]
        assert kind.attrs["flag_meanings"] in ("line transformer coupler", b"line transformer coupler")


def test_the_file_says_where_it_comes_from(results):
    with h5py.File(results) as opened:
        assert opened.attrs["format"] in ("gridplus-results", b"gridplus-results")
        assert list(opened.attrs["format_version"]) == [1, 0]
        for name in ("Conventions", "program_version", "git_hash", "compiler", "seed", "threads", "created", "title",
                     "wall_s", "wall_s_network"):
            assert name in opened.attrs, name


def test_only_filters_that_every_hdf5_has_are_used(results):
    with h5py.File(results) as opened:
        for group in opened.values():
            for dataset in group.values():
                assert dataset.compression in (None, "gzip")
                assert not dataset.scaleoffset and not dataset.fletcher32


def test_bytes_are_the_same_whatever_wrote_them(tmp_path):
    files = [tmp_path / f"{threads}.h5" for threads in (1, 2, 8)]
    for threads, file in zip((1, 2, 8), files):
        subprocess.run([WRITE, file, "--steps", "900", "--threads", str(threads)], check=True)
    with h5py.File(files[0]) as first:
        for other in files[1:]:
            with h5py.File(other) as second:
                for group in first:
                    for name, dataset in first[group].items():
                        assert numpy.array_equal(dataset[()], second[group][name][()],
                                                 equal_nan=dataset.dtype.kind == "f"), f"{group}/{name}"
