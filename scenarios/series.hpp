// Decoding of what varies with time: columns of files, synthetic series, timelines.
#pragma once

#include "scenarios/values.hpp"

namespace gridplus::scenario {

/// Whether a map is a timeline: its keys are dates.
[[nodiscard]] bool is_timeline(const Node& node);

/// A series: a quantity, a column, a synthetic series or a timeline.
[[nodiscard]] std::optional<Decoded> decode_series(Context& context, const FieldInfo& field, const Node& node,
                                                   const Path& path, std::string_view owner);

/// A timeline on a field that is no series: its value at the start, and changes at later steps. With
/// `interpolate: linear` there is a change in every step between two points.
[[nodiscard]] std::optional<Decoded> decode_steps(Context& context, const FieldInfo& field, const Node& node,
                                                  const Path& path, std::string_view owner);

}  // namespace gridplus::scenario
