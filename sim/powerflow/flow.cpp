#include "sim/powerflow/flow.hpp"

namespace gridplus::powerflow {

std::string_view to_string(SolveStatus status) {
  switch (status) {
    case SolveStatus::converged:
      return "converged";
    case SolveStatus::iteration_limit:
      return "iteration limit reached";
    case SolveStatus::singular:
      return "singular Jacobian";
    case SolveStatus::diverged:
      return "diverged";
    case SolveStatus::no_slack:
      return "no slack";
  }
  return "unknown";
}

}  // namespace gridplus::powerflow
