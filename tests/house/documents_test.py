"""The documents say what is true: folders, links and commands."""

import os
import pathlib
import re
import subprocess

import pytest

from house import ROOT, complain, files, read

GRIDPLUS = pathlib.Path(os.environ["GRIDPLUS_BIN"]) / "gridplus"
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documents():
    return [path for path in files() if path.suffix == ".md"]


def anchors(text):
    """What a link may name after `#`: headings the way GitHub turns them into anchors."""
    headings = re.findall(r"^#+\s+(.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(path):
    text = FENCE.sub("", read(path))
    text = re.sub(r"`[^`\n]*`", "", text)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (ROOT / path.parent / file) if file else ROOT / path
        if not linked.exists():
            yield f"{path}: {target}: no such file"
        elif anchor and linked.suffix == ".md" and anchor not in anchors(linked.read_text(encoding="utf-8")):
            yield f"{path}: {target}: no such heading"


def test_every_link_between_documents_resolves():
    complain([problem for path in documents() for problem in broken_links(path)], "broken links")


def test_the_architecture_page_lists_the_folders_there_are():
    listed = re.findall(r"^\| `([\w./-]+)/` \|", read("docs/architecture.md"), re.MULTILINE)
    there = {"/".join(path.parts[:depth]) for path in files() for depth in (1, 2) if len(path.parts) > depth}
    missing = [f"{folder}: in the tree, not in the table" for folder in sorted(there - set(listed))]
    gone = [f"{folder}: in the table, not in the tree" for folder in sorted(set(listed) - there)]
    twice = [f"{folder}: listed twice" for folder in sorted({f for f in listed if listed.count(f) > 1})]
    complain(missing + gone + twice, "docs/architecture.md against the tree")


def command_lines(path):
    """Commands shown in fenced shell blocks, continuation lines joined."""
    for language, block in FENCE.findall(read(path)):
        if language in ("bash", "sh", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                yield line.strip().removeprefix("$ ")


def calls(program):
    """(document, words) of every call of `program` shown to people."""
    for path in documents():
        for line in command_lines(path):
            words = line.split()
            while words and re.match(r"\w+=", words[0]):
                words = words[1:]
            if words and words[0].rstrip("/").endswith(program):
                yield path, words


def help_of(*command):
    run = subprocess.run([*command], capture_output=True, text=True, check=False, timeout=60)
    return run.stdout + run.stderr if run.returncode == 0 else None


def test_every_command_of_tools_dev_that_is_shown_exists():
    text = help_of(str(ROOT / "tools/dev"), "help")
    shown = list(calls("tools/dev"))
    assert shown, "no document shows tools/dev"
    complain([f"{path}: {' '.join(words)}" for path, words in shown
              if len(words) > 1 and not re.search(rf"^  {re.escape(words[1])}\b", text, re.MULTILINE)],
             "commands that tools/dev does not have")


def test_every_gridplus_command_that_is_shown_exists_with_its_options():
    if not GRIDPLUS.exists():
        pytest.fail(f"{GRIDPLUS} is not built")
    problems = []
    shown = list(calls("gridplus"))
    assert shown, "no document shows gridplus"
    for path, words in shown:
        subcommand = [word for word in words[1:2] if re.fullmatch(r"[a-z]+", word)]
        text = help_of(str(GRIDPLUS), *subcommand, "--help")
        if text is None:
            problems.append(f"{path}: {' '.join(words)}: no such command")
            continue
        for option in re.findall(r"(?<!\S)(--?[a-z][\w-]*)", " ".join(words)):
            if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text):
                problems.append(f"{path}: {' '.join(words)}: no option {option}")
    complain(problems, "gridplus commands that do not exist")


def test_the_readme_opens_with_the_two_commands():
    first = next(block for _, block in FENCE.findall(read("README.md")))
    assert [line for line in first.splitlines() if line.startswith("tools/dev")] and len(first.splitlines()) <= 3, first


def test_the_architecture_page_lists_the_stages_in_their_order():
    section = read("docs/architecture.md").split("## How a step runs")[1].split("\n## ")[0]
    listed = [row for row in re.findall(r"^\| (\w+) \|", section, re.MULTILINE) if row != "stage"]
    scenario = ROOT / "tests/scenarios/good/two_bus.yaml"
    stages = help_of(str(GRIDPLUS), "run", str(scenario), "--stages")
    assert stages is not None, "gridplus run --stages failed"
    assert [line.split()[0] for line in stages.splitlines()] == listed
