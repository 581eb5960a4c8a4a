// Technologies of links and last hops: presets with their sources; every value can be overridden.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>

#include "sim/core/field.hpp"

namespace gridplus::comms {

enum class Technology : std::uint8_t { fibre, lte, nr_urllc, nb_iot, plc, hplc, satellite, scada };
inline constexpr std::size_t k_technologies = 8;

/// What a link, or the last hop of an endpoint, does to a message. One-way latency is lognormal.
struct LinkParameters {
  double latency_ms = 5.0;                                          ///< median
  double latency_sigma = 0.3;                                       ///< standard deviation of ln(latency)
  double latency_max_ms = std::numeric_limits<double>::infinity();  ///< longer draws are cut to it
  double latency_per_km_ms = 0.0;
  double capacity_mbit_per_s = 100.0;                       ///< in each direction
  double loss = 0.0;                                        ///< probability that a message is lost
  double buffer_mbit = 8.0;                                 ///< per direction and class of messages
  double mtbf_h = std::numeric_limits<double>::infinity();  ///< mean time between failures
  double mttr_h = 4.0;                                      ///< mean time to repair
  double cuts_per_km_year = 0.0;                            ///< failures that grow with the length
  double report_interval_s = 900.0;                         ///< of telemetry over this last hop
  double backup_h = 0.0;                                    ///< how long a last hop outlives its bus
  static constexpr auto fields = std::make_tuple(
      field(&LinkParameters::latency_ms, "latency", "ms", "median of the one-way latency").at_least(0),
      field(&LinkParameters::latency_sigma, "latency_sigma", "1", "standard deviation of the latency's logarithm")
          .between(0, 5),
      field(&LinkParameters::latency_max_ms, "latency_max", "ms", "longer latencies are cut to it").at_least(0),
      field(&LinkParameters::latency_per_km_ms, "latency_per_km", "ms/km", "added for each kilometre").at_least(0),
      field(&LinkParameters::capacity_mbit_per_s, "capacity", "Mbit/s", "in each direction").above(0),
      field(&LinkParameters::loss, "loss", "1", "probability that a message is lost").between(0, 1),
      field(&LinkParameters::buffer_mbit, "buffer", "Mbit", "for what waits, in each direction and class").at_least(0),
      field(&LinkParameters::mtbf_h, "mtbf", "h", "mean time between failures; never fails if not given").above(0),
      field(&LinkParameters::mttr_h, "mttr", "h", "mean time to repair").above(0),
      field(&LinkParameters::cuts_per_km_year, "cuts", "1/km/yr", "failures a year for each kilometre").at_least(0),
      field(&LinkParameters::report_interval_s, "report_interval", "s", "between telemetry reports of an endpoint")
          .above(0),
      field(&LinkParameters::backup_h, "backup", "h", "how long an endpoint runs on after its bus has gone dead")
          .at_least(0));
};

/// A preset and where its figures come from. V: found in a published source; V-weak: a vendor or forum page, an order
/// of magnitude; M: recalled from a named source, not checked again; E: an engineering default.
struct TechnologyInfo {
  std::string_view name;
  std::string_view doc;
  std::string_view source;
  LinkParameters parameters;
};

/// All presets, in the order of Technology.
[[nodiscard]] std::span<const TechnologyInfo> technologies();
[[nodiscard]] const TechnologyInfo& info(Technology technology);

}  // namespace gridplus::comms
