// The parts of a scenario's `cyber` block, described by fields as all sections are.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/communication_sections.hpp"
#include "sim/comms/attacks.hpp"

namespace gridplus::scenario {

/// Keys of an attack that say whom it may take. Those given must all hold; each is a name or a list of names, in which
/// * stands for any text.
inline constexpr std::array<std::string_view, 9> k_attack_selectors = {
    "devices", "kind", "model", "bus", "region", "technology", "controller", "links", "nodes"};

struct DefencesSection {
  double authentication = 0.0;
  double ramp_mw_per_min = k_unlimited;
  std::int64_t zones = 1;
  double detection_time_h = k_none, manual_time_h = 1.0, restore_time_h = 24.0;
  double residual_limit = k_unlimited;
  bool local_envelope = false;
  double vm_min_pu = 0.9, vm_max_pu = 1.1, reconnect_h = 1.0 / 12.0;
  static constexpr auto fields = std::make_tuple(
      field(&DefencesSection::authentication, "authentication", "1",
            "share of devices that refuse forged commands; spoofing succeeds at 1 less this")
          .between(0, 1),
      field(&DefencesSection::ramp_mw_per_min, "ramp_limit", "MW/min",
            "largest change of a device's set point, whoever commands; unlimited if not given")
          .above(0),
      field(&DefencesSection::zones, "zones", "1",
            "parts of the fleet with credentials of their own; an attack that needs them takes one part")
          .between(1, 100000),
      field(&DefencesSection::detection_time_h, "detection_time", "h",
            "mean time until an attack is noticed, exponential; never if not given")
          .above(0),
      field(&DefencesSection::manual_time_h, "manual_time", "h",
            "from detection until operators have taken what was hit off remote control (0.5 to 8 h, E)")
          .at_least(0),
      field(&DefencesSection::restore_time_h, "restore_time", "h",
            "from detection until all is as before (ransomware: 1 to 14 d, E)")
          .at_least(0),
      field(&DefencesSection::residual_limit, "residual_limit", "1",
            "reports further from what other measurements imply, over the rated power, are refused; unlimited if not "
            "given")
          .above(0),
      field(&DefencesSection::local_envelope, "local_envelope", "1",
            "devices do not follow an attacker while the voltage of their bus is outside the limits"),
      field(&DefencesSection::vm_min_pu, "voltage_min", "p.u.", "lower limit of protection and envelope").between(0, 1),
      field(&DefencesSection::vm_max_pu, "voltage_max", "p.u.", "upper limit of protection and envelope").between(1, 2),
      field(&DefencesSection::reconnect_h, "reconnect_time", "h",
            "how long a tripped inverter stays off, and the envelope on")
          .at_least(0));
};

struct AttackSection {
  comms::AttackKind kind = comms::AttackKind::denial_of_service;
  double share = 1.0;
  double mean_interval_h = k_none, duration_h = k_unlimited;
  double capacity_taken = 0.0, loss = 0.0;
  double bias = 0.0, offset_mw = 0.0, replay_h = 0.0;
  bool stealthy = false;
  comms::AttackAction action = comms::AttackAction::on;
  double synchronicity = 1.0, spread_h = 1.0, period_h = 1.0;
  bool repeat = false;
  double withheld = 0.0, mark_up = 0.0;
  static constexpr auto fields = std::make_tuple(
      field(&AttackSection::kind, "type", "1", "what is attacked").required().one_of(comms::k_attack_kinds),
      field(&AttackSection::share, "share", "1", "of the endpoints that are meant, drawn by key").between(0, 1),
      field(&AttackSection::mean_interval_h, "mean_interval", "h",
            "it begins by chance, that often (exponential), not before `start`")
          .above(0),
      field(&AttackSection::duration_h, "duration", "h", "after which it ends by itself; never if not given").above(0),
      field(&AttackSection::capacity_taken, "capacity_taken", "1", "denial_of_service: share of the links' capacity")
          .between(0, 1),
      field(&AttackSection::loss, "loss", "1",
            "denial_of_service: probability, added to that of links, and that a last hop is jammed for a step")
          .between(0, 1),
      field(&AttackSection::bias, "bias", "1", "false_data: b of y (1 + b) + c; false_prices: b of p (1 + b)")
          .between(-1, 100),
      field(&AttackSection::offset_mw, "offset", "MW", "false_data: c of y (1 + b) + c"),
      field(&AttackSection::replay_h, "replay", "h", "false_data: y is what was true so long ago").between(0, 8784),
      field(&AttackSection::stealthy, "stealthy", "1",
            "false_data: measurements are changed together, so that the residual test sees nothing"),
      field(&AttackSection::action, "action", "1", "compromised_devices, spoofed_commands: what the devices do")
          .one_of(comms::k_attack_actions),
      field(&AttackSection::synchronicity, "synchronicity", "1",
            "compromised_devices: 1: all at once; else each up to (1 - synchronicity) `spread` later")
          .between(0, 1),
      field(&AttackSection::spread_h, "spread", "h", "compromised_devices: the longest delay").at_least(0),
      field(&AttackSection::period_h, "period", "h", "alternate: how long on, and how long off").above(0),
      field(&AttackSection::repeat, "repeat", "1",
            "frozen_commands: the last set point is sent again and again; else nothing that can be used"),
      field(&AttackSection::withheld, "withheld", "1", "market_manipulation: share of the capacity").between(0, 1),
      field(&AttackSection::mark_up, "mark_up", "1", "market_manipulation: on every price of the offer")
          .between(0, 1000));
};

struct AttackEntry {
  std::string name;
  AttackSection values;
  std::optional<ZonedTime> start;
  std::map<std::string, std::vector<std::string>> selectors;  ///< by key
  const Node* node = nullptr;
  std::size_t position = 0;
};

struct CyberSpec {
  const Node* node = nullptr;  ///< none: there is no such block
  DefencesSection defences;
  std::vector<AttackEntry> attacks;
};

}  // namespace gridplus::scenario
