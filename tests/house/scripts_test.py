"""The scripts that people and machines run: tools/dev and .ci/run."""

import re
import subprocess
import sys

from house import ROOT, complain, files, read


def packages():
    listed = re.search(r"^packages=\(\n(.*?)^\)", read("tools/dev"), re.MULTILINE | re.DOTALL).group(1)
    return set(re.sub(r"#.*", "", listed).split())


def tools_dev(*arguments):
    return subprocess.run([str(ROOT / "tools/dev"), *arguments], capture_output=True, text=True, check=False, timeout=60,
                          stdin=subprocess.DEVNULL)


def test_every_package_that_cmake_asks_for_is_installed_by_setup():
    asked = re.findall(r"^\s*gridplus_need\(\w+ (\"[^\"]*\"|\S+) ", read("cmake/Dependencies.cmake"), re.MULTILINE)
    assert len(asked) > 10
    names = {word for text in asked for word in re.findall(r"[a-z0-9+.-]{3,}", text) if word not in ("for", "clang")}
    complain(sorted(names - packages()), "packages that cmake/Dependencies.cmake names and tools/dev does not install")


def test_every_python_module_that_is_imported_is_installed_by_setup():
    sources = [path for path in files() if path.suffix == ".py"]
    own = {path.stem for path in sources} | {path.parent.name for path in sources}
    pattern = re.compile(r"^\s*(?:import (\w+)|from (\w+)[\w.]* import)", re.MULTILINE)
    imported = {name for path in sources for names in pattern.findall(read(path)) for name in names if name}
    foreign = imported - own - sys.stdlib_module_names
    assert "pytest" in foreign
    complain(sorted(name for name in foreign if f"python3-{name.lower()}" not in packages()),
             "Python modules that tools/dev does not install")


def test_an_unknown_command_is_refused_with_the_known_ones():
    run = tools_dev("nonsense")
    assert run.returncode != 0
    assert "unknown command 'nonsense'" in run.stderr
    assert "setup" in run.stderr and "run" in run.stderr


def test_an_unknown_preset_is_refused():
    run = tools_dev("build", "nonsense")
    assert run.returncode != 0
    assert "no preset 'nonsense'" in run.stderr


def test_the_scripts_are_programs_that_bash_can_read():
    for script in ("tools/dev", ".ci/run"):
        assert (ROOT / script).stat().st_mode & 0o100, f"{script} is not executable"
        assert subprocess.run(["bash", "-n", str(ROOT / script)], check=False).returncode == 0, script


def test_ci_runs_the_tests_the_sanitizers_and_the_fuzzers():
    text = read(".ci/run")
    for needed in ("tools/dev test\n", "tools/dev test --sanitize", "tools/dev test --fuzz", "tools/dev format --check"):
        assert needed in text, needed


def test_the_default_scenario_is_there():
    scenario = re.search(r"^scenario=(\S+)", read("tools/dev"), re.MULTILINE).group(1)
    assert (ROOT / scenario).is_file()
