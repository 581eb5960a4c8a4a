// Any bytes are a MATPOWER case, or an error with its line; a case that parses makes a power flow or another error.
#include <cstdint>
#include <string>

#include "scenarios/importers/matpower.hpp"
#include "tests/fuzz/expected_error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gridplus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::expect_input_error([&] {
    const matpower::Case parsed = matpower::parse(text, "input.m");
    const matpower::Snapshot snapshot = matpower::make_snapshot(parsed);
    if (snapshot.grid.bus_count() != parsed.buses.size()) std::abort();
    if (snapshot.p_mw.size() != parsed.buses.size()) std::abort();
  });
  return 0;
}
