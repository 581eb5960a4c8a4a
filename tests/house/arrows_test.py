"""Who may use whom: every #include and every link edge follows an arrow of docs/architecture.md."""

import re

import pytest

from house import code, complain, files, read

# What a folder may use directly. An arrow may also be taken to what lies below: grid uses core, so powerflow may too.
ARROWS = {
    "core": (),
    "grid": ("core",),
    "device": ("core",),
    "comms": ("core",),
    "powerflow": ("grid",),
    "dispatch": ("grid", "device", "comms", "powerflow"),
    "market": ("grid", "device", "comms", "powerflow"),
    "step": ("dispatch", "market"),
    "study": ("step",),
    "models": ("core", "device"),
    "scenarios": ("models", "study"),
    "output": ("step", "study"),
    "tools": ("scenarios", "output"),
}

# Libraries that stay behind the one folder whose part they are. (tools/ may use anything: it prints their versions.)
PRIVATE_LIBRARIES = {
    r"yaml-cpp/": "scenarios",
    r"CLI/": "tools",
    r"(hdf5|H5\w+)\.h": "output",
    r"libdeflate\.h": "output",
    r"(klu|amd|umfpack|cholmod)\.h": "powerflow",
    r"hwy/": "powerflow",
    r"Random123/": "core",
    r"omp\.h": "core",
    r"mpi\.h": "tools",
    r"mosquitto\.h": "tools",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def closure(folder):
    """Every folder that `folder` may use, itself included."""
    reached = {folder}
    for below in ARROWS[folder]:
        reached |= closure(below)
    return reached


def folder_of(path):
    """The room a file lives in: the folder of sim/, else the top folder."""
    parts = path.split("/")
    return parts[1] if parts[0] == "sim" else parts[0]


def misplaced_include(source, bracket, target, known):
    """Why `source` must not include `target`, or None."""
    room = folder_of(source)
    if bracket == "<":
        for pattern, owner in PRIVATE_LIBRARIES.items():
            if re.match(pattern, target) and room not in (owner, "tools"):
                return f"{source} includes <{target}>, which is private to {owner}"
        return None
    if target not in known:
        return f'{source} includes "{target}", which is no path from the root of the project'
    if folder_of(target) not in closure(room):
        return f"{source} includes {target}: there is no arrow {room} -> {folder_of(target)}"
    return None


def library_calls(cmake):
    """(library, what it links) for every gridplus_library call in a CMake file's text."""
    for call in re.findall(r"gridplus_library\(([^)]*)\)", re.sub(r"#.*", "", cmake)):
        words = call.split()
        yield words[0], [word for word in words[1:] if word.startswith("gridplus_")]


def test_every_include_follows_an_arrow():
    known = {str(path) for path in files()}
    problems = []
    for path in code(".hpp", ".cpp", ".h"):
        for bracket, target in INCLUDE.findall(read(path)):
            problem = misplaced_include(str(path), bracket, target, known)
            if problem:
                problems.append(problem)
    complain(problems, "includes against the arrows of use")


def test_every_link_follows_an_arrow():
    calls = [(str(path), library, used) for path in files() if path.name == "CMakeLists.txt"
             for library, used in library_calls(read(path))]
    room_of = {library: folder_of(path) for path, library, _ in calls}
    assert room_of
    problems = [f"{path}: {library} links {target}: there is no arrow {folder_of(path)} -> {room_of[target]}"
                for path, library, used in calls for target in used
                if target in room_of and room_of[target] not in closure(folder_of(path))]
    complain(problems, "links against the arrows of use")


def test_every_folder_of_the_engine_has_its_arrows():
    rooms = {folder_of(str(path)) for path in code(".hpp", ".cpp")}
    complain(sorted(rooms - set(ARROWS)), "folders without an entry in ARROWS")


def test_openmp_is_used_in_one_file_only():
    users = [str(path) for path in code(".hpp", ".cpp") if re.search(r"^\s*#\s*pragma\s+omp", read(path), re.MULTILINE)]
    complain([path for path in users if path != "sim/core/parallel.cpp"], "OpenMP pragmas outside sim/core/parallel.cpp")


@pytest.mark.parametrize("source, bracket, target", [
    ("sim/grid/a.cpp", '"', "models/registry.hpp"),
    ("sim/core/a.cpp", '"', "sim/grid/grid.hpp"),
    ("models/a.cpp", '"', "sim/grid/grid.hpp"),
    ("output/a.cpp", '"', "scenarios/spec.hpp"),
    ("output/a.cpp", "<", "yaml-cpp/yaml.h"),
    ("sim/step/a.cpp", '"', "grid.hpp"),
])
def test_a_wrong_include_is_found(source, bracket, target):
    known = {"models/registry.hpp", "sim/grid/grid.hpp", "scenarios/spec.hpp"}
    assert misplaced_include(source, bracket, target, known)


@pytest.mark.parametrize("source, target", [
    ("sim/powerflow/a.cpp", "sim/core/id.hpp"),
    ("sim/step/a.cpp", "sim/device/bank.hpp"),
    ("scenarios/a.cpp", "sim/step/model.hpp"),
    ("tools/gridplus/a.cpp", "output/reader.hpp"),
])
def test_a_right_include_passes(source, target):
    assert misplaced_include(source, '"', target, {target}) is None


def test_a_wrong_link_is_found():
    text = "gridplus_library(gridplus_grid SOURCES a.cpp USES gridplus_core # why\n PRIVATE_USES gridplus_step fmt::fmt)"
    assert list(library_calls(text)) == [("gridplus_grid", ["gridplus_core", "gridplus_step"])]
    assert "step" not in closure("grid")
