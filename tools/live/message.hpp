// What clients send: a set point as JSON. Messages come from anywhere; whatever is in them, the answer is a set point
// or a reason for people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "sim/core/calendar.hpp"

namespace gridplus::live {

/// What a client asks of one device: `{"p_mw": 1.5, "valid_s": 900, "time": "2018-01-01T00:15+08:00", "id": "a7"}` or
/// `{"release": true}`.
struct SetMessage {
  double p_mw = 0.0;
  std::optional<double> valid_s;
  std::optional<ZonedTime> time;  ///< in the run, when the client decided; `valid_s` counts from then
  bool release = false;
  std::string id;  ///< comes back in the answer
};

/// Why a message is refused.
struct Refusal {
  std::string reason;
  std::string id;  ///< where one could be read
};

inline constexpr std::size_t k_largest_message_bytes = 1024;
inline constexpr double k_longest_validity_s = 366.0 * 86400.0;

/// Reads a message. Never throws for what is in it.
[[nodiscard]] std::variant<SetMessage, Refusal> parse_set_message(std::string_view payload);

}  // namespace gridplus::live
