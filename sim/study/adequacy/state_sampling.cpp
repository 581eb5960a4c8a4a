#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/core/parallel.hpp"
#include "sim/study/adequacy/area_exchange.hpp"
#include "sim/study/adequacy/methods.hpp"
#include "sim/study/adequacy/state_draws.hpp"
#include "sim/study/adequacy/tally.hpp"

namespace gridplus::adequacy {

namespace {

constexpr std::int64_t k_default_states = 2'000'000;
constexpr std::int64_t k_block = 4096;

/// Says how a state fares. Holds scratch memory: one a thread.
class StateCheck {
 public:
  StateCheck(const AdequacyModel& model, const LoadLevels& levels, Sharing sharing)
      : model_(model), levels_(levels), exchange_(model, sharing), none_(model.areas.size()) {
    balance_.resize(model.areas.size());
    link_up_.resize(model.links.size());
    installed_.assign(model.areas.size(), 0);
    for (const Unit& unit : model.units)
      if (unit.capacity_by_step.empty()) installed_[unit.area] += unit.capacity;
  }

  /// Whether demand goes unserved at `step` in the given state; then unserved() says where.
  bool falls_short(const SystemState& state, std::size_t step) {
    const LoadLevel& level = levels_.all()[state.level];
    for (std::size_t a = 0; a < balance_.size(); ++a) balance_[a] = installed_[a] - level.areas[a].by_step[step];
    for (const std::uint32_t part : state.down_parts)
      if (part < model_.units.size()) balance_[model_.units[part].area] -= model_.units[part].at(step);
    if (std::none_of(balance_.begin(), balance_.end(), [](Watts w) { return w < 0; })) return false;
    const std::size_t first_link = model_.units.size() + model_.storage.size();
    for (std::size_t i = 0; i < link_up_.size(); ++i) link_up_[i] = state.down[first_link + i] != 0 ? 0 : 1;
    exchange_.solve(balance_, none_, none_, link_up_, result_);
    return unserved() > 0;
  }
  [[nodiscard]] Watts unserved() const {
    Watts sum = 0;
    for (const Watts watts : result_.unserved) sum += watts;
    return sum;
  }
  [[nodiscard]] Watts unserved(std::size_t area) const { return result_.unserved[area]; }

  /// How far the state is from falling short, in watts: negative if it does. It guides the search for distributions and
  /// enters no estimate.
  double margin(const SystemState& state) {
    if (falls_short(state, state.step)) return -static_cast<double>(unserved());
    double total = 0.0, least = std::numeric_limits<double>::infinity();
    for (std::size_t a = 0; a < balance_.size(); ++a) {
      double import_w = 0.0;
      for (const Link& link : model_.links) {
        if (link.to == a) import_w += static_cast<double>(link.forward);
        if (link.from == a) import_w += static_cast<double>(link.backward);
      }
      total += static_cast<double>(balance_[a]);
      least = std::min(least, static_cast<double>(balance_[a]) + import_w);
    }
    return std::min(total, least);
  }

 private:
  const AdequacyModel& model_;
  const LoadLevels& levels_;
  AreaExchange exchange_;
  std::vector<Watts> none_, installed_, balance_;
  std::vector<std::uint8_t> link_up_;
  ExchangeResult result_;
};

/// Rates of leaving and entering a state through its parts, per hour.
class StateRates {
 public:
  explicit StateRates(const AdequacyModel& model) {
    for (std::size_t c = 0; c < model.component_count(); ++c) {
      const ForcedOutage& outage = model.outage_of(c);
      failure_per_h_.push_back(outage.fails() ? 1.0 / outage.mttf_h : 0.0);
      repair_per_h_.push_back(outage.fails() ? 1.0 / outage.mttr_h : 0.0);
      all_failures_per_h_ += failure_per_h_.back();
    }
  }
  /// Repairs of what is down less failures of what is up.
  [[nodiscard]] double balance_per_h(const SystemState& state) const {
    double rate = -all_failures_per_h_;
    for (const std::uint32_t part : state.down_parts) rate += repair_per_h_[part] + failure_per_h_[part];
    return rate;
  }

 private:
  std::vector<double> failure_per_h_, repair_per_h_;
  double all_failures_per_h_ = 0.0;
};

/// Finds distributions under which shortage is frequent: level by level, the tenth of states nearest to it is made
/// typical.
void learn(std::vector<StateCheck>& checks, const Execution& execution, StateDraws& draws) {
  constexpr std::size_t k_states = 20'000, k_elite = k_states / 10;
  constexpr std::uint64_t k_most_levels = 30;
  constexpr int k_refinements = 2;
  std::vector<SystemState> states(k_states);
  std::vector<double> margins(k_states);
  int refinements = 0;
  for (std::uint64_t level = 1; level <= k_most_levels && refinements < k_refinements; ++level) {
    parallel_for(k_states, execution.threads, 256, [&](std::size_t i, int worker) {
      draws.draw(static_cast<std::int64_t>(i), level, states[i]);
      margins[i] = checks[static_cast<std::size_t>(worker)].margin(states[i]);
    });
    std::vector<double> sorted = margins;
    std::nth_element(sorted.begin(), sorted.begin() + k_elite, sorted.end());
    const bool frequent = sorted[k_elite] < 0.0;
    if (frequent) ++refinements;
    std::vector<SystemState> elite;
    for (std::size_t i = 0; i < k_states; ++i)
      if (frequent ? margins[i] < 0.0 : margins[i] <= sorted[k_elite]) elite.push_back(states[i]);
    draws.learn(elite);
  }
}

/// What a state adds to the estimates: it stands for the whole period.
class StateScore {
 public:
  StateScore(const AdequacyModel& model, const LoadLevels& levels, const Options& options)
      : model_(model), levels_(levels), options_(options), rates_(model) {}

  /// `unserved_mw` in the state; the record stands for its one step.
  [[nodiscard]] SampleRecord record_of(const SystemState& state, std::int64_t sample, double unserved_mw) const {
    const double step_h = model_.time.step_h(), begin_h = static_cast<double>(state.step) * step_h;
    SampleRecord record;
    record.sample = sample;
    record.eens_mwh = unserved_mw * step_h;
    record.lole_h = unserved_mw > 0.0 ? step_h : 0.0;
    record.weight = state.weight;
    record.load_factor = levels_.all()[state.level].factor;
    record.first_step = state.step;
    for (const std::uint32_t part : state.down_parts) record.outages.push_back({part, begin_h, begin_h + step_h});
    return record;
  }

  void add(const SystemState& state, std::int64_t sample, StateCheck& check, BlockTally& out) const {
    if (!check.falls_short(state, state.step)) return;
    const double hours = model_.time.duration_h();
    const auto steps = static_cast<double>(model_.steps());
    const std::vector<std::uint32_t>& peaks = levels_.daily_peaks();
    const double days = std::binary_search(peaks.begin(), peaks.end(), state.step) ? steps : 0.0;
    const double w = state.weight, unserved_mw = to_mw(check.unserved());
    const auto areas = static_cast<std::uint32_t>(model_.areas.size());
    const auto count = [&](std::uint32_t area, double mw, double events) {
      out.regions[area].add({w * hours, w * days, w * hours * mw, w * events});
      out.shortages.push_back({state.step, area, w * hours, w * hours * mw});
    };
    for (std::uint32_t a = 0; a < areas; ++a)
      if (check.unserved(a) > 0)
        count(a, to_mw(check.unserved(a)), areas == 1 ? 0.0 : std::numeric_limits<double>::quiet_NaN());
    out.plain_square += w * hours * unserved_mw * hours * unserved_mw;
    out.consider(record_of(state, sample, unserved_mw), options_.worst);
    const bool rises = state.step == 0 || !check.falls_short(state, state.step - 1);
    count(areas, unserved_mw, hours * rates_.balance_per_h(state) + (rises ? steps : 0.0));
  }

 private:
  const AdequacyModel& model_;
  const LoadLevels& levels_;
  const Options& options_;
  StateRates rates_;
};

/// What sampling of states needs, distributions learnt.
struct Sampler {
  Sampler(const AdequacyModel& model, const Options& options, const Execution& execution)
      : levels(model, options.load_uncertainty), draws(model, levels), score(model, levels, options) {
    for (int i = 0; i < std::max(execution.threads, 1); ++i) checks.emplace_back(model, levels, options.sharing);
    if (options.rare_events == RareEvents::cross_entropy) learn(checks, execution, draws);
  }
  LoadLevels levels;
  StateDraws draws;
  StateScore score;
  std::vector<StateCheck> checks;  ///< one a thread
};

}  // namespace

AdequacyResult state_sampling(const AdequacyModel& model, const Options& options, const Execution& execution) {
  Sampler sampler(model, options, execution);
  std::vector<SystemState> states(sampler.checks.size());
  Tally tally(model, options);
  sample_in_rounds(options.samples > 0 ? options.samples : k_default_states, k_block, execution, tally,
                   [&](std::int64_t first, std::int64_t last, int worker, BlockTally& out) {
                     const auto w = static_cast<std::size_t>(worker);
                     out.regions.resize(model.areas.size() + 1);
                     for (std::int64_t sample = first; sample < last; ++sample) {
                       sampler.draws.draw(sample, 0, states[w]);
                       sampler.score.add(states[w], sample, sampler.checks[w], out);
                     }
                   });
  AdequacyResult result;
  result.method = Method::state_sampling;
  tally.fill(result);
  if (result.area.size() == 1) result.area[0] = result.system;
  return result;
}

SampleRecord sampled_state(const AdequacyModel& model, const Options& options, const Execution& execution,
                           std::int64_t sample) {
  Sampler sampler(model, options, execution);
  SystemState state;
  sampler.draws.draw(sample, 0, state);
  StateCheck& check = sampler.checks.front();
  return sampler.score.record_of(state, sample, check.falls_short(state, state.step) ? to_mw(check.unserved()) : 0.0);
}

}  // namespace gridplus::adequacy
