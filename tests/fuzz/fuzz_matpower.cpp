// Any bytes as a MATPOWER case: read and turned into a power flow, or refused with InputError.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scenarios/importers/matpower.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gridplus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    (void)matpower::make_snapshot(matpower::parse(text, "fuzz.m"));
  } catch (const InputError&) {
  }
  return 0;
}
