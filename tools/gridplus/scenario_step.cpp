#include "tools/gridplus/scenario_step.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/core/error.hpp"

namespace gridplus::tools {

std::int64_t step_at(const Model& model, const std::string& text) {
  if (text.empty()) return 0;
  const auto refuse = [&](std::string problem) -> InputError {
    return InputError(Diagnostic{{},
                                 "--at",
                                 std::move(problem),
                                 fmt::format("a time from {} to before {}", format_time(model.time.start()),
                                             format_time(model.time.at(model.time.steps()))),
                                 {}});
  };
  try {
    const UtcSeconds elapsed = parse_time(text, model.time.start().offset_s).utc - model.time.start().utc;
    if (elapsed < 0 || elapsed >= model.time.steps() * model.time.step_s())
      throw refuse("the time lies outside the run");
    return elapsed / model.time.step_s();
  } catch (const std::invalid_argument& error) {
    throw refuse(error.what());
  }
}

}  // namespace gridplus::tools
