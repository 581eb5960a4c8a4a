// Reading the options of an importer.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>

#include "scenarios/importers/importer.hpp"
#include "sim/core/error.hpp"

namespace gridplus::foreign {

/// The value given for `key`, or `otherwise`.
[[nodiscard]] inline std::string_view option(const ImportOptions& options, std::string_view key,
                                             std::string_view otherwise) {
  const auto found = options.find(key);
  return found == options.end() ? otherwise : std::string_view(found->second);
}

/// The choice given for `key`, the first of `choices` if none is. Throws InputError for anything else.
[[nodiscard]] inline std::string_view choice(const ImportOptions& options, std::string_view key,
                                             std::initializer_list<std::string_view> choices) {
  const std::string_view given = option(options, key, *choices.begin());
  for (const std::string_view c : choices)
    if (c == given) return c;
  const std::vector<std::string> names(choices.begin(), choices.end());
  throw InputError(Diagnostic{{},
                              fmt::format("option {}", key),
                              fmt::format("'{}' is no choice", given),
                              fmt::format("{}", fmt::join(names, ", ")),
                              did_you_mean(given, names)});
}

}  // namespace gridplus::foreign
