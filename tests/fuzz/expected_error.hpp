// What a parser may do with bytes from anywhere: take them, or refuse them with an error made for people.
#pragma once

#include <cstdlib>

#include "sim/core/error.hpp"

namespace gridplus::fuzz {

/// Runs `parse`. An InputError must name its problems and must come with at least one; anything else that is thrown,
/// std::bad_alloc and InvariantError among it, ends the fuzzer with a finding.
template <class Parse>
void expect_input_error(Parse parse) {
  try {
    parse();
  } catch (const InputError& error) {
    if (error.diagnostics().empty()) std::abort();
    for (const Diagnostic& diagnostic : error.diagnostics())
      if (diagnostic.problem.empty()) std::abort();
  }
}

}  // namespace gridplus::fuzz
