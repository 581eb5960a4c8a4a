#include "sim/powerflow/flow_evaluator.hpp"

#include <algorithm>
#include <array>
#include <numbers>

#include "sim/powerflow/evaluator_kernels.hpp"

namespace gridplus::powerflow {

namespace {

std::size_t padded(std::size_t count) {
  return (count + k_evaluator_width - 1) / k_evaluator_width * k_evaluator_width;
}

}  // namespace

FlowEvaluator::FlowEvaluator(const Grid& grid, const Admittance& admittance, const LaneKernels& kernels)
    : kernels_(&evaluator_kernels(kernels.name)),
      buses_(grid.bus_count()),
      branches_(grid.branch_count()),
      row_start_(admittance.row_start),
      column_(admittance.column) {
  const double base = grid.base_mva();
  const std::size_t places = padded(branches_);
  from_.assign(places, 0);
  to_.assign(places, 0);
  for (auto* numbers : {&percent_per_mva_, &from_ka_per_mva_, &to_ka_per_mva_}) numbers->assign(places, 0.0);
  const auto ka_per_mva = [&](BusId bus) { return 1.0 / (std::numbers::sqrt3 * grid.bus().vn_kv[bus.index()]); };
  for (auto& part : two_port_) part.assign(places, 0.0);
  for (std::size_t k = 0; k < branches_; ++k) {
    from_[k] = grid.branch().from[k].index();
    to_[k] = grid.branch().to[k].index();
    percent_per_mva_[k] = 100.0 / grid.branch().rating_mva[k];
    from_ka_per_mva_[k] = ka_per_mva(grid.branch().from[k]);
    to_ka_per_mva_[k] = ka_per_mva(grid.branch().to[k]);
    const BranchAdmittance& y = admittance.branch[k];
    std::size_t part = 0;
    for (const Complex value : {y.ff, y.ft, y.tf, y.tt}) {
      two_port_[part++][k] = base * value.real();
      two_port_[part++][k] = base * value.imag();
    }
  }
  for (const Complex y : admittance.value) value_.insert(value_.end(), {base * y.real(), base * y.imag()});
}

BranchView FlowEvaluator::branches() const {
  const auto& y = two_port_;
  return {from_.size(),
          from_.data(),
          to_.data(),
          y[0].data(),
          y[1].data(),
          y[2].data(),
          y[3].data(),
          y[4].data(),
          y[5].data(),
          y[6].data(),
          y[7].data(),
          percent_per_mva_.data(),
          from_ka_per_mva_.data(),
          to_ka_per_mva_.data()};
}

void FlowEvaluator::evaluate(const FlowState& state, Scratch& scratch, const FlowQuantities& out) const {
  const std::size_t places = padded(buses_);
  for (auto* numbers : {&scratch.vm_pu, &scratch.va_deg, &scratch.e, &scratch.f}) numbers->resize(places);
  std::copy(state.vm_pu.begin(), state.vm_pu.end(), scratch.vm_pu.begin());
  std::copy(state.va_deg.begin(), state.va_deg.end(), scratch.va_deg.begin());
  kernels_->rectangular(places, scratch.vm_pu.data(), scratch.va_deg.data(), scratch.e.data(), scratch.f.data());
  const BusRowsView rows{buses_, row_start_.data(), column_.data(), value_.data()};
  kernels_->injections(rows, scratch.e.data(), scratch.f.data(), out.p_mw.data(), out.q_mvar.data());

  const std::array spans{out.p_from_mw,       out.q_from_mvar, out.p_to_mw,   out.q_to_mvar,
                         out.loading_percent, out.losses_mw,   out.i_from_ka, out.i_to_ka};
  const auto outputs = [](auto& to) {
    return BranchOutputs{to[0].data(), to[1].data(), to[2].data(), to[3].data(),
                         to[4].data(), to[5].data(), to[6].data(), to[7].data()};
  };
  const BranchView view = branches();
  const std::size_t whole = branches_ / k_evaluator_width * k_evaluator_width;
  kernels_->branches(view, 0, whole, scratch.e.data(), scratch.f.data(), outputs(spans));
  if (whole == branches_) return;
  std::array<std::array<double, k_evaluator_width>, spans.size()> last{};
  kernels_->branches(view, whole, view.count, scratch.e.data(), scratch.f.data(), outputs(last));
  for (std::size_t k = 0; k < spans.size(); ++k) {
    std::copy_n(last[k].begin(), branches_ - whole, spans[k].begin() + static_cast<std::ptrdiff_t>(whole));
  }
}

}  // namespace gridplus::powerflow
