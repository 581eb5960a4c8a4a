// Names with stars.
#pragma once

#include <string_view>

namespace gridplus::scenario {

/// Whether `name` fits `pattern`, in which each * stands for any text.
[[nodiscard]] inline bool fits(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*')
      star = p++, retry = n;
    else if (p < pattern.size() && pattern[p] == name[n])
      ++p, ++n;
    else if (star != std::string_view::npos)
      p = star + 1, n = ++retry;
    else
      return false;
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace gridplus::scenario
