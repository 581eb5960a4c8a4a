"""Adding a device model changes one line in models/registry.cpp and one in models/CMakeLists.txt; all else is new."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(os.environ.get("GRIDPLUS_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
KINDS = ("producers", "consumers", "storage")

HEADER = """\
#pragma once

#include "sim/device/model.hpp"

namespace gridplus::models {

struct StreetLight {
  static constexpr std::string_view type = "street_light";
  static constexpr DeviceKind kind = DeviceKind::consumer;
  static constexpr std::string_view doc = "A lamp.";
  struct Params {
    double power_mw = 0.0;
  };
  struct State {};
  static constexpr auto fields = std::make_tuple(field(&Params::power_mw, "power", "MW", "drawn").required());
  static constexpr auto state_fields = std::make_tuple();
  static void prepare(Params&, ParamIssues&) {}
  static State initial(const Params&, const StepContext&) { return {}; }
  static ConsumerOffer offer(const Params& params, const State& state, const StepContext& context);
  static ConsumerResponse step(const Params& params, State& state, const ConsumerCommand& command,
                               const StepContext& context);
};

}  // namespace gridplus::models
"""

SOURCE = """\
#include "models/consumers/street_light.hpp"

#include "models/model_info.hpp"

namespace gridplus::models {

ConsumerOffer StreetLight::offer(const Params& params, const State&, const StepContext&) {
  return {params.power_mw, 0.0, 1, 0.0};
}

ConsumerResponse StreetLight::step(const Params&, State&, const ConsumerCommand& command, const StepContext&) {
  return {command.served_mw, 0.0};
}

template ModelInfo model_info<StreetLight>();

}  // namespace gridplus::models
"""

# Prints the models and what the new one, made from its fields like any other, asks for.
CHECK = """\
#include <cstdio>

#include "models/registry.hpp"

int main() {
  using namespace gridplus;
  for (const ModelInfo& info : device_models()) std::printf("%.*s\\n", int(info.type.size()), info.type.data());
  const ModelInfo* light = find_model(device_models(), "street_light");
  if (light == nullptr) return 1;
  const auto builder = light->make_builder();
  light->fields[0].set(builder->add(), 0.25);
  const auto bank = builder->build();
  ConsumerOffer offer;
  dynamic_cast<const ConsumerBank&>(*bank).offer(bank->initial_state({}), {}, {&offer, 1});
  std::printf("asks for %g MW\\n", offer.demand_mw);
}
"""

PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(one_more_model LANGUAGES C CXX)
set(GRIDPLUS_TESTS OFF)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_SOURCE_DIR}/cmake)
include(Dependencies)
include(Targets)
add_subdirectory(sim/core)
add_subdirectory(sim/device)
add_subdirectory(models)
add_executable(check check.cpp)
target_link_libraries(check PRIVATE gridplus_flags gridplus_models)
"""


def listed(text, pattern):
    return set(re.findall(pattern, text, re.MULTILINE))


def insert_line(path, after, line):
    """Adds one line after the line `after`, which must be there once."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines.count(after) == 1, f"{path.name}: no single line {after!r}"
    lines.insert(lines.index(after) + 1, line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(*command, cwd):
    environment = {**os.environ, "CCACHE_BASEDIR": str(cwd), "CCACHE_NOHASHDIR": "1"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_is_in_both_lists(kind):
    registry = listed((ROOT / "models/registry.cpp").read_text(encoding="utf-8"), r"^    &model_info<struct (\w+)>,$")
    sources = listed((ROOT / "models/CMakeLists.txt").read_text(encoding="utf-8"), r"^    (\w+/\w+\.cpp)$")
    headers = sorted((ROOT / "models" / kind).glob("**/*.hpp"))
    assert headers, f"models/{kind} is empty"
    for header in headers:
        names = re.findall(r"^struct (\w+) \{\n  static constexpr std::string_view type", header.read_text(encoding="utf-8"),
                           re.MULTILINE)
        assert len(names) == 1, f"{header}: one model a header, found {names}"
        assert names[0] in registry, f"{header}: {names[0]} is not in models/registry.cpp"
        assert f"{kind}/{header.stem}.cpp" in sources, f"{header}: its source is not in models/CMakeLists.txt"


def test_adding_a_device_model_changes_two_existing_lines(tmp_path):
    for folder in ("cmake", "sim/core", "sim/device", "models"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "CMakeLists.txt").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "check.cpp").write_text(CHECK, encoding="utf-8")
    # New files of the model.
    (tmp_path / "models/consumers/street_light.hpp").write_text(HEADER, encoding="utf-8")
    (tmp_path / "models/consumers/street_light.cpp").write_text(SOURCE, encoding="utf-8")
    # The two lines.
    insert_line(tmp_path / "models/registry.cpp", "    &model_info<struct Load>,", "    &model_info<struct StreetLight>,")
    insert_line(tmp_path / "models/CMakeLists.txt", "    consumers/load.cpp", "    consumers/street_light.cpp")

    run("cmake", "-G", "Ninja", "-S", ".", "-B", "build", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0",
        cwd=tmp_path)
    run("cmake", "--build", "build", "--target", "check", cwd=tmp_path)
    out = run("./build/check", cwd=tmp_path).splitlines()
    assert "street_light" in out
    assert out[-1] == "asks for 0.25 MW"
    assert "thermal" in out, "the models that were there are still there"
