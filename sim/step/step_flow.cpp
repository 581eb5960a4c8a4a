#include "sim/step/step_flow.hpp"

#include <algorithm>

namespace gridplus {

powerflow::FlowQuantities flow_quantities(StepBlock& block, std::size_t s) {
  return {block.of(BusVar::p_mw, s),
          block.of(BusVar::q_mvar, s),
          block.of(BranchVar::p_from_mw, s),
          block.of(BranchVar::q_from_mvar, s),
          block.of(BranchVar::p_to_mw, s),
          block.of(BranchVar::q_to_mvar, s),
          block.of(BranchVar::loading_percent, s),
          block.of(BranchVar::losses_mw, s),
          block.of(BranchVar::i_from_ka, s),
          block.of(BranchVar::i_to_ka, s)};
}

void write_result(const powerflow::FlowResult& result, const powerflow::FlowQuantities& out) {
  const auto copy = [](const std::vector<double>& from, std::span<double> to) {
    std::copy(from.begin(), from.end(), to.begin());
  };
  copy(result.p_mw, out.p_mw);
  copy(result.q_mvar, out.q_mvar);
  copy(result.p_from_mw, out.p_from_mw);
  copy(result.q_from_mvar, out.q_from_mvar);
  copy(result.p_to_mw, out.p_to_mw);
  copy(result.q_to_mvar, out.q_to_mvar);
  copy(result.loading_percent, out.loading_percent);
  copy(result.losses_mw, out.losses_mw);
  copy(result.i_from_ka, out.i_from_ka);
  copy(result.i_to_ka, out.i_to_ka);
}

}  // namespace gridplus
