// Any bytes as a scenario with a table beside it, in memory: a Model, or refused with InputError.
#include <cstddef>
#include <cstdint>
#include <string>

#include "scenarios/load.hpp"
#include "sim/step/model.hpp"

namespace {

// What a scenario may name: a table of series and a table of devices.
constexpr const char* k_series = "time,a [MW],b\n2018-01-01T00:00Z,1,0.5\n2018-01-01T01:00Z,2,0.25\n";
constexpr const char* k_units = "name,bus,capacity [MW],fuel_curve [MW:GJ/h]\nu1,a,5,1:10 5:50\nu2,b,7,\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gridplus;
  std::string text(reinterpret_cast<const char*>(data), size);
  LoadOptions options;  // a large run is no finding, only slow
  options.most_steps = 500;
  options.most_devices = 500;
  try {
    (void)load_scenario_text({{"s.yaml", std::move(text)}, {"l.csv", k_series}, {"units.csv", k_units}}, options);
  } catch (const InputError&) {
  }
  return 0;
}
