// Decoding of one value as its field describes it: quantities, choices, curves, series, timelines, distributions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scenarios/context.hpp"
#include "sim/core/field.hpp"

namespace gridplus::scenario {

/// A number to be drawn for each device of an entry with `count`. Values are in the unit of the field.
struct Distribution {
  enum class Kind : std::uint8_t { normal, uniform, choice, lognormal } kind = Kind::uniform;
  double a = 0.0;  ///< mean, lower end, or median
  double b = 0.0;  ///< standard deviation, upper end, or sigma
  double min = -std::numeric_limits<double>::infinity(), max = std::numeric_limits<double>::infinity();
  std::vector<double> values;  ///< of a choice

  /// The draw of device `index` of the entry `name`, field `key`.
  [[nodiscard]] double draw(std::uint64_t seed, std::uint32_t replicate, std::string_view name, std::uint64_t index,
                            std::string_view key) const;
};

struct DatedValue {
  std::int64_t step = 0;
  FieldValue value;
};

/// What was written for a field: its value at the start of the run and what becomes of it later.
struct Decoded {
  std::variant<FieldValue, Distribution> value;
  std::vector<DatedValue> changes;
};

/// Decodes `node` for `field`; `owner` names the entry, for the draws of synthetic series. Nothing if it is wrong,
/// which then stands in the context's problems.
[[nodiscard]] std::optional<Decoded> decode_value(Context& context, const FieldInfo& field, const Node& node,
                                                  const Path& path, std::string_view owner);

/// A scalar quantity in `unit`.
[[nodiscard]] std::optional<double> decode_quantity(Context& context, const Node& node, std::string_view unit,
                                                    const Path& path);
/// A scalar text.
[[nodiscard]] std::optional<std::string> decode_text(Context& context, const Node& node, const Path& path);

/// Reports whether `value` keeps the limits of `field`.
bool within_limits(Context& context, const FieldInfo& field, double value, const SourceLocation& where,
                   const Path& path);
/// The limits in words, such as `above 0 MW`; empty if there are none.
[[nodiscard]] std::string limits_text(const FieldInfo& field);

/// Reports every member of `map` whose key is not in `known`.
void refuse_unknown_keys(Context& context, const Node& map, const std::vector<std::string>& known, const Path& path);

}  // namespace gridplus::scenario
