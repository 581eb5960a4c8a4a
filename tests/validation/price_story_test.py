"""A village whose houses and batteries follow a tariff by time of day that a network brings them, or does not."""

import h5py
import numpy
import pytest
from story import CATALOGUE, run

SCENARIO = CATALOGUE / "village/village_prices.yaml"
DAYS, STEPS_PER_DAY = 28, 96
NARROW = ("communication.generate.technology=nb_iot",)
LOSSES = ("0 %", "60 %", "90 %", "99 %")


def over(folder, *sets):
    """Key figures of four weeks of the village."""
    return run(SCENARIO, folder, f"time.duration={DAYS} d", *sets)


def losing(share):
    return (*NARROW, f"communication.presets={{nb_iot: {{loss: {share}}}}}")


def test_what_does_not_know_the_price_pays_more(tmp_path):
    bills = [over(tmp_path, *losing(share))["retail_bill"] for share in LOSSES]
    print("retail bill, CNY:", dict(zip(LOSSES, bills)))
    assert all(worse > better for better, worse in zip(bills, bills[1:]))


def test_demand_follows_the_tariff(tmp_path):
    def by_hour(*sets):
        over(tmp_path, *sets)
        with h5py.File(tmp_path / "run.h5") as file:
            demand_mw = file["step/demand_mw"][()]
        return demand_mw.reshape(DAYS, 24, -1).sum(axis=(0, 2))

    told = by_hour()
    untold = by_hour("communication.coverage=[{share: 0 %}]", "communication.price_validity=0 s")
    for hour, price in ((3, 340.0), (12, 560.0), (20, 850.0)):
        assert told[hour] / untold[hour] == pytest.approx((price / 560.0) ** -0.1, rel=2e-3)


def test_the_histogram_of_ages_gives_the_quantiles(tmp_path):
    kpi = over(tmp_path, *losing("60 %"))
    with h5py.File(tmp_path / "run.h5") as file:
        group = file["portfolio"]
        counts = group["measurements"][()].sum(axis=0)
        older_s, younger_s = group["age"][()], group["age_to_s"][()]
        devices = sum(file[kind][kind].size for kind in ("producer", "consumer", "storage"))
        assert group["control_availability"][0] == pytest.approx(kpi["control_availability_weighted"])
        assert group["capacity_credit"][0] == kpi["capacity_credit"]
    assert counts.sum() == devices * DAYS * STEPS_PER_DAY
    for q in (0.5, 0.95, 0.99):
        of_quantile = numpy.searchsorted(numpy.cumsum(counts), q * counts.sum())
        assert older_s[of_quantile] <= kpi[f"measurement_age_p{round(100 * q)}_s"] <= younger_s[of_quantile]
