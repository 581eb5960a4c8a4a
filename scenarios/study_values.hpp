// The values of one axis of a sweep: lists, even spacings, and draws of a latin hypercube.
#pragma once

#include <cstdint>
#include <optional>

#include "scenarios/context.hpp"
#include "scenarios/spec.hpp"

namespace gridplus::scenario {

/// What an axis may be made of beside its name and its paths.
struct AxisRequest {
  study::Sweep sweep = study::Sweep::grid;
  std::size_t number = 0;    ///< of the axis
  std::int64_t samples = 0;  ///< of a latin hypercube
};

/// Fills the labels and numbers of `axis` and the values of `places` from the entry `node`. Reports what is wrong.
void decode_axis_values(Context& context, const Node& node, const Path& path, const AxisRequest& request,
                        study::Axis& axis, SweptPlaces& places);

}  // namespace gridplus::scenario
