#include "sim/study/adequacy/load_levels.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace gridplus::adequacy {

namespace {

std::vector<LoadLevel> classes(double standard_deviation) {
  if (standard_deviation <= 0.0) return {LoadLevel{}};
  // The rounded probabilities of the literature, so that published results are met.
  constexpr std::array<double, 7> k_probability = {0.006, 0.061, 0.242, 0.382, 0.242, 0.061, 0.006};
  std::vector<LoadLevel> levels;
  for (std::size_t i = 0; i < k_probability.size(); ++i)
    levels.push_back({std::max(0.0, 1.0 + (static_cast<double>(i) - 3.0) * standard_deviation), k_probability[i], {}});
  return levels;
}

NetDemand net_demand(const AdequacyModel& model, std::size_t area, double factor) {
  NetDemand net;
  const Area& a = model.areas[area];
  net.by_step.resize(model.steps());
  for (std::size_t k = 0; k < net.by_step.size(); ++k)
    net.by_step[k] = std::llround(factor * static_cast<double>(a.demand[k])) - a.firm[k];
  for (const Unit& unit : model.units)
    if (unit.area == area && !unit.capacity_by_step.empty())
      for (std::size_t k = 0; k < net.by_step.size(); ++k) net.by_step[k] -= unit.capacity_by_step[k];
  for (std::size_t begin = 0; begin < net.by_step.size(); begin += NetDemand::k_block) {
    const auto first = net.by_step.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::size_t length = std::min(NetDemand::k_block, net.by_step.size() - begin);
    net.block_maximum.push_back(*std::max_element(first, first + static_cast<std::ptrdiff_t>(length)));
  }
  net.maximum = *std::max_element(net.block_maximum.begin(), net.block_maximum.end());
  return net;
}

std::vector<std::uint32_t> peaks_of_days(const AdequacyModel& model) {
  std::vector<std::uint32_t> peaks;
  int day = -1;
  Watts highest = 0;
  for (std::size_t k = 0; k < model.steps(); ++k) {
    Watts net = 0;
    for (const Area& area : model.areas) net += area.demand[k] - area.firm[k];
    const CivilTime time = civil(model.time.at(static_cast<std::int64_t>(k)));
    const int today = time.year * 400 + time.day_of_year;
    if (today != day) {
      peaks.push_back(static_cast<std::uint32_t>(k));
      highest = net;
      day = today;
    } else if (net > highest) {
      peaks.back() = static_cast<std::uint32_t>(k);
      highest = net;
    }
  }
  return peaks;
}

}  // namespace

LoadLevels::LoadLevels(const AdequacyModel& model, double standard_deviation)
    : levels_(classes(standard_deviation)), daily_peaks_(peaks_of_days(model)) {
  for (LoadLevel& level : levels_)
    for (std::size_t a = 0; a < model.areas.size(); ++a) level.areas.push_back(net_demand(model, a, level.factor));
}

std::size_t LoadLevels::draw(double u) const {
  std::size_t level = 0;
  for (double cumulative = levels_[0].probability; level + 1 < levels_.size() && u >= cumulative;)
    cumulative += levels_[++level].probability;
  return level;
}

}  // namespace gridplus::adequacy
