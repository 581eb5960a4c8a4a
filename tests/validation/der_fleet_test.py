"""An attack on a fleet of chargers: no harm while the reserve carries it, a jump beyond; zones, envelope and false data as the fleet's own
figures predict."""

import json
import os
import pathlib
import subprocess

import h5py
import numpy
import pytest

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
SCENARIO = pathlib.Path(os.environ["GRIDPLUS_SOURCE"]) / "scenarios/catalogue/der_fleet/der_fleet.yaml"
SHARES = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
GAS_MW = 15.0
RELAY_MARGIN = 0.01  # of the load: relays act before the last of the reserve is used up


class Run:
    """Results of the scenario with some values changed."""

    def __init__(self, folder, *sets):
        self.file = folder / f"run_{abs(hash(sets))}.h5"
        arguments = [argument for one in sets for argument in ("--set", one)]
        done = subprocess.run([GRIDPLUS, "run", SCENARIO, "-o", self.file, "--json", "--set", "record.precision=double",
                               *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.kpi = json.loads(done.stdout)["kpi"]

    def of(self, variable):
        with h5py.File(self.file) as file:
            return file[variable][()]

    def names(self, kind):
        with h5py.File(self.file) as file:
            return list(file[f"{kind}/{kind}"].asstr()[()])

    def events(self, prefix):
        with h5py.File(self.file) as file:
            return [kind for kind in file["event/kind"].asstr()[()] if kind.startswith(prefix)]

    @property
    def unserved_mw(self):
        return self.of("consumer/unserved_mw").sum(axis=1)

    @property
    def malicious_mw(self):
        return self.of("attack/malicious_mw").sum(axis=1)

    def headroom_mw(self):
        """What the units that run can give beyond what they give."""
        gas = [i for i, name in enumerate(self.names("producer")) if name.startswith("gas")]
        online, p_mw = self.of("producer/online")[:, gas], self.of("producer/p_mw")[:, gas]
        return (online * GAS_MW - p_mw).sum(axis=1)


@pytest.fixture(scope="module", name="attack")
def share_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    return {share: Run(folder, f"cyber.attacks.chargers_on.share={share}") for share in SHARES}


def test_no_harm_while_the_reserve_carries_it_and_a_jump_beyond(attack):
    calm = attack[0.0]
    load_mw = calm.of("step/served_mw")
    assert calm.unserved_mw.max() < 1e-6, "the city must be served when nobody attacks"
    reserve_mw = calm.headroom_mw() - RELAY_MARGIN * load_mw
    harmless = harmful = 0
    for share in SHARES[1:]:
        run = attack[share]
        hit = run.malicious_mw > 0.0
        lacking_mw = run.malicious_mw - reserve_mw
        # Losses of the extra power and the first step's rounding stay below this.
        unclear = numpy.abs(lacking_mw) < 0.08 * numpy.maximum(run.malicious_mw, 1.0)
        carried, beyond = hit & ~unclear & (lacking_mw < 0), hit & ~unclear & (lacking_mw > 0)
        assert (run.unserved_mw[carried] < 1e-6).all(), share
        assert (run.unserved_mw[beyond] > 0.0).all(), share
        harmless += carried.sum()
        harmful += beyond.sum()
    assert harmless > 0 and harmful > 0, "the sweep must reach both sides of the threshold"


def test_harm_never_falls_with_the_share(attack):
    harm_mwh = [attack[share].kpi["unserved_energy_mwh"] for share in SHARES]
    assert harm_mwh[0] == pytest.approx(0.0, abs=1e-6)
    assert all(later >= before - 1e-6 for before, later in zip(harm_mwh, harm_mwh[1:])), harm_mwh
    assert harm_mwh[-1] > 1.0


def test_zones_divide_what_moves_at_once(attack, tmp_path):
    whole_mw = attack[1.0].kpi["malicious_peak_mw"]
    chargers = 400
    for zones in (4, 16):
        run = Run(tmp_path, "cyber.attacks.chargers_on.share=1", f"cyber.defences.zones={zones}")
        spread = 3.0 * numpy.sqrt((1.0 / zones) * (1.0 - 1.0 / zones) / chargers)
        assert run.kpi["malicious_peak_mw"] / whole_mw == pytest.approx(1.0 / zones, abs=1.3 * spread)
        assert run.kpi["unserved_energy_mwh"] <= attack[1.0].kpi["unserved_energy_mwh"]


def test_authentication_refuses_its_share(attack, tmp_path):
    run = Run(tmp_path, "cyber.attacks.chargers_on.share=1", "cyber.defences.authentication=0.95")
    followed, refused = run.kpi["spoofed_commands_delivered"], run.kpi["spoofed_commands_refused"]
    assert followed / (followed + refused) == pytest.approx(0.05, abs=3 * numpy.sqrt(0.05 * 0.95 / 400))
    assert attack[1.0].kpi["spoofed_commands_refused"] == 0


def test_the_envelope_spares_voltage_trips(tmp_path):
    hit = ("cyber.attacks.chargers_on.share=0.5", "controllers.dispatch.reserve=100 %", "cyber.defences.voltage_min=0.985 p.u.")
    bare, kept = Run(tmp_path, *hit), Run(tmp_path, *hit, "cyber.defences.local_envelope=true")
    assert bare.kpi["voltage_trips"] > 0
    assert kept.kpi["voltage_trips"] == 0


def false_data(share, bias):
    return (f'cyber.attacks=[{{name: meters, type: false_data, kind: consumer, model: load, share: {share}, bias: {bias}, '
            'start: 2019-06-12T17:00, duration: 3 h}]',)


@pytest.mark.parametrize("bias", (-0.2, 0.2))
def test_false_data_err_by_share_times_bias_times_load(tmp_path, bias):
    run = Run(tmp_path, *false_data(1, bias))
    homes = [i for i, name in enumerate(run.names("consumer")) if name.startswith("homes")]
    load_mw = run.of("consumer/demand_mw")[:, homes].sum(axis=1)
    falsified_mw = run.of("attack/falsified_mw").sum(axis=1)
    hit = falsified_mw != 0.0
    assert hit.sum() == 36
    assert falsified_mw[hit] == pytest.approx(bias * load_mw[hit], rel=1e-9)


# Two days, as batteries plan with the net load of the day before; four times the roofs, so that the sun exceeds the demand at noon.
SUNNY = ("time.start=2019-06-11T00:00+08:00", "time.duration=2 d", "cyber.defences.detection_time=1000 d",
         *(f"producers.roofs_{district}.capacity=0.6 MW" for district in ("old_town", "riverside", "heights")))


def frozen(hour, fallback):
    """Set points of all aggregators stand still for eight hours."""
    return (*SUNNY, f"communication.fallback={fallback}",
            "cyber.attacks=[{name: ransom, type: frozen_commands, controller: 'aggregator_*', "
            f"start: 2019-06-12T{hour:02}:00, duration: 8 h}}]")


def test_frozen_set_points_are_benign_for_devices_that_go_by_themselves(tmp_path):
    calm, alone = Run(tmp_path, *SUNNY, "cyber.attacks=[]").kpi, Run(tmp_path, *frozen(9, "default_schedule")).kpi
    held = Run(tmp_path, *frozen(9, "hold_last")).kpi
    harm = {name: kpi["operating_cost"] / calm["operating_cost"] - 1.0 for name, kpi in (("alone", alone), ("held", held))}
    print("dearer than calm:", harm)
    assert alone["unserved_energy_mwh"] == held["unserved_energy_mwh"] == 0.0
    assert 0.0 < harm["alone"] < 0.02
    assert harm["held"] > 2.0 * harm["alone"]


def test_held_set_points_are_harmful_at_much_sun(tmp_path):
    alone, held = (Run(tmp_path, *frozen(15, fallback)).kpi for fallback in ("default_schedule", "hold_last"))
    print("unserved, MWh: alone", alone["unserved_energy_mwh"], "held", held["unserved_energy_mwh"])
    assert held["unserved_energy_mwh"] > 2.0 * alone["unserved_energy_mwh"]
    assert held["operating_cost"] > alone["operating_cost"]


def flood(hours, *more):
    return (f"cyber.attacks=[{{name: flood, type: denial_of_service, {', '.join(more)}, links: '*', start: 2019-06-12T10:00, "
            f"duration: {hours} h}}]", "cyber.defences.detection_time=1000 d")


@pytest.mark.parametrize("harm", ("loss: 100 %", "capacity_taken: 100 %"))
def test_a_flood_on_all_links_takes_control_for_its_hours(tmp_path, harm):
    hours = 10
    run = Run(tmp_path, *flood(hours, harm))
    assert run.kpi["command_on_time_ratio"] == pytest.approx(1.0 - hours / 24.0)
    # Commands of just before hold for another quarter of an hour.
    assert run.kpi["control_availability"] == pytest.approx(1.0 - (hours - 0.25) / 24.0)
    assert run.kpi["fallback_mwh"] > 0.0 and run.kpi["unserved_energy_mwh"] > 0.0
    assert run.kpi["attacked_endpoint_hours"] == 0.0, "links are attacked, no endpoint"


def test_a_flood_of_half_the_capacity_is_carried(tmp_path):
    run = Run(tmp_path, *flood(10, "capacity_taken: 50 %"))
    assert run.kpi["command_delivery_ratio"] == 1.0 and run.kpi["unserved_energy_mwh"] == 0.0


def test_jammed_last_hops_lose_their_share(tmp_path):
    run = Run(tmp_path, "cyber.attacks=[{name: jam, type: denial_of_service, loss: 30 %, kind: consumer, model: ev_fleet, "
              "start: 2019-06-12T00:00, duration: 24 h}]", "cyber.defences.detection_time=1000 d")
    cars, devices = 400, 400 + 200 + 3 + 8 + 3
    share = cars / devices
    print("delivered:", run.kpi["telemetry_delivery_ratio"])
    assert run.kpi["telemetry_delivery_ratio"] == pytest.approx(1.0 - 0.3 * share, abs=0.01)


def test_the_log_tells_when_it_began_and_ended(attack):
    assert attack[0.2].events("attack_") == ["attack_started", "attack_detected", "attack_ended"]
    assert attack[0.2].kpi["attacks"] == 1


def test_detected_attacks_are_contained_and_restored(tmp_path):
    run = Run(tmp_path, "cyber.attacks.chargers_on.duration=20 h", "cyber.attacks.chargers_on.start=2019-06-12T01:00",
              "cyber.defences.detection_time=5 min", "cyber.defences.manual_time=30 min", "cyber.defences.restore_time=6 h")
    assert run.events("attack_") == ["attack_started", "attack_detected", "attack_contained", "attack_restored"]
    detection_h = run.kpi["attack_detection_time_h"]
    assert run.kpi["attack_restoration_time_h"] == pytest.approx(detection_h + 6.0, abs=1e-9)
    phase = run.of("attack/phase")[:, 0]
    assert (phase == 1).sum() == round((detection_h + 0.5) * 12) and (phase == 2).sum() == round(5.5 * 12)


def test_the_same_bits_on_any_number_of_threads(tmp_path):
    digests = set()
    for threads in (1, 2, 8):
        results = tmp_path / f"{threads}.h5"
        subprocess.run([GRIDPLUS, "run", SCENARIO, "-o", results, "--threads", str(threads)], check=True, capture_output=True)
        with h5py.File(results) as file:
            digests.add(b"".join(file[name][()].tobytes() for name in
                                 ("bus/vm_pu", "producer/p_mw", "consumer/served_mw", "attack/malicious_mw")))
    assert len(digests) == 1
