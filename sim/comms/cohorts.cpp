#include "sim/comms/cohorts.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

namespace gridplus::comms {

namespace {

/// Reports lost in a row that are told apart; the last place holds what is more.
constexpr std::size_t k_rounds = 64;
/// Intervals that a meter keeps at most.
constexpr std::uint32_t k_most_kept = 100'000;
/// Ages within an interval that are told apart.
constexpr std::uint32_t k_most_ages = 8;

/// The least k with P(Binomial(n, p) <= k) >= u. Never falls with p.
std::uint64_t binomial_quantile(std::uint64_t n, double p, double u) {
  if (n == 0 || p <= 0.0) return 0;
  if (p >= 1.0) return n;
  using boost::math::policies::discrete_quantile, boost::math::policies::integer_round_up,
      boost::math::policies::policy, boost::math::policies::promote_double;
  using Exact = policy<discrete_quantile<integer_round_up>, promote_double<false>>;
  const boost::math::binomial_distribution<double, Exact> distribution(static_cast<double>(n), p);
  return static_cast<std::uint64_t>(boost::math::quantile(distribution, u));
}

double normal_share_below(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

/// The share of messages that a last hop passes on within `left_s`.
double share_within(const HopTime& time, double left_s) {
  if (left_s < 0.0) return 0.0;
  if (left_s >= static_cast<double>(time.max_s)) return 1.0;
  if (left_s == 0.0) return 0.0;
  const double above = std::log(left_s) - static_cast<double>(time.mu);
  if (time.sigma > 0.0F) return normal_share_below(above / static_cast<double>(time.sigma));
  return above >= 0.0 ? 1.0 : 0.0;
}

/// Of the messages that come through in one of the attempts, each of which `fails` with that chance.
double on_time_share(const HopTime& time, double way_s, double fails, const ClassOptions& options) {
  double in_time = 0.0, all = 0.0, chance = 1.0 - fails;
  for (std::int32_t k = 0; k <= options.retries; ++k, chance *= fails) {
    all += chance;
    in_time += chance * share_within(time, options.deadline_s - way_s - k * options.retry_spacing_s);
  }
  return all > 0.0 ? in_time / all : 0.0;
}

/// Devices by what they have lost in a row, after a step in which some had a message and some of these came through.
/// `places`: of the covered ones; what leaves the last place stays there.
void move_on(std::span<double> places, double due, double delivered) {
  const double all = std::accumulate(places.begin(), places.end(), 0.0);
  for (std::size_t r = places.size(); r-- > 0;) {
    const double lost = (due - delivered) * places[r];
    places[r] *= 1.0 - due;
    places[std::min(r + 1, places.size() - 1)] += lost;
  }
  places[0] += delivered * all;
}

/// Devices that coverage newly reaches have waited longest; those that it leaves are as any.
void cover(std::span<double> places, double covered) {
  const double before = std::accumulate(places.begin(), places.end(), 0.0);
  if (covered > before)
    places.back() += covered - before;
  else if (before > 0.0)
    for (double& place : places) place *= covered / before;
}

}  // namespace

Cohorts::Cohorts(const Network& network, const TransportOptions& options, const LastHops& last_hops, double step_s,
                 DrawSource draws)
    : network_(network), options_(options), last_hops_(last_hops), step_s_(step_s), draws_(draws) {
  const MeterMemory memory = meter_memory(options, step_s);
  most_kept_ = std::min(memory.most, k_most_kept);
  in_time_ = std::min(memory.in_time, k_most_kept);
}

void Cohorts::initial(TransportState& state) const {
  const CohortArrays& cohort = network_.cohort();
  state.cohort_lost.assign(network_.cohort_count() * k_rounds, 0.0);
  state.cohort_kept.assign(network_.cohort_count() * (most_kept_ + 1), 0.0);
  for (std::size_t i = 0; i < network_.cohort_count(); ++i) {
    const double covered = network_.covered_share(cohort.coverage[i], 0) * static_cast<double>(cohort.devices[i]);
    state.cohort_lost[i * k_rounds] = covered;
    state.cohort_kept[i * (most_kept_ + 1)] = covered;
  }
}

std::uint32_t Cohorts::interval_steps(std::size_t cohort, MessageClass c) const {
  const bool reports = c == MessageClass::telemetry;
  const LinkParameters& access = network_.access()[network_.cohort().access[cohort]];
  return to_steps(reports ? report_interval_s(options_, access) : of(c).interval_s, step_s_);
}

/// Devices whose turn it is: the same number in every step but for what does not divide; all at once if synchronised.
std::uint64_t Cohorts::due(std::size_t cohort, std::uint32_t interval, std::int64_t step) const {
  const std::uint64_t devices = network_.cohort().devices[cohort];
  const std::uint64_t turn = static_cast<std::uint64_t>(step) % interval;
  if (options_.synchronised) return turn == 0 ? devices : 0;
  return devices * (turn + 1) / interval - devices * turn / interval;
}

std::size_t Cohorts::path_of(std::size_t cohort) const {
  return network_.cohort().controller[cohort] * network_.node_count() + network_.cohort().parent[cohort];
}

void Cohorts::offer(std::int64_t step, const Traffic& traffic, OfferedTraffic& offered) const {
  const CohortArrays& cohort = network_.cohort();
  const auto begin = [](const Emission& endpoints, MessageClass c, PerClass<std::vector<double>>& bits) {
    if (!endpoints.used()) bits[static_cast<std::size_t>(c)].clear();
  };
  begin(traffic.reports, MessageClass::telemetry, offered.up_bit);
  begin(traffic.meters, MessageClass::metering, offered.up_bit);
  begin(traffic.prices, MessageClass::price, offered.down_bit);
  const std::size_t paths = network_.controller_count() * network_.node_count();
  const auto add = [&](std::size_t i, MessageClass c, PerClass<std::vector<double>>& bits) {
    const double attempts = mean_attempts(last_hops_.hops()[cohort.access[i]].success, of(c).retries);
    std::vector<double>& at = bits[static_cast<std::size_t>(c)];
    if (at.empty()) at.assign(paths, 0.0);
    at[path_of(i)] += static_cast<double>(due(i, interval_steps(i, c), step)) * attempts * of(c).message_bit;
  };
  for (std::size_t i = 0; i < network_.cohort_count(); ++i) {
    if (cohort.reports[i] != 0) add(i, MessageClass::telemetry, offered.up_bit);
    if (cohort.metered[i] != 0) add(i, MessageClass::metering, offered.up_bit);
    if (options_.prices) add(i, MessageClass::price, offered.down_bit);
  }
}

Cohorts::Sending Cohorts::prepare(std::size_t i, MessageClass c, std::int64_t step, const Path& path,
                                  const Surroundings& around, const TransportState& state) const {
  const CohortArrays& cohort = network_.cohort();
  const Hop& hop = last_hops_.hops()[cohort.access[i]];
  const ClassOptions& options = of(c);
  Sending out;
  out.cohort = i;
  out.message_class = c;
  out.interval = interval_steps(i, c);
  out.due = due(i, out.interval, step);
  out.covered = network_.covered_share(cohort.coverage[i], step);
  const double fails = 1.0 - static_cast<double>(path.success) * hop.success;
  const double way_s = static_cast<double>(path.latency_s + hop.sending_s[static_cast<std::size_t>(c)]);
  if (path.success > 0.0F && last_hops_.powered(cohort.bus[i], cohort.access[i], around, state))
    out.success = hop.process.available * (1.0 - std::pow(fails, options.retries + 1));
  out.on_time = on_time_share(hop.time, way_s, fails, options);
  out.latency_s = way_s + (hop.time.max_s > 0.0F ? std::exp(static_cast<double>(hop.time.mu)) : 0.0);
  return out;
}

Cohorts::Came Cohorts::send(const Sending& sending, std::int64_t step, ClassCount& count) const {
  const auto devices = static_cast<double>(network_.cohort().devices[sending.cohort]);
  const auto covered_due = static_cast<std::uint64_t>(std::llround(sending.covered * static_cast<double>(sending.due)));
  RandomKey key = draws_.key(step, Draw::cohort);
  key.entity = static_cast<std::uint32_t>(sending.cohort);
  const std::uint64_t delivered =
      binomial_quantile(covered_due, sending.success, uniform(key, static_cast<std::uint32_t>(sending.message_class)));
  count.sent += sending.due;
  count.delivered += delivered;
  count.on_time += static_cast<std::uint64_t>(std::llround(sending.on_time * static_cast<double>(delivered)));
  const double covered = sending.covered * devices;
  if (covered <= 0.0) return {};
  const double due = std::min(1.0, static_cast<double>(covered_due) / covered);
  return {due, std::min(due, static_cast<double>(delivered) / covered)};
}

/// Ages of what the controller knows of the cohort. Devices that lost r reports in a row are r intervals older.
void Cohorts::know(const Sending& sending, std::int64_t step, std::span<const double> lost, StepCount& count) const {
  const CohortArrays& cohort = network_.cohort();
  const std::size_t i = sending.cohort;
  const std::uint64_t devices = cohort.devices[i];
  const std::uint32_t controller = cohort.controller[i];
  ControllerCount& known = count.controllers[controller];
  const double per_device_mw = static_cast<double>(cohort.weight_mw[i]) / static_cast<double>(devices);
  const double since_start_s = static_cast<double>(step + 1) * step_s_;
  std::uint64_t counted = 0;
  double reached = 0.0;
  const auto add = [&](double number, double age_s) {
    reached += number;
    const std::uint64_t so_far = std::min(devices, static_cast<std::uint64_t>(std::llround(reached)));
    const std::uint64_t times = so_far - std::min(so_far, counted);
    counted = std::max(counted, so_far);
    age_s = std::min(age_s, since_start_s + sending.latency_s);
    known.age_sum_s += static_cast<double>(times) * age_s;
    known.ages.add(static_cast<float>(age_s), times);
    if (age_s <= network_.controller().max_age_s[controller])
      known.observed_mw += static_cast<double>(times) * per_device_mw;
  };
  const std::uint32_t ages = std::min(sending.interval, k_most_ages);
  for (std::size_t r = 0; r < lost.size(); ++r)
    for (std::uint32_t a = 0; a < ages && lost[r] > 0.0; ++a) {
      const double into = sending.interval == ages ? a : (a + 0.5) * sending.interval / ages;
      add(lost[r] / ages, (static_cast<double>(r) * sending.interval + into) * step_s_ + sending.latency_s);
    }
  add(static_cast<double>(devices) - reached, since_start_s);  // who is not covered
  known.endpoints += devices;
  known.reported_mw += static_cast<double>(cohort.weight_mw[i]);
}

/// A meter keeps an interval until it comes through, and sends all it keeps at once. `kept`: covered meters by what
/// they keep; those without coverage lose what comes once their memory is full.
void Cohorts::read_meters(const Sending& sending, const Came& came, std::int64_t step, std::span<double> kept,
                          StepCount& count) const {
  count.meter_intervals += sending.due;
  double received = 0.0;
  for (std::size_t r = 0; r < kept.size(); ++r)
    received += kept[r] * static_cast<double>(std::min<std::size_t>({r + 1, most_kept_, in_time_}));
  count.meter_received += static_cast<std::uint64_t>(std::llround(came.delivered * received));
  double lost = came.due * kept.back();
  const double full_after_steps = static_cast<double>(most_kept_) * sending.interval;
  if (static_cast<double>(step) >= full_after_steps) lost += (1.0 - sending.covered) * static_cast<double>(sending.due);
  count.meter_lost += static_cast<std::uint64_t>(std::llround(lost));
}

void Cohorts::uplink(std::int64_t step, const PathTable& paths, const Surroundings& around, TransportState& state,
                     StepCount& count) const {
  const CohortArrays& cohort = network_.cohort();
  for (std::size_t i = 0; i < network_.cohort_count(); ++i) {
    const auto run = [&](MessageClass c, std::span<double> places, auto each) {
      const Sending sending = prepare(i, c, step, paths.up(c)[path_of(i)], around, state);
      cover(places, sending.covered * static_cast<double>(cohort.devices[i]));
      const Came came = send(sending, step, count.classes[static_cast<std::size_t>(c)]);
      each(sending, came);
    };
    if (cohort.reports[i] != 0) {
      const std::span<double> lost = std::span(state.cohort_lost).subspan(i * k_rounds, k_rounds);
      run(MessageClass::telemetry, lost, [&](const Sending& sending, const Came& came) {
        move_on(lost, came.due, came.delivered);
        know(sending, step, lost, count);
      });
    }
    if (cohort.metered[i] != 0) {
      const std::span<double> kept = std::span(state.cohort_kept).subspan(i * (most_kept_ + 1), most_kept_ + 1);
      run(MessageClass::metering, kept, [&](const Sending& sending, const Came& came) {
        read_meters(sending, came, step, kept, count);
        move_on(kept, came.due, came.delivered);
      });
    }
  }
}

void Cohorts::downlink(std::int64_t step, const PathTable& paths, const Surroundings& around,
                       const TransportState& state, StepCount& count) const {
  if (!options_.prices) return;
  constexpr MessageClass k_class = MessageClass::price;
  for (std::size_t i = 0; i < network_.cohort_count(); ++i)
    (void)send(prepare(i, k_class, step, paths.down(k_class)[path_of(i)], around, state), step,
               count.classes[static_cast<std::size_t>(k_class)]);
}

}  // namespace gridplus::comms
