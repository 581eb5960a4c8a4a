// What decoding of any part of a scenario needs: where to put problems, the calendar, the currency, the series.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "scenarios/document.hpp"
#include "scenarios/profile_request.hpp"
#include "sim/core/calendar.hpp"
#include "sim/core/error.hpp"

namespace gridplus::scenario {

/// A path inside the document as a chain on the stack; its text is made only for a message.
class Path {
 public:
  Path() = default;
  Path(const Path& parent, std::string_view key) : parent_(&parent), key_(key) {}
  Path(const Path& parent, std::size_t index) : parent_(&parent), index_(index), is_index_(true) {}
  [[nodiscard]] std::string text() const;

 private:
  const Path* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

/// How large a scenario may be.
struct DecodeLimits {
  std::int64_t most_steps = 20'000'000;
  std::int64_t most_devices = 2'000'000;  ///< of each kind
  csv::Limits profiles;                   ///< of tables of time series
};

struct Context {
  Diagnostics& problems;
  ProfileRequests& profiles;
  std::string currency;
  TimeAxis time;
  std::uint64_t seed = 1;
  std::uint32_t replicate = 0;
  DecodeLimits limits;

  void fail(const SourceLocation& where, const Path& path, std::string problem, std::string allowed = {},
            std::string hint = {});
};

}  // namespace gridplus::scenario
