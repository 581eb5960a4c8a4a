#include "sim/study/adequacy/capacity_table.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "sim/core/error.hpp"

namespace gridplus::adequacy {

namespace {

double at(const std::vector<double>& table, std::ptrdiff_t k, double below) {
  if (k <= 0) return below;
  return k < static_cast<std::ptrdiff_t>(table.size()) ? table[static_cast<std::size_t>(k)] : 0.0;
}

}  // namespace

Watts choose_increment(std::span<const Watts> capacities, Watts installed, Watts most_entries) {
  Watts divisor = 0;
  for (const Watts capacity : capacities) divisor = std::gcd(divisor, capacity);
  return divisor == 0 ? 1 : std::max(divisor, installed / most_entries + 1);
}

CapacityTable::CapacityTable(std::span<const TableUnit> units, Watts increment)
    : increment_(increment), probability_{1.0}, frequency_{0.0} {
  ensure(increment > 0, "a capacity table needs an increment");
  add(units);
}

CapacityTable CapacityTable::with(std::span<const TableUnit> units) const {
  CapacityTable more = *this;
  more.add(units);
  return more;
}

void CapacityTable::add(std::span<const TableUnit> units) {
  for (const TableUnit& unit : units)
    if (unit.capacity > 0) add(unit);
  tail_.assign(probability_.size() + 1, 0.0);
  for (std::size_t k = probability_.size(); k-- > 0;) tail_[k] = tail_[k + 1] + probability_[k];
}

void CapacityTable::add(const TableUnit& unit) {
  installed_ += unit.capacity;
  const double q = unit.outage.unavailability;
  if (q <= 0.0) return;
  const double repair_per_h =
      unit.outage.has_times() ? 1.0 / unit.outage.mttr_h : std::numeric_limits<double>::quiet_NaN();
  const auto whole = static_cast<std::ptrdiff_t>(unit.capacity / increment_);
  const double rest = static_cast<double>(unit.capacity % increment_) / static_cast<double>(increment_);
  const std::vector<double> p = probability_, f = frequency_;
  const std::size_t length = p.size() + static_cast<std::size_t>(whole) + (rest > 0.0 ? 1 : 0);
  probability_.resize(length);
  frequency_.resize(length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto k = static_cast<std::ptrdiff_t>(i);
    const double p_up = at(p, k, 1.0), f_up = at(f, k, 0.0);
    double p_down = at(p, k - whole, 1.0), f_down = at(f, k - whole, 0.0);
    if (rest > 0.0) {
      p_down += rest * (at(p, k - whole - 1, 1.0) - p_down);
      f_down += rest * (at(f, k - whole - 1, 0.0) - f_down);
    }
    probability_[i] = (1.0 - q) * p_up + q * p_down;
    frequency_[i] = (1.0 - q) * f_up + q * f_down + q * repair_per_h * (p_down - p_up);
  }
}

std::size_t CapacityTable::first_short(Watts net_demand) const {
  const Watts spare = installed_ - net_demand;
  return spare < 0 ? 0 : std::min(static_cast<std::size_t>(spare / increment_) + 1, probability_.size());
}

double CapacityTable::loss_probability(Watts net_demand) const {
  const std::size_t k = first_short(net_demand);
  return k < probability_.size() ? probability_[k] : 0.0;
}

double CapacityTable::loss_frequency_per_h(Watts net_demand) const {
  const std::size_t k = first_short(net_demand);
  return k > 0 && k < frequency_.size() ? frequency_[k] : 0.0;
}

double CapacityTable::expected_unserved_mw(Watts net_demand) const {
  // E[max(0, X - r)] with r what may be out: the integral of P(X > x) from r on.
  const Watts spare = installed_ - net_demand;
  const std::size_t k = first_short(net_demand);
  if (k >= probability_.size()) return 0.0;
  if (k == 0) return to_mw(-spare) + to_mw(increment_) * tail_[1];
  const double to_next = static_cast<double>(static_cast<Watts>(k) * increment_ - spare) / k_watts_per_mw;
  return to_next * probability_[k] + to_mw(increment_) * tail_[k + 1];
}

std::vector<CapacityState> CapacityTable::states(double least) const {
  std::vector<CapacityState> out;
  for (std::size_t k = 0; k < probability_.size(); ++k) {
    const double beyond = k + 1 < probability_.size() ? probability_[k + 1] : 0.0;
    if (probability_[k] - beyond > least)
      out.push_back(
          {to_mw(increment_) * static_cast<double>(k), probability_[k] - beyond, probability_[k], frequency_[k]});
  }
  return out;
}

}  // namespace gridplus::adequacy
