"""Every header compiles alone: who includes it need not know what else to include.

A header that some compiled file includes before anything else has been shown to by the build. The others are compiled
here, each by itself; what passed is remembered in the build folder until a file it reads changes.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess

from house import ROOT, code, complain

BUILD = pathlib.Path(os.environ["GRIDPLUS_BUILD"])
CACHE = BUILD / "header_checks.json"


def compiled():
    """(source relative to the checkout, compiler and flags) of every compiled file of the project."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8")):
        source = pathlib.Path(entry["file"])
        if source.is_relative_to(ROOT) and not source.is_relative_to(BUILD):
            words = [word for word in shlex.split(entry["command"]) if not word.endswith("ccache")]
            output = words.index("-o")
            del words[output : output + 2]
            yield source.relative_to(ROOT), [word for word in words if word not in ("-c", entry["file"])]


def first_include(source):
    """The header that a file includes before anything else."""
    found = re.search(r'^\s*#\s*include\s*["<]([^">]+)[">]', (ROOT / source).read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else None


def flags_for(header, commands):
    """The longest command in the header's folder, else in its part of the tree: it has all include paths."""
    near = [flags for source, flags in commands if source.parent == header.parent]
    near = near or [flags for source, flags in commands if source.parts[0] == header.parts[0]]
    return max(near, key=len, default=None)


def digest(paths):
    sha = hashlib.sha256()
    for path in map(pathlib.Path, sorted(paths)):
        sha.update(path.read_bytes() if path.is_file() else b"gone")
    return sha.hexdigest()


def check(header, flags):
    """Compiles the header by itself. Returns (errors, the project's files it read)."""
    unit = f'#include "{header}"\n'
    run = subprocess.run([*flags, "-O0", "-fsyntax-only", "-MD", "-MF", "-", "-x", "c++", "-"], input=unit, cwd=ROOT,
                         capture_output=True, text=True, check=False)
    words = run.stdout.replace("\\\n", " ").split()
    return run.stderr, [word for word in words if word.startswith(str(ROOT))]


def test_every_header_compiles_alone():
    commands = list(compiled())
    shown_by_the_build = {first_include(source) for source, _ in commands}
    known = json.loads(CACHE.read_text(encoding="utf-8")) if CACHE.is_file() else {}
    to_check, problems = {}, []
    for header in code(".hpp"):
        flags = flags_for(header, commands)
        entry = known.get(str(header))
        if str(header) in shown_by_the_build:
            continue
        if flags is None:
            problems.append(f"{header}: nothing is compiled in this part of the tree")
        elif not entry or entry["flags"] != flags or entry["digest"] != digest(entry["files"]):
            to_check[header] = flags
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(check, to_check.keys(), to_check.values())
        for (header, flags), (errors, read) in zip(to_check.items(), results):
            if errors:
                problems.append(f"{header}:\n{errors[:2000]}")
            else:
                known[str(header)] = {"flags": flags, "files": read, "digest": digest(read)}
    CACHE.write_text(json.dumps(known), encoding="utf-8")
    complain(problems, "headers that do not compile alone")


def test_a_header_that_needs_another_is_found(tmp_path):
    header = tmp_path / "needy.hpp"
    header.write_text("inline std::string name() { return {}; }\n", encoding="utf-8")
    _, flags = next(compiled())
    errors, _ = check(header, flags)
    assert "string" in errors
