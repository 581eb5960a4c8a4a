"""The default scenario looks like a real province: its bands, with storage and without (its README.md says where from)."""

import os
import pathlib
import subprocess
import time

import h5py
import numpy
import pytest

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
SCENARIO = pathlib.Path(os.environ["GRIDPLUS_SOURCE"]) / "scenarios/catalogue/province/province.yaml"

STEPS = 8760
IMBALANCE_MW = 1e-6
LONGEST_RUN_S = 120  # takes 3 to 6 s alone on two cores; the rest is for a machine under load
UTC_OFFSET_H = 8  # of the scenario's local time
LEAST_RELIEF = 0.10  # share of the winter's curtailment that storage must save

CAPACITY_FACTORS = {"wind": (0.20, 0.30), "PV": (0.12, 0.17), "hydro": (0.35, 0.50), "coal": (0.45, 0.60)}
LOAD_FACTOR = (0.60, 0.75)
WINTER_CURTAILMENT = (0.15, 0.45)  # of wind, December to February, as in Gansu, Xinjiang and Jilin in 2016
EMISSIONS_T_PER_MWH = (0.55, 0.75)
VOLTAGE_PU = (0.94, 1.06)
OVERLOADED_HOURS = 100  # of any branch: the merit order does not see the network
HIGHEST_LOADING_PERCENT = 150


class Year:
    """What a run of the scenario left in its results file."""

    def __init__(self, file, seconds):
        self.seconds = seconds
        with h5py.File(file) as results:
            self.step = {name: results["step"][name][()] for name in ("demand_mw", "converged", "balance_mw")}
            self.producer = {name: results["producer"][name][()] for name in
                             ("p_mw", "available_mw", "curtailed_mw", "capacity_mw", "cost_per_h", "co2_t_per_h")}
            self.category = results["producer/category"].asstr()[()]
            self.unserved_mw = results["consumer/unserved_mw"][()]
            self.served_mw = results["consumer/served_mw"][()]
            self.storage_mw = results["storage/p_mw"][()]
            self.losses_mw = results["branch/losses_mw"][()]
            self.loading_percent = results["branch/loading_percent"][()]
            self.vm_pu = results["bus/vm_pu"][()]
            utc = results["step/time"][()].astype("datetime64[s]")
        month = (utc + numpy.timedelta64(UTC_OFFSET_H, "h")).astype("datetime64[M]").astype(int) % 12 + 1
        self.winter = numpy.isin(month, (12, 1, 2))

    def of(self, kind):
        """The producers of a category; coal includes CHP."""
        return numpy.array([name.split()[0] == kind for name in self.category])

    def capacity_factor(self, kind):
        chosen = self.of(kind)
        return self.producer["p_mw"][:, chosen].sum() / (self.producer["capacity_mw"][chosen].sum() * STEPS)

    def winter_curtailment(self):
        chosen = numpy.ix_(self.winter, self.of("wind"))
        return self.producer["curtailed_mw"][chosen].sum() / self.producer["available_mw"][chosen].sum()

    def cost(self):
        return self.producer["cost_per_h"].sum(dtype=float)


def run(folder, name, *options):
    file = folder / f"{name}.h5"
    begin = time.monotonic()
    subprocess.run([GRIDPLUS, "run", SCENARIO, "-o", file, "--quiet", *options], check=True, timeout=600)
    return Year(file, time.monotonic() - begin)


@pytest.fixture(scope="module", name="folder")
def folder_fixture(tmp_path_factory):
    return tmp_path_factory.mktemp("province")


@pytest.fixture(scope="module", name="stored")
def stored_fixture(folder):
    return run(folder, "stored")


@pytest.fixture(scope="module", name="bare")
def bare_fixture(folder):
    return run(folder, "bare", "--set", "controllers.dispatch.storage_rule=none")


@pytest.fixture(name="year", params=["stored", "bare"])
def year_fixture(request):
    return request.getfixturevalue(request.param)


def within(value, band):
    return band[0] <= value <= band[1]


def test_every_step_converges(year):
    assert year.step["converged"].shape == (STEPS,)
    assert (year.step["converged"] == 1).all()


def test_energy_closes_in_every_step(year):
    balance = (year.producer["p_mw"].sum(axis=1) + year.storage_mw.sum(axis=1) - year.served_mw.sum(axis=1)
               - year.losses_mw.sum(axis=1))
    assert numpy.abs(balance).max() <= IMBALANCE_MW
    assert numpy.abs(year.step["balance_mw"]).max() <= IMBALANCE_MW


def test_the_load_has_the_shape_of_a_province(year):
    demand = year.step["demand_mw"]
    assert within(demand.mean() / demand.max(), LOAD_FACTOR)
    assert within(demand.max(), (11000, 13500))


@pytest.mark.parametrize("kind", CAPACITY_FACTORS)
def test_plants_run_as_much_as_real_ones(year, kind):
    assert within(year.capacity_factor(kind), CAPACITY_FACTORS[kind]), year.capacity_factor(kind)


def test_emissions_are_those_of_a_coal_province(year):
    emissions = year.producer["co2_t_per_h"].sum(dtype=float) / year.producer["p_mw"].sum()
    assert within(emissions, EMISSIONS_T_PER_MWH), emissions


def test_hardly_any_demand_goes_unserved(year):
    assert year.unserved_mw.sum(dtype=float) <= 5e-5 * year.step["demand_mw"].sum()


def test_the_network_is_healthy(year):
    in_band = (year.vm_pu >= VOLTAGE_PU[0]) & (year.vm_pu <= VOLTAGE_PU[1])
    assert in_band.all(axis=1).mean() >= 0.99
    assert (year.loading_percent > 100).sum(axis=0).max() <= OVERLOADED_HOURS
    assert year.loading_percent.max() <= HIGHEST_LOADING_PERCENT


def test_storage_saves_wind_and_money(stored, bare):
    without, with_storage = bare.winter_curtailment(), stored.winter_curtailment()
    assert within(without, WINTER_CURTAILMENT), without
    assert with_storage <= (1 - LEAST_RELIEF) * without, (with_storage, without)
    assert (bare.storage_mw == 0).all() and (stored.storage_mw > 0).any()
    assert stored.cost() < bare.cost()


def test_a_year_takes_seconds(year):
    assert year.seconds <= LONGEST_RUN_S
