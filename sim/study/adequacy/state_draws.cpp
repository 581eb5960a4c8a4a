#include "sim/study/adequacy/state_draws.hpp"

#include <algorithm>
#include <numeric>

#include "sim/study/adequacy/number_stream.hpp"

namespace gridplus::adequacy {

namespace {

constexpr std::uint32_t k_state_entity = 0xfffffffeu;  // no part has this number
constexpr std::size_t k_step_classes = 24;
/// Share of the true distribution that a learnt one keeps.
constexpr double k_kept = 0.1;
constexpr double k_largest_unavailability = 0.95;

}  // namespace

std::size_t StateDraws::Distribution::draw(double u) const {
  std::size_t i = 0;
  for (double cumulative = q[0]; i + 1 < q.size() && u >= cumulative;) cumulative += q[++i];
  return i;
}

void StateDraws::Distribution::learn(const std::vector<double>& frequency) {
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = k_kept * p[i] + (1.0 - k_kept) * frequency[i];
}

StateDraws::StateDraws(const AdequacyModel& model, const LoadLevels& levels)
    : seed_(model.seed), components_(model.component_count()), steps_by_demand_(model.steps()) {
  std::vector<Watts> net(model.steps());
  for (const NetDemand& area : levels.all()[0].areas)
    for (std::size_t k = 0; k < net.size(); ++k) net[k] += area.by_step[k];
  std::iota(steps_by_demand_.begin(), steps_by_demand_.end(), 0u);
  std::sort(steps_by_demand_.begin(), steps_by_demand_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return net[a] != net[b] ? net[a] < net[b] : a < b; });
  const std::size_t classes = std::min(k_step_classes, net.size());
  for (std::size_t c = 0; c <= classes; ++c) class_begin_.push_back(c * net.size() / classes);
  for (std::size_t c = 0; c < classes; ++c)
    step_class_.p.push_back(static_cast<double>(class_begin_[c + 1] - class_begin_[c]) /
                            static_cast<double>(net.size()));
  for (const LoadLevel& level : levels.all()) level_.p.push_back(level.probability);
  step_class_.q = step_class_.p;
  level_.q = level_.p;
  for (std::size_t c = 0; c < components_; ++c) {
    const double unavailability = model.outage_of(c).unavailability;
    if (unavailability > 0.0) parts_.push_back({static_cast<std::uint32_t>(c), unavailability, unavailability});
  }
}

void StateDraws::draw(std::int64_t sample, std::uint64_t phase, SystemState& out) const {
  NumberStream numbers(outage_key(seed_, sample, k_state_entity, phase));
  out.step_class = step_class_.draw(numbers.next());
  const std::size_t begin = class_begin_[out.step_class], size = class_begin_[out.step_class + 1] - begin;
  const auto position = static_cast<std::size_t>(numbers.next() * static_cast<double>(size));
  out.step = steps_by_demand_[begin + std::min(position, size - 1)];
  out.level = level_.p.size() == 1 ? 0 : level_.draw(numbers.next());
  double weight = step_class_.p[out.step_class] / step_class_.q[out.step_class];
  weight *= level_.p[out.level] / level_.q[out.level];
  out.down.assign(components_, 0);
  out.down_parts.clear();
  for (const Part& part : parts_) {
    const bool down = numbers.next() < part.q;
    weight *= down ? part.p / part.q : (1.0 - part.p) / (1.0 - part.q);
    if (!down) continue;
    out.down[part.component] = 1;
    out.down_parts.push_back(part.component);
  }
  out.weight = weight;
}

void StateDraws::learn(std::span<const SystemState> states) {
  double sum = 0.0;
  std::vector<double> classes(step_class_.p.size()), levels(level_.p.size()), down(components_);
  for (const SystemState& state : states) {
    sum += state.weight;
    classes[state.step_class] += state.weight;
    levels[state.level] += state.weight;
    for (const std::uint32_t part : state.down_parts) down[part] += state.weight;
  }
  if (!(sum > 0.0)) return;
  for (auto* frequencies : {&classes, &levels})
    for (double& frequency : *frequencies) frequency /= sum;
  step_class_.learn(classes);
  level_.learn(levels);
  for (Part& part : parts_)
    part.q = std::clamp(down[part.component] / sum, part.p, std::max(part.p, k_largest_unavailability));
}

}  // namespace gridplus::adequacy
