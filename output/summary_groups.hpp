// What a finished run says of itself, as groups of the results and as a record of the spool.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "output/byte_stream.hpp"
#include "output/content.hpp"
#include "sim/step/kpi.hpp"

namespace gridplus::output {

/// `kpi`, `category` and `extreme`, and with communications `portfolio`.
[[nodiscard]] std::vector<Group> summary_groups(const RunSummary& summary, std::string_view currency);

/// Root attributes: steps, convergence, wall time in all and by stage.
[[nodiscard]] std::vector<Attribute> summary_attributes(const RunSummary& summary);

void save(const RunSummary& summary, ByteWriter& out);
[[nodiscard]] RunSummary load_summary(ByteReader& in);

}  // namespace gridplus::output
