"""A Slurm cluster of one node on this machine: munge, slurmctld and slurmd in a folder of their own, stopped at the end.

Needs root, as slurmd does. Works in a container: no cgroups, no systemd, no name service beside the host's own name.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import time

CORES = 4  # more tasks at a time than cores are fine for the tests


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)
        self.daemons = []
        self.host = socket.gethostname().split(".")[0]
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))

    def __enter__(self):
        try:
            self.start_munge()
            self.write_configuration()
            self.start("slurmctld", "-D", "-f", self.folder / "slurm.conf")
            self.wait_for(lambda: self.say("scontrol", "ping").stdout.find("is UP") >= 0, "slurmctld")
            self.start("slurmd", "-D", "-N", self.host, "-f", self.folder / "slurm.conf")
            self.wait_for(lambda: self.say("sinfo", "-h", "-o", "%T").stdout.strip() in ("idle", "mixed"), "slurmd")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.say("scancel", "--user", "root")
        for name, daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def start_munge(self):
        munge = self.folder / "munge"
        munge.mkdir(mode=0o755)
        key = munge / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        self.socket = munge / "munge.socket"
        self.start("munged", "--foreground", "--force", f"--socket={self.socket}", f"--key-file={key}",
                   f"--pid-file={munge / 'munged.pid'}", f"--seed-file={munge / 'munged.seed'}",
                   f"--log-file={munge / 'munged.log'}")
        self.wait_for(self.socket.exists, "munged")

    def write_configuration(self):
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
        (self.folder / "slurm.conf").write_text(f"""ClusterName=gridplus
SlurmctldHost={self.host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
AuthType=auth/munge
AuthInfo=socket={self.socket}
CryptoType=crypto/munge
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
JobRequeue=1
InactiveLimit=0
KillWait=5
MinJobAge=300
NodeName={self.host} NodeAddr=127.0.0.1 CPUs={CORES} RealMemory={memory_mb} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")

    def start(self, name, *arguments):
        program = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if program is None:
            raise RuntimeError(f"{name} is not installed; run: tools/dev test --cluster")
        log = open(self.folder / f"{name}.out", "w")
        self.daemons.append((name, subprocess.Popen([program, *map(str, arguments)], stdout=log, stderr=log,
                                                    env=self.environment)))

    def say(self, *command):
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False,
                              env=self.environment, timeout=60)

    def wait_for(self, condition, what, seconds=60):
        until = time.monotonic() + seconds
        while not condition():
            dead = [name for name, daemon in self.daemons if daemon.poll() is not None]
            if dead or time.monotonic() > until:
                raise RuntimeError(f"{what} does not come up; ended: {dead}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        out = ""
        for name in ("munged.out", "slurmctld.out", "slurmd.out", "slurmctld.log", "slurmd.log"):
            if (self.folder / name).exists():
                out += f"--- {name}\n" + "\n".join((self.folder / name).read_text().splitlines()[-20:]) + "\n"
        return out

    def submit(self, *arguments):
        done = self.say("sbatch", "--parsable", *arguments)
        if done.returncode != 0:
            raise RuntimeError(done.stderr + self.logs())
        return done.stdout.strip()

    def wait_for_job(self, job, seconds=240):
        until = time.monotonic() + seconds
        while (queue := self.say("squeue", "-h", "-r", "-j", job, "-o", "%i %T").stdout.strip()):
            if time.monotonic() > until:
                raise RuntimeError(f"job {job} does not end: {queue}\n{self.logs()}")
            time.sleep(0.2)
