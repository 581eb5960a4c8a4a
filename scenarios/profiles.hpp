// Time series resolved to the steps of a run.
#pragma once

#include "scenarios/profile_request.hpp"
#include "sim/core/calendar.hpp"
#include "sim/device/profile.hpp"

namespace gridplus::scenario {

/// Loads all requested series, one column a request in the order of the requests. Each file is read once, and of it
/// only the columns asked for are kept. A row covers the time from its own to the next row's; a step takes the average
/// over its time, or with `linear` the value at its middle between the begins of the rows. Adds to `problems` what is
/// wrong with a table, a coverage, a limit of a field. Series that another member of a study has resolved are shared.
[[nodiscard]] ProfileTable load_profiles(const ProfileRequests& requests, const TimeAxis& time,
                                         const csv::Limits& limits, Diagnostics& problems);

}  // namespace gridplus::scenario
