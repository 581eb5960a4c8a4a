// Parts of the SimBench importer that stand on their own: transformers, merged nodes, profiles.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/importers/scenario_text.hpp"
#include "scenarios/importers/source_table.hpp"
#include "sim/core/calendar.hpp"

namespace gridplus::foreign::simbench {

/// Local time of the scenario, Central European Time all year. The source's clock changes to summer time and back.
inline constexpr std::int32_t k_utc_offset_s = 3600;

/// Nameplate of a two-winding transformer in the units of TransformerType.csv.
struct TransformerPlate {
  double rating_mva = 0.0;
  double hv_kv = 0.0, lv_kv = 0.0;
  double impedance_percent = 0.0, copper_kw = 0.0, iron_kw = 0.0, no_load_percent = 0.0;
  bool tap_at_hv = true;
  double tap_step_percent = 0.0, tap_step_deg = 0.0;
  double tap_position = 0.0, tap_neutral = 0.0;
};

/// Pi model in per unit of `base_mva` and the buses' nominal voltages, ideal transformer at the HV end.
struct TransformerPi {
  double r_pu = 0.0, x_pu = 0.0, g_pu = 0.0, b_pu = 0.0;
  double tap = 1.0, shift_deg = 0.0;
};

/// Series impedance from short-circuit voltage and copper losses; the magnetising admittance, from no-load current and
/// iron losses, goes half to either end. Throws std::invalid_argument for a plate that fits no transformer.
[[nodiscard]] TransformerPi pi_model(const TransformerPlate& plate, double hv_bus_kv, double lv_bus_kv,
                                     double base_mva);

/// Nodes that closed switches make into one bus.
class MergedNodes {
 public:
  explicit MergedNodes(const SourceTable& nodes);
  void join(std::size_t a, std::size_t b);
  /// The node that stands for `node`: of those joined, the first that is no auxiliary one.
  [[nodiscard]] std::size_t of(std::size_t node) const;

 private:
  std::vector<std::size_t> parent_;
  std::vector<std::uint8_t> auxiliary_;
};

/// A table of profiles: a factor of the rating for each step.
struct Profiles {
  std::vector<SeriesColumn> columns;
  ZonedTime start;
  std::int64_t step_s = 900;

  [[nodiscard]] bool has(std::string_view column) const;
  [[nodiscard]] std::int64_t steps() const {
    return columns.empty() ? 0 : static_cast<std::int64_t>(columns.front().values.size());
  }
};

/// Reads LoadProfile.csv or RESProfile.csv. Times such as `31.12.2016 23:45` must follow each other evenly, but for the
/// hour that is left out in March and the one that stands twice in October.
[[nodiscard]] Profiles read_profiles(const std::filesystem::path& file, Diagnostics& problems);

}  // namespace gridplus::foreign::simbench
