// How figures are written for people.
#pragma once

#include <string>

namespace gridplus::tools {

/// With `decimals` digits and spaces between thousands: `12 345.6`.
[[nodiscard]] std::string grouped(double value, int decimals);

/// The same with as many decimals as four significant digits need: `12 346`, `45.68`, `0.1281`.
[[nodiscard]] std::string grouped(double value);

/// A duration: `0.8 s`, `3 min 20 s`, `2 h 05 min`.
[[nodiscard]] std::string duration(double seconds);

}  // namespace gridplus::tools
