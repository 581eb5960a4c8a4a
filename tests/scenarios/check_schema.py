"""Checks scenarios against the JSON schema: `right FOLDER...` must all be valid, `wrong FOLDER NAME...` must not."""

import json
import pathlib
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 as gridplus reads it: dates stay text, and only true and false are booleans."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(("timestamp", "bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", __import__("re").compile("^(?:true|false)$"), list("tf"))


def load(file):
    return yaml.load(file.read_text(encoding="utf-8"), Loader)


def main():
    schema_file, mode, *rest = sys.argv[1:]
    validator = jsonschema.Draft202012Validator(json.loads(pathlib.Path(schema_file).read_text()))
    jsonschema.Draft202012Validator.check_schema(validator.schema)
    failures = 0
    if mode == "right":
        for file in sorted(f for folder in rest for f in pathlib.Path(folder).rglob("*.yaml")):
            for error in validator.iter_errors(load(file)):
                print(f"{file}: {error.json_path}: {error.message[:200]}")
                failures += 1
    else:
        for name in rest[1:]:
            if validator.is_valid(load(pathlib.Path(rest[0]) / f"{name}.yaml")):
                print(f"{name} is taken for right")
                failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
