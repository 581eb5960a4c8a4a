"""Every header compiles alone: who includes it need not know what else to include."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess

from house import ROOT, code, complain

BUILD = pathlib.Path(os.environ["GRIDPLUS_BUILD"])
CACHE = BUILD / "header_checks.json"


def flags_by_folder():
    """Compiler and flags of the first file compiled in every folder."""
    flags = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["file"])
        if not source.is_relative_to(ROOT):
            continue
        words = shlex.split(entry["command"])
        if words[0].endswith("ccache"):
            words = words[1:]
        output = words.index("-o")
        del words[output : output + 2]
        kept = [word for word in words[1:] if word not in ("-c", entry["file"])]
        flags.setdefault(str(source.parent.relative_to(ROOT)), []).append([words[0], *kept])
    return flags


def compiler_for(header, flags):
    """The longest list of flags in the header's folder or the nearest one above or below: it has all include paths."""
    folder = str(header.parent)
    near = [f for f in flags if f == folder] or [f for f in flags if f.split("/")[0] == header.parts[0]]
    assert near, f"nothing is compiled near {header}: is its folder in the build?"
    return max((command for f in near for command in flags[f]), key=len)


def digest(paths):
    sha = hashlib.sha256()
    for path in sorted(paths):
        sha.update(pathlib.Path(path).read_bytes() if pathlib.Path(path).is_file() else b"gone")
    return sha.hexdigest()


def check(header, command):
    """Compiles the header by itself. Returns (errors, the project's files it read)."""
    unit = f'#include "{header}"\n'
    run = subprocess.run([*command, "-fsyntax-only", "-MD", "-MF", "-", "-x", "c++", "-"], input=unit, cwd=ROOT,
                         capture_output=True, text=True, check=False)
    words = run.stdout.replace("\\\n", " ").split()
    return run.stderr, [word for word in words if word.startswith(str(ROOT))]


def test_every_header_compiles_alone():
    flags = flags_by_folder()
    headers = code(".hpp")
    assert headers
    known = json.loads(CACHE.read_text()) if CACHE.is_file() else {}
    stale = {}
    for header in headers:
        command = compiler_for(header, flags)
        entry = known.get(str(header))
        if not entry or entry["command"] != command or entry["digest"] != digest(entry["files"]):
            stale[header] = command
    problems = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, command, (errors, read) in zip(stale, stale.values(), pool.map(check, stale, stale.values())):
            if errors:
                problems.append(f"{header}:\n{errors[:2000]}")
                known.pop(str(header), None)
            else:
                known[str(header)] = {"command": command, "files": read, "digest": digest(read)}
    CACHE.write_text(json.dumps(known))
    complain(problems, "headers that do not compile alone")
