#include "sim/powerflow/flow.hpp"

#include "sim/core/error.hpp"

namespace gridplus::powerflow {

std::string_view to_string(Equations equations) {
  switch (equations) {
    case Equations::ac:
      return "ac";
    case Equations::linear:
      return "linear";
    case Equations::dc:
      break;
  }
  return "dc";
}

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
    case SolveStatus::other_branch:
      return "another branch of the power-flow equations";
  }
  return "unknown";
}

VoltageDependentPower voltage_dependent_power(const FlowInput& input, std::size_t i, double vm_pu) {
  if (!input.voltage_dependent()) return {};
  const std::complex<double> current(input.p_current_mw[i], input.q_current_mvar[i]);
  const std::complex<double> impedance(input.p_impedance_mw[i], input.q_impedance_mvar[i]);
  return {vm_pu * (current + vm_pu * impedance), vm_pu * (current + 2.0 * vm_pu * impedance)};
}

void check_sizes(const FlowInput& input, std::size_t buses) {
  const auto full = [buses](const auto& span) { return span.size() == buses; };
  const auto full_or_none = [buses](const auto& span) { return span.empty() || span.size() == buses; };
  const std::size_t dependent = input.p_current_mw.size();
  ensure(full(input.p_mw) && full(input.q_mvar) && full(input.type) && full(input.vm_set_pu) &&
             full_or_none(input.va_set_deg) && full_or_none(input.participation) && full_or_none(input.q_min_mvar) &&
             input.q_max_mvar.size() == input.q_min_mvar.size() && full_or_none(input.p_current_mw) &&
             input.q_current_mvar.size() == dependent && input.p_impedance_mw.size() == dependent &&
             input.q_impedance_mvar.size() == dependent,
         "a power flow needs one figure per bus");
}

}  // namespace gridplus::powerflow
