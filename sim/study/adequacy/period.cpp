#include "sim/study/adequacy/period.hpp"

#include <algorithm>
#include <numeric>

namespace gridplus::adequacy {

namespace {

/// Energies closer than this to empty or full are.
constexpr double k_least_energy_wh = 1e-3;
/// An interruption goes on if the next begins this soon (rounding of times).
constexpr double k_gap_h = 1e-9;

}  // namespace

PeriodWalk::PeriodWalk(const AdequacyModel& model, const LoadLevels& levels, const OutageDraws& draws, Sharing sharing)
    : model_(model), levels_(levels), draws_(draws), exchange_(model, sharing) {
  const std::size_t areas = model.areas.size();
  for (auto* column : {&available_, &may_be_down_, &balance_, &discharge_, &charge_}) column->resize(areas);
  outcome_.areas.resize(areas);
  storage_power_.resize(model.storage.size());
  order_.resize(model.storage.size());
  std::iota(order_.begin(), order_.end(), 0u);
  exchanged_ = {std::vector<Watts>(areas), std::vector<Watts>(areas), std::vector<Watts>(areas)};
}

void PeriodWalk::start(std::int64_t sample) {
  level_ = &levels_.all()[levels_.all().size() == 1 ? 0 : levels_.draw(draw_load_level(model_.seed, sample))];
  outcome_.load_factor = level_->factor;
  outcome_.system = {};
  outcome_.areas.assign(outcome_.areas.size(), {});
  outcome_.shortages.clear();
  draws_.draw(sample, outcome_.outages);
  changes_.clear();
  const double end_h = model_.time.duration_h();
  for (const Outage& outage : outcome_.outages) {
    changes_.push_back({outage.from_h, outage.component, true});
    if (outage.to_h < end_h) changes_.push_back({outage.to_h, outage.component, false});
  }
  std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) {
    if (a.at_h != b.at_h) return a.at_h < b.at_h;
    if (a.component != b.component) return a.component < b.component;
    return a.down < b.down;
  });
  available_.assign(available_.size(), 0);
  may_be_down_.assign(may_be_down_.size(), 0);
  varying_down_.clear();
  for (const Unit& unit : model_.units)
    if (unit.capacity_by_step.empty()) available_[unit.area] += unit.capacity;
  storage_up_.assign(model_.storage.size(), 1);
  link_up_.assign(model_.links.size(), 1);
  energy_wh_.clear();
  for (const StorageUnit& storage : model_.storage) energy_wh_.push_back(storage.initial_wh);
  short_until_h_.assign(model_.areas.size() + 1, -1.0);
}

void PeriodWalk::apply(const Change& change) {
  const std::size_t units = model_.units.size(), storage = model_.storage.size();
  if (change.component >= units + storage) {
    link_up_[change.component - units - storage] = change.down ? 0 : 1;
  } else if (change.component >= units) {
    storage_up_[change.component - units] = change.down ? 0 : 1;
  } else {
    const Unit& unit = model_.units[change.component];
    const Watts gained = change.down ? -unit.capacity : unit.capacity;
    if (unit.capacity_by_step.empty()) {
      available_[unit.area] += gained;
      return;
    }
    may_be_down_[unit.area] -= gained;
    if (change.down)
      varying_down_.push_back(change.component);
    else
      varying_down_.erase(std::find(varying_down_.begin(), varying_down_.end(), change.component));
  }
}

const PeriodOutcome& PeriodWalk::walk(std::int64_t sample) {
  start(sample);
  double t = 0.0;
  for (const Change& change : changes_) {
    if (change.at_h > t) {
      pass(t, change.at_h);
      t = change.at_h;
    }
    apply(change);
  }
  pass(t, model_.time.duration_h());
  count_days();
  return outcome_;
}

bool PeriodWalk::storage_rests() const {
  for (std::size_t i = 0; i < energy_wh_.size(); ++i)
    if (storage_up_[i] != 0 && energy_wh_[i] < model_.storage[i].energy_wh - k_least_energy_wh) return false;
  return true;
}

bool PeriodWalk::enough_for_period() const {
  for (std::size_t a = 0; a < available_.size(); ++a)
    if (available_[a] - may_be_down_[a] < level_->areas[a].maximum) return false;
  return true;
}

bool PeriodWalk::enough_for_block(std::size_t block) const {
  for (std::size_t a = 0; a < available_.size(); ++a)
    if (available_[a] - may_be_down_[a] < level_->areas[a].block_maximum[block]) return false;
  return true;
}

void PeriodWalk::pass(double from_h, double to_h) {
  if (enough_for_period() && storage_rests()) return;
  const double step_h = model_.time.step_h();
  auto step = static_cast<std::size_t>(from_h / step_h);
  if (static_cast<double>(step + 1) * step_h <= from_h) ++step;  // rounding of the quotient
  const std::size_t steps = model_.steps();
  bool rests = storage_rests();
  for (double t = from_h; t < to_h && step < steps; ++step) {
    constexpr std::size_t k_block = NetDemand::k_block;
    if (rests && step % k_block == 0) {
      const double block_end = static_cast<double>(step + k_block) * step_h;
      if (block_end <= to_h && enough_for_block(step / k_block)) {
        t = block_end;
        step += k_block - 1;
        continue;
      }
    }
    const double end = std::min(to_h, static_cast<double>(step + 1) * step_h);
    settle(step, t, end);
    rests = energy_wh_.empty() || storage_rests();
    t = end;
  }
}

void PeriodWalk::settle(std::size_t step, double from_h, double to_h) {
  bool enough = true;
  for (std::size_t a = 0; a < balance_.size(); ++a) balance_[a] = available_[a] - level_->areas[a].by_step[step];
  for (const std::uint32_t unit : varying_down_) balance_[model_.units[unit].area] -= model_.units[unit].at(step);
  for (const Watts balance : balance_) enough = enough && balance >= 0;
  if (enough && storage_rests()) return;
  for (double t = from_h; t < to_h;) {
    offer_storage();
    exchange_.solve(balance_, discharge_, charge_, link_up_, exchanged_);
    const double end = model_.storage.empty() ? to_h : std::min(to_h, t + share_storage(to_h - t));
    record(step, t, end);
    t = end;
  }
}

void PeriodWalk::offer_storage() {
  std::fill(discharge_.begin(), discharge_.end(), 0);
  std::fill(charge_.begin(), charge_.end(), 0);
  for (std::size_t i = 0; i < energy_wh_.size(); ++i) {
    const StorageUnit& storage = model_.storage[i];
    if (storage_up_[i] == 0) continue;
    if (energy_wh_[i] > k_least_energy_wh) discharge_[storage.area] += storage.discharge;
    if (energy_wh_[i] < storage.energy_wh - k_least_energy_wh) charge_[storage.area] += storage.charge;
  }
}

double PeriodWalk::share_storage(double most_h) {
  const auto time_to_go = [&](std::uint32_t i) {
    return energy_wh_[i] * model_.storage[i].discharge_efficiency / static_cast<double>(model_.storage[i].discharge);
  };
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const double x = time_to_go(a), y = time_to_go(b);
    return x != y ? x > y : a < b;
  });
  std::fill(storage_power_.begin(), storage_power_.end(), 0);
  const auto give = [&](std::uint32_t i, Watts& left, Watts limit, Watts sign) {
    const Watts power = std::min(left, limit);
    left -= power;
    if (power > 0) storage_power_[i] = sign * power;
  };
  for (const std::uint32_t i : order_)
    if (storage_up_[i] != 0 && energy_wh_[i] > k_least_energy_wh)
      give(i, exchanged_.discharged[model_.storage[i].area], model_.storage[i].discharge, 1);
  for (auto at = order_.rbegin(); at != order_.rend(); ++at) {
    const StorageUnit& storage = model_.storage[*at];
    if (storage_up_[*at] != 0 && energy_wh_[*at] < storage.energy_wh - k_least_energy_wh)
      give(*at, exchanged_.charged[storage.area], storage.charge, -1);
  }
  const auto slope_w = [&](std::size_t i) {  // of the energy
    const auto power = static_cast<double>(storage_power_[i]);
    return power > 0 ? -power / model_.storage[i].discharge_efficiency : -power * model_.storage[i].charge_efficiency;
  };
  double until_h = most_h;
  for (std::size_t i = 0; i < energy_wh_.size(); ++i) {
    const double slope = slope_w(i);
    if (slope < 0.0) until_h = std::min(until_h, energy_wh_[i] / -slope);
    if (slope > 0.0) until_h = std::min(until_h, (model_.storage[i].energy_wh - energy_wh_[i]) / slope);
  }
  for (std::size_t i = 0; i < energy_wh_.size(); ++i)
    energy_wh_[i] = std::clamp(energy_wh_[i] + slope_w(i) * until_h, 0.0, model_.storage[i].energy_wh);
  return until_h;
}

void PeriodWalk::record(std::size_t step, double from_h, double to_h) {
  const double hours = to_h - from_h;
  double system_mwh = 0.0;
  bool any = false;
  const auto count = [&](PeriodTotals& totals, std::uint32_t area, double energy_mwh) {
    totals.lole_h += hours;
    totals.eens_mwh += energy_mwh;
    if (from_h > short_until_h_[area] + k_gap_h) totals.events += 1.0;
    short_until_h_[area] = to_h;
    outcome_.shortages.push_back({static_cast<std::uint32_t>(step), area, hours, energy_mwh});
  };
  const auto areas = static_cast<std::uint32_t>(outcome_.areas.size());
  for (std::uint32_t a = 0; a < areas; ++a) {
    if (exchanged_.unserved[a] == 0) continue;
    const double energy_mwh = to_mw(exchanged_.unserved[a]) * hours;
    any = true;
    system_mwh += energy_mwh;
    count(outcome_.areas[a], a, energy_mwh);
  }
  if (any) count(outcome_.system, areas, system_mwh);
}

void PeriodWalk::count_days() {
  const double step_h = model_.time.step_h();
  const std::vector<std::uint32_t>& peaks = levels_.daily_peaks();
  for (const StepShortage& shortage : outcome_.shortages) {
    if (!std::binary_search(peaks.begin(), peaks.end(), shortage.step)) continue;
    PeriodTotals& totals = shortage.area < outcome_.areas.size() ? outcome_.areas[shortage.area] : outcome_.system;
    totals.lole_days += shortage.hours / step_h;
  }
}

}  // namespace gridplus::adequacy
