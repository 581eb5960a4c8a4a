"""A real MQTT broker on loopback and a foreign client that listens to it, for the tests of live runs."""

import json
import os
import shutil
import socket
import subprocess
import time

import pytest

STARTED = []


def start(*arguments, **options):
    STARTED.append(subprocess.Popen(*arguments, **options))
    return STARTED[-1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """A mosquitto of our own on loopback."""

    def __init__(self, folder, extra=""):
        self.port = free_port()
        self.folder = folder
        self.config = folder / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        self.config.write_text(f"listener {self.port} 127.0.0.1\n{user}"
                               + ("allow_anonymous true\n" if "password_file" not in extra else "")
                               + f"max_queued_messages 0\n{extra}")
        self.process = None
        self.start()

    def start(self):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process = start([program, "-c", self.config], stderr=(self.folder / "mosquitto.log").open("a"))
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail((self.folder / "mosquitto.log").read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def publish(self, topic, payload, *options):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic, "-m", payload,
                        *options], check=True, timeout=30)

    def publish_file(self, topic, path):
        subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic, "-f", path],
                       check=True, timeout=30)


class Listener:
    """mosquitto_sub, writing `topic<TAB>payload` to a file."""

    def __init__(self, broker, folder, topic="gridplus/#", name="heard.txt"):
        self.path = folder / name
        self.process = start(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic, "-F", "%t\t%p"],
            stdout=self.path.open("w"), stderr=subprocess.DEVNULL)
        self.file = self.path.open("rb")
        self.unread, self.heard = b"", []
        time.sleep(0.5)  # until it has subscribed

    def messages(self):
        """Topic and payload of all that gridplus was heard to say so far. Reads on where it stopped."""
        self.unread += self.file.read()
        *lines, self.unread = self.unread.split(b"\n")
        for line in lines:
            topic, _, payload = line.decode(errors="replace").partition("\t")
            if not topic.endswith("/set"):
                self.heard.append((topic, json.loads(payload)))
        return self.heard

    def of(self, topic):
        return [payload for heard, payload in self.messages() if heard == topic]

    def wait_for(self, topic, count=1, timeout=60.0):
        return self.wait_until(topic, lambda found: len(found) >= count, timeout)

    def wait_for_state(self, topic, state):
        """The last word: a broker that returns makes statuses come twice."""
        self.wait_until(topic, lambda found: found and found[-1]["state"] == state, 60.0)

    def wait_until(self, topic, is_enough, timeout):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = self.of(topic)
            if is_enough(found):
                return found
            time.sleep(0.05)
        pytest.fail(f"{topic}: waited {timeout} s in vain; heard it {len(self.of(topic))} times, and "
                    f"{sorted({heard for heard, _ in self.messages()})[:20]}")
