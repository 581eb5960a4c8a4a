"""What no file of the project may hold: a path of somebody's machine, unfinished work, more than a person can read."""

import re

from house import ROOT, code, complain, files, read

LONGEST_FILE = 900
TEXT = {".hpp", ".cpp", ".py", ".md", ".cmake", ".txt", ".json", ".yaml", ".yml", ".cff", ".supp", ".sh", ".csv", ".m", ""}

# Built from pieces, so that this file does not find itself.
MACHINE_PATH = re.compile("|".join(re.escape(start) + r"\w" for start in ("/" + "home/", "/" + "root/", "/" + "Users/", "C:" + "\\Users\\")))
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")


def text_files():
    return [path for path in files() if path.suffix in TEXT and path.parts[:2] != ("tests", "fuzz")]


def lines_that_match(pattern, paths):
    for path in paths:
        for number, line in enumerate(read(path).splitlines(), 1):
            if pattern.search(line):
                yield f"{path}:{number}: {line.strip()[:120]}"


def test_no_file_names_a_path_of_a_machine():
    above = re.escape(str(ROOT.parent)) + "/"
    pattern = re.compile(MACHINE_PATH.pattern + ("|" + above if len(above) > 4 else ""))
    complain(list(lines_that_match(pattern, text_files())), "paths of a machine")


def test_nothing_is_left_unfinished():
    complain(list(lines_that_match(UNFINISHED, text_files())), "marks of unfinished work")


def test_no_source_file_is_too_long():
    sources = code(".hpp", ".cpp", ".py", folders=("sim", "models", "scenarios", "output", "tools", "tests"))
    lengths = {str(path): len(read(path).splitlines()) for path in sources}
    complain([f"{path}: {length} lines" for path, length in lengths.items() if length > LONGEST_FILE],
             f"files over {LONGEST_FILE} lines")


def test_every_source_file_is_built():
    """A file that no CMakeLists.txt names is never compiled: it rots."""
    listed = {}
    problems = []
    for path in code(".cpp", folders=("sim", "models", "scenarios", "output", "tools", "tests")):
        names = []
        for folder in path.parents:
            cmake = folder / "CMakeLists.txt"
            if (ROOT / cmake).is_file():
                names.append(str(path.relative_to(folder)))
                text = listed.setdefault(cmake, read(cmake))
                if re.search(r"(?<![\w/])" + re.escape(names[-1]) + r"(?![\w/])", text):
                    break
        else:
            problems.append(str(path))
    complain(problems, "source files that no CMakeLists.txt names")
