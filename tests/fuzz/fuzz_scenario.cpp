// Any bytes are a scenario that makes a model, or errors that say what is wrong. Tables stand beside the scenario,
// so that an input may name them.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "scenarios/load.hpp"
#include "sim/step/model.hpp"
#include "tests/fuzz/expected_error.hpp"

namespace {

constexpr const char* k_series =
    "time,wind [m/s],town\n"
    "2018-01-01T00:00+01:00,7.5,0.5\n"
    "2018-01-01T01:00+01:00,8.5,0.75\n"
    "2018-01-01T02:00+01:00,9,1\n";
constexpr const char* k_units =
    "name,bus,capacity [MW],ramp_rate [MW/min],heat_rate [GJ/MWh],fuel_price [EUR/GJ]\n"
    "coal_1,north,100,2,9.5,3\n"
    "coal_2,south,80,,10,3\n";

constexpr const char* k_small_series = "time,a [MW],b\n2018-01-01T00:00Z,1,0.5\n2018-01-01T01:00Z,2,0.25\n";
constexpr const char* k_curves = "name,bus,capacity [MW],fuel_curve [MW:GJ/h]\nu1,a,5,1:10 5:50\nu2,b,7,\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gridplus;
  const std::string text(reinterpret_cast<const char*>(data), size);
  LoadOptions options;  // a large run is no finding, only slow
  options.most_steps = 500;
  options.most_devices = 500;
  fuzz::expect_input_error([&] {
    const std::unique_ptr<Model> model = load_scenario_text({{"scenario.yaml", text},
                                                             {"series.csv", k_series},
                                                             {"plants.csv", k_units},
                                                             {"l.csv", k_small_series},
                                                             {"units.csv", k_curves}},
                                                            options);
    if (model == nullptr || model->grid.bus_count() == 0) std::abort();
    if (model->producer_connection.size() != model->names.producer.size()) std::abort();
  });
  return 0;
}
