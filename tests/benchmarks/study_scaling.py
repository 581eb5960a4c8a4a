"""How a study of 200 members speeds up on two threads and on two ranks, beside what the machine lets two processes do.

    python3 tests/benchmarks/study_scaling.py build/release/bin [--rounds 3] [--steps 168] [--members 200] [--series]

Members are weeks of the default scenario (a province of 39 buses) at other prices of carbon and with other random draws. All kinds run in turn,
`rounds` times; printed are the medians of the wall times, and of the ratios to one of the same kind in the same round.
`2 parts` are two processes that share nothing, each with half of the members: what the machine itself allows.
"""

import argparse
import datetime
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

SCENARIO = pathlib.Path(__file__).parents[2] / "scenarios/catalogue/province/province.yaml"
RANKS = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def scenario(folder, arguments):
    """The default scenario with a study, beside a copy of its data."""
    shutil.copytree(SCENARIO.parent, folder, dirs_exist_ok=True)
    points = 10
    record = "  record: {variables: [bus.vm_pu, storage.energy_mwh, branch.losses_mw]}\n" if arguments.series else ""
    file = folder / "study.yaml"
    file.write_text(f"""gridplus: 1
extends: {SCENARIO.name}
time: {{end: {datetime.datetime(2018, 1, 1) + datetime.timedelta(hours=arguments.steps):%Y-%m-%dT%H:%M}+08:00}}
study:
  sweep: {{price: {{path: policy.co2_price, from: 0 CNY/t, to: 200 CNY/t, count: {points}}}}}
  replicates: {arguments.members // points}
{record}""")
    return file


def seconds(commands, folder):
    """Wall time of the commands, started at once."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    begin = time.monotonic()
    running = [subprocess.Popen([*map(str, command), "-o", str(folder / "out"), "--quiet"], env=RANKS)
               for command in commands]
    if any(process.wait() != 0 for process in running):
        raise SystemExit(f"failed: {commands}")
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=168)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--series", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        file = scenario(folder, arguments)
        one, mpi = arguments.programs / "gridplus", arguments.programs / "gridplus-mpi"
        study = [one, "study", file, "--threads", 1]
        kinds = {"1 thread": [study], "2 threads": [[*study[:-1], 2]],
                 "2 parts": [[*study, "--shard", f"{part}/2"] for part in (0, 1)],
                 "1 rank": [["mpirun", "-n", 1, mpi, *study[1:]]], "2 ranks": [["mpirun", "-n", 2, mpi, *study[1:]]]}
        times = {kind: [] for kind in kinds}
        for _ in range(arguments.rounds):
            for kind, commands in kinds.items():
                times[kind].append(seconds(commands, folder))
        for kind, values in times.items():
            of = "1 rank" if kind.endswith(("rank", "ranks")) else "1 thread"
            ratio = statistics.median(before / now for before, now in zip(times[of], values))
            print(f"{kind:10} {statistics.median(values):6.2f} s  {ratio:5.2f} times {of}")


if __name__ == "__main__":
    main()
