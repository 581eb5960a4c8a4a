"""A run behind a real MQTT broker, with mosquitto_sub and mosquitto_pub as the foreign clients."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import h5py
import pytest
from mosquitto import STARTED, Broker, Listener, free_port, start

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
SOURCE = pathlib.Path(os.environ["GRIDPLUS_SOURCE"])

SCENARIO = """gridplus: 1
name: live
seed: 7
currency: EUR
time: {start: 2018-06-01T12:00+02:00, steps: STEPS, step: STEP_S s}
grid:
  base: 1 MVA
  buses:
    - {name: mv, voltage: 10 kV}
    - {name: lv, voltage: 0.4 kV}
  branches:
    - {name: transformer, kind: transformer, from: mv, to: lv, r: 0.01 p.u., x: 0.04 p.u., rating: 1 MVA}
producers:
  - {name: grid, model: external_grid, bus: mv, import_limit: 1 MW, import_price: 60 EUR/MWh, export_price: 30 EUR/MWh, voltage: 1.02 p.u.}
  - {name: roof, model: photovoltaic, bus: lv, capacity: 100 kW, irradiance: 800 W/m2, temperature: 20 degC}
storage:
  - {name: battery, model: battery, bus: lv, capacity: 50 kW, energy_capacity: 100 kWh}
  - {name: "b/2 #x", model: battery, bus: lv, capacity: 50 kW, energy_capacity: 100 kWh}
consumers:
  - {name: town, model: load, bus: lv, demand: 120 kW, power_factor: 0.97}
"""

COMMUNICATION = """communication:
  generate: {technology: fibre, backhaul: fibre}
  fallback: default_schedule
"""

# A feeder of 40 buses with 1,000 devices: 400 roofs, 200 batteries, 399 houses and the grid.
THOUSAND_DEVICES = 1000


def thousand(steps):
    lines = ["gridplus: 1", "name: thousand", "seed: 3", "currency: EUR",
             f"time: {{start: 2018-06-01T12:00+02:00, steps: {steps}, step: 1 s}}",
             "grid:", "  base: 10 MVA", "  buses:", "    - {name: source, voltage: 20 kV}"]
    lines += [f"    - {{name: bus_{i}, voltage: 20 kV}}" for i in range(40)]
    lines += ["  branches:"]
    lines += [f"    - {{name: cable_{i}, from: {'source' if i % 10 == 0 else f'bus_{i - 1}'}, to: bus_{i}, r: 0.125 ohm/km, "
              f"x: 0.11 ohm/km, length: 0.5 km, rating: 10 MVA}}" for i in range(40)]
    lines += ["producers:", "  - {name: grid, model: external_grid, bus: source, import_limit: 10 MW, "
              "import_price: 60 EUR/MWh, export_price: 30 EUR/MWh, voltage: 1.02 p.u.}"]
    lines += [f"  - {{name: roof_{i}, model: photovoltaic, bus: bus_{i % 40}, capacity: 6 kW, irradiance: 700 W/m2, "
              "temperature: 20 degC}" for i in range(400)]
    lines += ["storage:"]
    lines += [f"  - {{name: battery_{i}, model: battery, bus: bus_{i % 40}, capacity: 5 kW, energy_capacity: 10 kWh}}"
              for i in range(200)]
    lines += ["consumers:"]
    lines += [f"  - {{name: house_{i}, model: load, bus: bus_{i % 40}, demand: {1 + i % 7} kW, power_factor: 0.97}}"
              for i in range(399)]
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def nothing_stays_behind():
    yield
    for process in STARTED:
        process.kill()  # nothing where it has ended
        process.wait()
    STARTED.clear()


@pytest.fixture
def broker(tmp_path):
    return Broker(tmp_path)


@pytest.fixture
def listener(broker, tmp_path):
    return Listener(broker, tmp_path)


def scenario(folder, steps=20, step_s=60, more=""):
    path = folder / "live.yaml"
    path.write_text(SCENARIO.replace("STEPS", str(steps)).replace("STEP_S", str(step_s)) + more)
    return path


def gridplus(*arguments, **options):
    return subprocess.run([GRIDPLUS, *map(str, arguments)], capture_output=True, text=True, timeout=180, check=False, **options)


def serving(path, broker, *options, **more):
    return start([GRIDPLUS, "serve", path, "--mqtt", broker.address, *map(str, options)],
                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def finish(process, code=0):
    out, err = process.communicate(timeout=180)
    assert process.returncode == code, out + err
    return out, err


def events(path):
    with h5py.File(path) as file:
        group = file["event"]
        return [(int(t), k, s, float(v), r) for t, k, s, v, r in
                zip(group["time"], group["kind"].asstr(), group["subject"].asstr(), group["value"], group["reason"].asstr())]


def same(a, b):
    compared = gridplus("compare", a, b)
    assert compared.returncode == 0, compared.stdout + compared.stderr
    return compared.stdout


def test_a_run_keeps_time_and_is_heard(tmp_path, broker, listener):
    results = tmp_path / "live.h5"
    begun = time.monotonic()
    out, err = finish(serving(scenario(tmp_path, steps=20), broker, "--speed", "240x", "-o", results))
    took = time.monotonic() - begun
    assert took >= 19 * 60 / 240
    assert f"on {broker.address}: a step every 0.25 s, 6 messages each, topics gridplus/live/...; Ctrl-C ends" in err
    assert re.search(r"live +20 steps at 240x, \d+ late", out), out
    assert re.search(r"set points +0 accepted, 0 rejected", out)
    status = listener.wait_for("gridplus/live/status", 2)
    assert [one["state"] for one in status] == ["running", "finished"]
    assert status[0]["steps"] == 20 and status[0]["step_s"] == 60 and status[0]["speed"] == 240
    steps = listener.wait_for("gridplus/live/step", 20)
    assert [one["step"] for one in steps] == list(range(20))
    assert steps[1]["time"] == "2018-06-01T12:01:00+02:00"
    for topic in ("producer/grid", "producer/roof", "storage/battery", "storage/b%2F2 %23x", "consumer/town"):
        heard = listener.of(f"gridplus/live/{topic}")
        assert [one["step"] for one in heard] == list(range(20)), topic
    with h5py.File(results) as file:
        told = [one["p_mw"] for one in listener.of("gridplus/live/producer/grid")]
        grid = list(file["producer/producer"].asstr()).index("grid")
        assert told == pytest.approx(file["producer/p_mw"][:, grid], abs=1e-8)
        assert file.attrs["live_steps"] == 20
        assert file.attrs["live_messages_sent"] >= 20 * 6 + 3
        assert file.attrs["live_messages_not_delivered"] == 0
    assert listener.of("gridplus/live/kpi")[-1]["steps"] == 20


def test_without_set_points_the_replay_is_the_same(tmp_path, broker):
    path = scenario(tmp_path)
    finish(serving(path, broker, "--speed", "6000x", "-o", tmp_path / "live.h5"))
    again = gridplus("run", path, "--set-points", tmp_path / "live.set-points.jsonl", "-o", tmp_path / "again.h5")
    assert again.returncode == 0, again.stderr
    same(tmp_path / "live.h5", tmp_path / "again.h5")


def test_set_points_act_are_answered_and_can_be_given_again(tmp_path, broker, listener):
    path, results = scenario(tmp_path, steps=40), tmp_path / "live.h5"
    process = serving(path, broker, "--speed", "240x", "-o", results)
    listener.wait_for("gridplus/live/step", 3)
    broker.publish("gridplus/live/storage/battery/set", '{"p_mw": 0.03, "valid_s": 300, "id": "one"}')
    accepted = listener.wait_for("gridplus/live/storage/battery/accepted")[0]
    assert accepted["id"] == "one" and accepted["p_mw"] == 0.03 and accepted["valid_s"] == 300
    broker.publish("gridplus/live/storage/b%2F2 %23x/set", '{"p_mw": -0.02}')
    broker.publish("gridplus/live/producer/roof/set", '{"p_mw": 0.01, "valid_s": 120}')
    broker.publish("gridplus/live/consumer/town/set", '{"p_mw": 0.06, "valid_s": 120}')
    listener.wait_for("gridplus/live/consumer/town/accepted")
    broker.publish("gridplus/live/storage/b%2F2 %23x/set", '{"release": true}')
    finish(process)
    begin = accepted["step"]
    battery = listener.of("gridplus/live/storage/battery")
    assert [round(one["p_mw"], 9) for one in battery[begin:begin + 5]] == [0.03] * 5
    town = listener.of("gridplus/live/consumer/town/accepted")[0]["step"]
    assert listener.of("gridplus/live/consumer/town")[town]["served_mw"] == pytest.approx(0.06)
    roof = listener.of("gridplus/live/producer/roof/accepted")[0]["step"]
    assert listener.of("gridplus/live/producer/roof")[roof]["p_mw"] == pytest.approx(0.01)
    happened = [(kind, subject) for _, kind, subject, _, _ in events(results)]
    for expected in [("set_point", "battery"), ("set_point", "b/2 #x"), ("set_point_released", "b/2 #x"),
                     ("set_point_expired", "battery"), ("set_point", "roof"), ("set_point", "town")]:
        assert expected in happened
    when = next(t for t, kind, subject, value, _ in events(results) if (kind, subject) == ("set_point", "battery"))
    assert when == 1527847200 + 60 * begin
    again = gridplus("run", path, "--set-points", tmp_path / "live.set-points.jsonl", "-o", tmp_path / "again.h5",
                     "--threads", "1")
    assert again.returncode == 0, again.stderr
    assert "the same" in same(results, tmp_path / "again.h5")
    plain = gridplus("run", path, "-o", tmp_path / "plain.h5")
    assert plain.returncode == 0 and gridplus("compare", results, tmp_path / "plain.h5").returncode == 1


def test_wrong_messages_are_answered_and_change_nothing(tmp_path, broker, listener):
    path = scenario(tmp_path, steps=60)
    process = serving(path, broker, "--speed", "300x", "-o", tmp_path / "live.h5")
    listener.wait_for("gridplus/live/step", 1)
    topic = "gridplus/live/storage/battery/set"
    huge, deep = tmp_path / "huge", tmp_path / "deep"
    huge.write_bytes(b'{"p_mw":' + b"1" * (8 << 20) + b"}")
    deep.write_bytes(b"[" * 1000)
    broker.publish(topic, "{oops")
    broker.publish(topic, '{"p_mw": NaN}')
    broker.publish(topic, '{"p_mw": 7}')
    broker.publish(topic, '{"p_mw": 0.01, "valid_s": -3}')
    broker.publish(topic, '{"p_mw": 0.01, "valid_s": 30, "time": "2018-06-01T11:00+02:00", "id": "old"}')
    broker.publish_file(topic, huge)
    broker.publish_file(topic, deep)
    broker.publish("gridplus/live/storage/nobody/set", '{"p_mw": 1}')
    reasons = [one["reason"] for one in listener.wait_for("gridplus/live/storage/battery/error", 7)]
    for part in ("no JSON", "p_mw is 7; allowed: -0.05 to 0.05", "valid_s is -3", "expired: it was valid for 30 s",
                 "bytes; allowed: at most 1024", "no flat JSON object"):
        assert any(part in reason for reason in reasons), (part, reasons)
    assert "no such device" in listener.wait_for("gridplus/live/error")[0]["reason"]
    out, _ = finish(process)
    assert re.search(r"set points +0 accepted, 8 rejected", out)
    assert not [kind for _, kind, _, _, _ in events(tmp_path / "live.h5") if kind.startswith("set_point")]


def test_a_retained_set_point_is_refused(tmp_path, broker, listener):
    broker.publish("gridplus/live/storage/battery/set", '{"p_mw": 0.01}', "-r")
    finish(serving(scenario(tmp_path), broker, "--speed", "600x", "-o", tmp_path / "live.h5"))
    assert "retained" in listener.wait_for("gridplus/live/storage/battery/error")[0]["reason"]


def test_a_device_behind_a_network_falls_back_when_its_set_point_runs_out(tmp_path, broker, listener):
    path = scenario(tmp_path, steps=40, more=COMMUNICATION)
    process = serving(path, broker, "--speed", "240x", "-o", tmp_path / "live.h5")
    listener.wait_for("gridplus/live/step", 3)
    broker.publish("gridplus/live/producer/roof/set", '{"p_mw": 0.02, "valid_s": 180}')
    step = listener.wait_for("gridplus/live/producer/roof/accepted")[0]["step"]
    finish(process)
    told = [one["p_mw"] for one in listener.of("gridplus/live/producer/roof")]
    assert told[step:step + 3] == pytest.approx([0.02] * 3)
    available = listener.of("gridplus/live/producer/roof")[step + 3]["available_mw"]
    assert told[step + 3:] == pytest.approx([available] * len(told[step + 3:]))
    assert any(kind == "set_point_expired" and reason == "falls back"
               for _, kind, _, _, reason in events(tmp_path / "live.h5"))
    with h5py.File(tmp_path / "live.h5") as file:
        assert file["kpi/fallback_default_schedule_mwh"][()] > 0
    again = gridplus("run", path, "--set-points", tmp_path / "live.set-points.jsonl", "-o", tmp_path / "again.h5")
    assert again.returncode == 0, again.stderr
    same(tmp_path / "live.h5", tmp_path / "again.h5")


def steps_heard(listener, steps):
    """Which steps each topic of a device, and that of the totals, was heard for."""
    heard = {}
    for topic, payload in listener.messages():
        if re.fullmatch(r"gridplus/thousand/((producer|storage|consumer)/\w+|step)", topic):
            heard.setdefault(topic, set()).add(payload["step"])
    return {topic: sorted(set(range(steps)) - told) for topic, told in heard.items()}


def test_a_minute_of_a_thousand_devices_with_a_broker_that_dies(tmp_path, broker, listener):
    """60 steps of 1 s in real time; the broker is killed at step 20 and started again ten seconds later.

    No step is late (finished before the next is due), all 1,000 devices are heard in every step, set points act before
    and after, and the run given again without a broker is the same bits.
    """
    steps, path, results = 60, tmp_path / "thousand.yaml", tmp_path / "thousand.h5"
    path.write_text(thousand(steps))
    process = serving(path, broker, "-o", results)
    listener.wait_for("gridplus/thousand/step", 5)
    for i in range(20):
        broker.publish(f"gridplus/thousand/storage/battery_{i}/set", '{"p_mw": 0.004, "valid_s": 40}')
    listener.wait_for("gridplus/thousand/step", 20)
    broker.kill()
    time.sleep(10)
    broker.start()
    listener.wait_for("gridplus/thousand/step", 32)
    broker.publish("gridplus/thousand/storage/battery_30/set", '{"p_mw": -0.002}')
    after = listener.wait_for("gridplus/thousand/storage/battery_30/accepted")[0]["step"]
    out, err = finish(process)
    listener.wait_for_state("gridplus/thousand/status", "finished")
    assert "the broker is lost" in err and "the broker is back after" in err, err
    assert "60 steps at 1x, 0 late" in out, out
    missing = steps_heard(listener, steps)
    assert len(missing) == THOUSAND_DEVICES + 1
    lacking = {topic: lost for topic, lost in missing.items() if lost}
    assert not lacking, f"{len(lacking)} topics lack steps: {dict(list(lacking.items())[:3])}\n{out}"
    happened = [kind for _, kind, _, _, _ in events(results)]
    assert happened.count("broker_lost") == 1 and happened.count("broker_returned") == 1
    assert happened.count("set_point") == 21
    again = gridplus("run", path, "--set-points", tmp_path / "thousand.set-points.jsonl", "-o", tmp_path / "again.h5")
    assert again.returncode == 0, again.stderr
    same(results, tmp_path / "again.h5")
    with h5py.File(results) as file:
        facts = {name: float(value) for name, value in file.attrs.items() if name.startswith("live_")}
        assert file["step/converged"][:].all() and len(file["step/time"]) == steps
        battery = list(file["storage/storage"].asstr()).index("battery_30")
        assert file["storage/p_mw"][after, battery] == pytest.approx(-0.002)
    print("".join(out.splitlines(keepends=True)[-5:]))
    assert facts["live_steps"] == steps and facts["live_late_steps"] == 0 and facts["live_broker_losses"] == 1
    assert facts["live_messages_dropped"] == 0 and facts["live_messages_not_delivered"] == 0


def test_an_interrupt_leaves_results_and_the_run_goes_on(tmp_path, broker, listener):
    path, results = scenario(tmp_path, steps=40), tmp_path / "live.h5"
    process = serving(path, broker, "--speed", "240x", "-o", results)
    listener.wait_for("gridplus/live/step", 4)
    broker.publish("gridplus/live/storage/battery/set", '{"p_mw": 0.03, "valid_s": 1200}')
    listener.wait_for("gridplus/live/storage/battery/accepted")
    listener.wait_for("gridplus/live/step", 10)
    process.send_signal(signal.SIGINT)
    _, err = finish(process, code=1)
    assert "interrupted at" in err and "--resume' continues" in err
    assert listener.wait_for("gridplus/live/status", 2)[-1]["state"] == "interrupted"
    with h5py.File(results) as file:
        done = len(file["step/time"])
        assert 10 <= done < 40 and file.attrs["steps"] == done
        assert file["storage/p_mw"].shape[0] == done and file["kpi/demand_mwh"][()] == pytest.approx(0.12 * done / 60)
    short = gridplus("run", path, "--set", f"time.steps={done}", "--set-points", tmp_path / "live.set-points.jsonl",
                     "-o", tmp_path / "short.h5")
    assert short.returncode == 0, short.stderr
    differing = gridplus("compare", results, tmp_path / "short.h5").stdout
    assert set(re.findall(r"^  ?(\w+/\w+)", differing, re.MULTILINE)) <= {"scenario/resolved_json"}, differing
    out, _ = finish(serving(path, broker, "--speed", "6000x", "-o", results, "--resume"))
    again = gridplus("run", path, "--set-points", tmp_path / "live.set-points.jsonl", "-o", tmp_path / "again.h5")
    assert again.returncode == 0, again.stderr
    same(results, tmp_path / "again.h5")
    assert not (tmp_path / "live.h5.partial").exists()


def test_a_kill_is_announced_by_the_broker(tmp_path, broker, listener):
    process = serving(scenario(tmp_path), broker, "-o", tmp_path / "live.h5")
    listener.wait_for("gridplus/live/step", 1)
    process.kill()
    process.communicate()
    assert listener.wait_for("gridplus/live/status", 2)[-1] == {"state": "offline"}


def test_a_broker_that_is_not_there_is_code_3(tmp_path):
    done = gridplus("serve", scenario(tmp_path), "--mqtt", f"127.0.0.1:{free_port()}", "-o", tmp_path / "live.h5",
                    "--connect-timeout", "1.5")
    assert done.returncode == 3
    assert re.search(r"cannot reach an MQTT broker at 127.0.0.1:\d+ within 1.5 s: Connection refused", done.stderr)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["live.yaml"]


@pytest.mark.parametrize("options, problem", [
    (["--mqtt", "127.0.0.1:0"], "has no usable port"),
    (["--mqtt", ":1883"], "names no broker"),
    (["--mqtt", "127.0.0.1:1883", "--speed", "fast"], "'fast' is no speed"),
    (["--mqtt", "127.0.0.1:1883", "--speed", "0x"], "'0x' is no speed"),
    (["--mqtt", "127.0.0.1:1883", "--qos", "3"], "--qos"),
    (["--mqtt", "127.0.0.1:1883", "--topic", "a/#"], "cannot begin a topic"),
    (["--mqtt", "127.0.0.1:1883", "--telemetry", "buss"], "did you mean 'bus'?"),
    (["--mqtt", "127.0.0.1:1883", "--mqtt-cert", "x"], "needed together"),
    (["--mqtt", "127.0.0.1:1883", "--mqtt-password-file", "SCENARIO"], "no user"),
    ([], "--mqtt is required"),
])
def test_wrong_usage_is_code_2(tmp_path, options, problem):
    path = scenario(tmp_path)
    options = [str(path) if option == "SCENARIO" else option for option in options]
    done = gridplus("serve", path, "-o", tmp_path / "live.h5", *options)
    assert done.returncode == 2, done.stdout + done.stderr
    assert problem in done.stdout + done.stderr
    assert not (tmp_path / "live.h5").exists()


def test_batch_and_json(tmp_path, broker, listener):
    path = scenario(tmp_path, steps=500)
    out, _ = finish(serving(path, broker, "--speed", "6000x", "--set", "time.steps=5", "-o", tmp_path / "live.h5",
                            "--telemetry", "storage,bus", "--batch", "--json", "--topic", "site/a", "--qos", "0"))
    told = json.loads(out)
    assert told["steps"] == 5 and told["live"]["steps"] == 5 and told["live"]["messages_dropped"] == 0
    other = Listener(broker, tmp_path, "site/#", "other.txt")
    out, _ = finish(serving(path, broker, "--speed", "600x", "--set", "time.steps=7", "-o", tmp_path / "live.h5", "--quiet",
                            "--telemetry", "storage,bus", "--batch", "--topic", "site/a", "--qos", "2"))
    assert out == ""
    batches = other.wait_for("site/a/live/storage", 7)
    other.wait_for("site/a/live/step", 7)
    assert set(batches[0]["storage"]) == {"battery", "b/2 #x"}
    assert {topic for topic, _ in other.messages()} == {f"site/a/live/{word}" for word in ("storage", "bus", "step", "status", "kpi")}


def test_user_and_password(tmp_path):
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "grid", "secret"], check=True, capture_output=True)
    passwords.chmod(0o644)
    broker = Broker(tmp_path, f"allow_anonymous false\npassword_file {passwords}\n")
    path, results = scenario(tmp_path), tmp_path / "live.h5"
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    refused = gridplus("serve", path, "--mqtt", broker.address, "-o", results)
    assert refused.returncode == 3 and "refuses the connection" in refused.stderr, refused.stderr
    user = ("--mqtt-user", "grid", "--speed", "6000x", "-o", results)
    finish(serving(path, broker, *user, "--mqtt-password-file", secret))
    finish(serving(path, broker, *user, env={**os.environ, "GRIDPLUS_MQTT_PASSWORD": "secret"}))
    wrong = gridplus("serve", path, "--mqtt", broker.address, *user, env={**os.environ, "GRIDPLUS_MQTT_PASSWORD": "guess"})
    assert wrong.returncode == 3


def test_tls(tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
    broker = Broker(tmp_path, f"certfile {cert}\nkeyfile {key}\n")
    path = scenario(tmp_path)
    fast = ("--speed", "6000x", "-o", tmp_path / "live.h5", "--connect-timeout", "3")
    by_name = gridplus("serve", path, "--mqtt", f"localhost:{broker.port}", *fast, "--mqtt-cafile", cert)
    assert by_name.returncode == 0, by_name.stderr
    other_name = gridplus("serve", path, "--mqtt", broker.address, *fast, "--mqtt-cafile", cert)
    assert other_name.returncode == 3, other_name.stderr
    insecure = gridplus("serve", path, "--mqtt", broker.address, *fast, "--mqtt-cafile", cert, "--mqtt-insecure")
    assert insecure.returncode == 0, insecure.stderr
    missing = gridplus("serve", path, "--mqtt", broker.address, *fast, "--mqtt-cafile", tmp_path / "none")
    assert missing.returncode == 3 and "TLS files" in missing.stderr, missing.stderr
    plain = gridplus("serve", path, "--mqtt", broker.address, *fast)
    assert plain.returncode == 3, plain.stderr


def test_a_log_of_another_scenario_is_refused(tmp_path, broker):
    path = scenario(tmp_path)
    finish(serving(path, broker, "--speed", "6000x", "-o", tmp_path / "live.h5"))
    other = gridplus("run", path, "--set", "time.step=30 s", "--set-points", tmp_path / "live.set-points.jsonl",
                     "-o", tmp_path / "other.h5")
    assert other.returncode == 2 and "in steps of 60 s" in other.stderr, other.stderr
    none = gridplus("run", path, "--set-points", tmp_path / "nothing", "-o", tmp_path / "other.h5")
    assert none.returncode == 3 and "cannot read" in none.stderr
