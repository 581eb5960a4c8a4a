// The indices of a study by name, for everything that lists them: results, --json, summary.
#pragma once

#include <array>
#include <string_view>

#include "sim/study/adequacy/options.hpp"

namespace gridplus::adequacy {

struct IndexInfo {
  std::string_view name, unit, long_name;
  Estimate Indices::*member;
};

inline constexpr std::array<IndexInfo, 6> k_indices = {{
    {"lolp", "1", "loss of load probability: share of time with unserved demand", &Indices::lolp},
    {"lole_h", "h", "loss of load expectation: hours with unserved demand", &Indices::lole_h},
    {"lole_days", "d", "loss of load expectation in days, each judged by its peak step", &Indices::lole_days},
    {"eens_mwh", "MWh", "expected energy not supplied", &Indices::eens_mwh},
    {"lolf", "1", "loss of load frequency: interruptions", &Indices::lolf},
    {"lold_h", "h", "loss of load duration: mean length of an interruption", &Indices::lold_h},
}};

}  // namespace gridplus::adequacy
