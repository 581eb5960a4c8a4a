#include "sim/powerflow/lane_dependent.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/powerflow/lane_kernels.hpp"

namespace gridplus::powerflow {

namespace {

constexpr std::size_t k_lanes = k_group_lanes;
constexpr std::size_t k_bus = 2 * k_lanes;
constexpr std::size_t k_row = 6 * k_lanes;

}  // namespace

void DependentLanes::load(const LaneBase& base, std::span<const LaneTask> tasks) {
  position_.clear();
  part_.clear();
  const LanePattern& pattern = base.pattern();
  for (std::int32_t i = 0; i < pattern.positions(); ++i) {
    const auto place = static_cast<std::size_t>(i);
    const auto bus = static_cast<std::size_t>(pattern.bus[place]);
    const double current = base.vm_pu()[place] / base.base_mva();
    const double impedance = current * base.vm_pu()[place];
    std::array<double, k_row> row{};
    bool any = false;
    for (std::size_t l = 0; l < k_lanes; ++l) {
      const FlowInput& flow = *tasks[std::min(l, tasks.size() - 1)].flow;
      row[l] = flow.p_current_mw[bus] * current;
      row[k_lanes + l] = flow.q_current_mvar[bus] * current;
      row[2 * k_lanes + l] = flow.p_impedance_mw[bus] * impedance;
      row[3 * k_lanes + l] = flow.q_impedance_mvar[bus] * impedance;
      for (std::size_t part = 0; part < 4; ++part) any = any || row[part * k_lanes + l] != 0.0;
      row[4 * k_lanes + l] = row[l] + row[2 * k_lanes + l];
      row[5 * k_lanes + l] = row[k_lanes + l] + row[3 * k_lanes + l];
    }
    if (!any) continue;
    position_.push_back(i);
    part_.insert(part_.end(), row.begin(), row.end());
  }
}

void DependentLanes::begin(const LaneBase& base, double* change, float* residual) {
  for (std::size_t k = 0; k < position_.size(); ++k) {
    const std::size_t own = static_cast<std::size_t>(position_[k]) * k_bus;
    const double* wanted = part_.data() + k * k_row + 4 * k_lanes;
    for (std::size_t n = 0; n < k_bus; ++n) change[own + n] += wanted[n];
    if (position_[k] >= base.pattern().active) continue;
    const std::size_t equations = base.coupling().is_pv[position_[k]] != 0 ? k_lanes : k_bus;
    for (std::size_t n = 0; n < equations; ++n) residual[own + n] = static_cast<float>(change[own + n]);
  }
}

void DependentLanes::follow(const double* state, double* change) {
  for (std::size_t k = 0; k < position_.size(); ++k) {
    const std::size_t own = static_cast<std::size_t>(position_[k]) * k_bus;
    const double* u = state + own;
    double* want = change + own;
    double* part = part_.data() + k * k_row;
    for (std::size_t l = 0; l < k_lanes; ++l) {
      const double re = 1.0 + u[l];
      const double im = u[k_lanes + l];
      const double square = re * re + im * im;
      const double m = std::sqrt(square);
      const double p = m * part[l] + square * part[2 * k_lanes + l];
      const double q = m * part[k_lanes + l] + square * part[3 * k_lanes + l];
      want[l] += p - part[4 * k_lanes + l];
      want[k_lanes + l] += q - part[5 * k_lanes + l];
      part[4 * k_lanes + l] = p;
      part[5 * k_lanes + l] = q;
    }
  }
}

}  // namespace gridplus::powerflow
