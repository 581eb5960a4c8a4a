#include "sim/comms/attacks.hpp"

#include <algorithm>
#include <cmath>

namespace gridplus::comms {

namespace {

/// What a draw is for: its number under the key of an endpoint or an attack. Never change one, only add.
enum class CyberDraw : std::uint32_t { share, zone, lost_zone, spoof, delay, interval, detection, jam };

double draw(DrawSource draws, std::uint64_t place, std::uint32_t entity, CyberDraw what) {
  return uniform({draws.seed, draws.replicate, RandomStream::cyber, entity, place}, static_cast<std::uint32_t>(what));
}

std::uint64_t place_of(const Attack& attack, std::uint32_t occurrence) {
  return attack.random_key + occurrence;
}

double exponential(double mean, double u) {
  return -mean * std::log(u);
}

/// The first step that begins at or after `hours`, saturated.
std::int64_t steps_of(double hours, double step_h) {
  constexpr double k_rounding = 1e-9;
  const double steps = std::ceil(hours / step_h - k_rounding);
  return steps < static_cast<double>(Incident::k_never) ? static_cast<std::int64_t>(steps) : Incident::k_never;
}

std::int64_t later(std::int64_t step, double hours, double step_h) {
  return std::min(Incident::k_never, step + steps_of(hours, step_h));
}

bool needs_credentials(AttackKind kind) {
  return kind != AttackKind::denial_of_service && kind != AttackKind::market_manipulation;
}

}  // namespace

std::vector<Incident> incidents(const AttackPlan& plan, std::int64_t steps, double step_h, DrawSource draws) {
  std::vector<Incident> all;
  for (std::uint32_t a = 0; a < plan.attacks.size(); ++a) {
    const Attack& attack = plan.attacks[a];
    const bool by_chance = std::isfinite(attack.mean_interval_h);
    double start_h = 0.0;
    std::int64_t free = attack.start_step;
    for (std::uint32_t n = 0; n == 0 || by_chance; ++n) {
      const std::uint64_t place = place_of(attack, n);
      Incident incident{a, n, attack.start_step};
      if (by_chance) {
        start_h += exponential(attack.mean_interval_h, draw(draws, place, 0, CyberDraw::interval));
        incident.start = later(attack.start_step, start_h, step_h);
      }
      if (incident.start >= steps) break;
      incident.expires = later(incident.start, attack.duration_h, step_h);
      const double u = draw(draws, place, 0, CyberDraw::detection);
      incident.detection = later(incident.start, exponential(plan.defences.detection_time_h, u), step_h);
      if (incident.start < free) continue;
      free = course(incident, incident.detection, plan.defences, step_h).over;
      all.push_back(incident);
    }
  }
  return all;
}

Course course(const Incident& incident, std::int64_t detected, const Defences& defences, double step_h) {
  const std::int64_t contained = later(detected, defences.manual_time_h, step_h);
  if (contained >= incident.expires) return {incident.expires, incident.expires, false};
  return {contained, std::max(contained, later(detected, defences.restore_time_h, step_h)), true};
}

std::vector<std::uint32_t> taken(const AttackPlan& plan, const Incident& incident, DrawSource draws) {
  const Attack& attack = plan.attacks[incident.attack];
  const auto zones = static_cast<double>(needs_credentials(attack.kind) ? plan.defences.zones : 1);
  const double lost_zone =
      std::floor(zones * draw(draws, place_of(attack, incident.occurrence), 0, CyberDraw::lost_zone));
  std::vector<std::uint32_t> out;
  for (const std::uint32_t e : attack.endpoints) {
    if (draw(draws, attack.random_key, e, CyberDraw::share) >= attack.share) continue;
    if (zones > 1.0 && std::floor(zones * draw(draws, 0, e, CyberDraw::zone)) != lost_zone) continue;
    out.push_back(e);
  }
  return out;
}

bool spoofed(const AttackPlan& plan, const Incident& incident, std::uint32_t e, DrawSource draws) {
  const std::uint64_t place = place_of(plan.attacks[incident.attack], incident.occurrence);
  return draw(draws, place, e, CyberDraw::spoof) < plan.defences.spoof_success;
}

std::int64_t delay_steps(const Attack& attack, const Incident& incident, std::uint32_t e, double step_h,
                         DrawSource draws) {
  const double u = draw(draws, place_of(attack, incident.occurrence), e, CyberDraw::delay);
  return static_cast<std::int64_t>(std::floor(u * (1.0 - attack.synchronicity) * attack.spread_h / step_h));
}

bool switched_on(const Attack& attack, const Incident& incident, std::int64_t step, double step_h) {
  if (attack.action != AttackAction::alternate) return attack.action == AttackAction::on;
  const auto period = std::max<std::int64_t>(1, std::llround(attack.period_h / step_h));
  return (step - incident.start) / period % 2 == 0;
}

bool jammed(std::uint32_t e, std::int64_t step, double loss, DrawSource draws) {
  return draw(draws, static_cast<std::uint64_t>(step), e, CyberDraw::jam) < loss;
}

}  // namespace gridplus::comms
