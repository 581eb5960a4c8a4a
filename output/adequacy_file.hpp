// The results of an adequacy study as a file: groups kpi, area, profile, sample, histogram, worst, outage, capacity.
#pragma once

#include <string>

#include "sim/step/model.hpp"
#include "sim/study/adequacy/options.hpp"

namespace gridplus::output {

/// Writes `path` under a temporary name and renames it. Throws IoError.
void write_adequacy(const std::string& path, const Model& model, const adequacy::AdequacyModel& system,
                    const adequacy::Options& options, const adequacy::AdequacyResult& result);

}  // namespace gridplus::output
