// Attacks on a communication network and on what is controlled through it: whom they take, from when to when.
//
// An attack is an entry of the scenario; each time it happens is an incident. It acts from its start until it expires
// or is contained; defenders notice it after a time drawn from an exponential distribution, contain it `manual_time`
// later (operators take what was hit off remote control) and have everything restored `restore_time` after the
// detection.
//
// Whom an attack takes is drawn by key: endpoint e is among the share s where u_e < s, so that those taken at 10 % are
// among those taken at 20 %, in every member of a study alike. With z zones of credentials, an attack that needs
// credentials takes the endpoints of one zone only.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "sim/comms/draws.hpp"

namespace gridplus::comms {

enum class AttackKind : std::uint8_t {
  denial_of_service,    ///< links lose capacity and messages, last hops are jammed
  false_data,           ///< reports say y (1 + b) + c, or what was true some time ago
  compromised_devices,  ///< devices switch together, whatever they are told
  spoofed_commands,     ///< commands of the attacker, in the controller's name
  frozen_commands,      ///< the controller's output stands still
  market_manipulation,  ///< offers withhold capacity and ask for more
  exfiltration,         ///< reports are read; nothing else happens
  false_prices          ///< price messages say p (1 + b)
};
inline constexpr std::array<std::string_view, 8> k_attack_kinds = {
    "denial_of_service", "false_data",          "compromised_devices", "spoofed_commands",
    "frozen_commands",   "market_manipulation", "exfiltration",        "false_prices"};

/// What taken devices do.
enum class AttackAction : std::uint8_t {
  off,       ///< generate, draw and move nothing
  on,        ///< draw all they can: consumers and storage; producers give all they can
  alternate  ///< on and off, each for a period
};
inline constexpr std::array<std::string_view, 3> k_attack_actions = {"off", "on", "alternate"};

struct Attack {
  static constexpr double k_endless_h = std::numeric_limits<double>::infinity();
  std::string name;
  std::uint64_t random_key = 0;  ///< of its draws; from its name
  AttackKind kind = AttackKind::denial_of_service;
  std::vector<std::uint32_t> endpoints;  ///< of which `share` is taken; ascending
  std::vector<std::uint32_t> links;      ///< denial_of_service
  double share = 1.0;
  std::int64_t start_step = 0;           ///< by chance: not before
  double mean_interval_h = k_endless_h;  ///< finite: it begins by chance, that often
  double duration_h = k_endless_h;       ///< after which it ends by itself
  double capacity_taken = 0.0;           ///< of a link
  double loss = 0.0;                     ///< further probability that a link loses a message, that a last hop is jammed
  double bias = 0.0, offset_mw = 0.0;    ///< b and c
  double replay_h = 0.0;                 ///< how old what is reported is; 0: no replay
  bool stealthy = false;                 ///< all measurements are changed so that the residual test sees nothing
  AttackAction action = AttackAction::on;
  double synchronicity = 1.0;  ///< 1: all at once; else each up to (1 - synchronicity) spread later
  double spread_h = 1.0, period_h = 1.0;
  bool repeat = false;  ///< frozen: the last set point is sent again and again; else nothing
  double withheld = 0.0, mark_up = 0.0;
};

/// What stands against attacks. By default nothing does.
struct Defences {
  static constexpr double k_never_h = std::numeric_limits<double>::infinity();
  double spoof_success = 1.0;                         ///< probability that a device takes a forged command
  double ramp_mw_per_h = k_never_h;                   ///< largest change of a device's set point
  std::int64_t zones = 1;                             ///< parts of the fleet with credentials of their own
  double detection_time_h = k_never_h;                ///< mean
  double manual_time_h = 1.0, restore_time_h = 24.0;  ///< after the detection
  double residual_limit = k_never_h;  ///< reports further from what is implied, over the rated power, are refused
  bool local_envelope = false;        ///< devices do not follow commands while the voltage is outside the limits
  double vm_min_pu = 0.9, vm_max_pu = 1.1;
  double reconnect_h = 1.0 / 12.0;  ///< how long a tripped device stays off, and the envelope on
};

struct AttackPlan {
  std::vector<Attack> attacks;
  Defences defences;
};

/// One time that an attack happens.
struct Incident {
  static constexpr std::int64_t k_never = std::numeric_limits<std::int64_t>::max() / 4;
  std::uint32_t attack = 0, occurrence = 0;
  std::int64_t start = 0, expires = k_never;
  std::int64_t detection = k_never;  ///< as the mean time has it
};

/// All incidents of `steps` steps by attack and time. An attack that goes on does not begin anew.
[[nodiscard]] std::vector<Incident> incidents(const AttackPlan& plan, std::int64_t steps, double step_h,
                                              DrawSource draws);

/// How an incident goes on that is detected in step `detected`.
struct Course {
  std::int64_t acts_until = 0;  ///< first step in which the attacker does nothing any more
  std::int64_t over = 0;        ///< first step in which all is as before
  bool contained = false;       ///< by the defenders; else it expired
};
[[nodiscard]] Course course(const Incident& incident, std::int64_t detected, const Defences& defences, double step_h);

/// The endpoints that `incident` takes, ascending.
[[nodiscard]] std::vector<std::uint32_t> taken(const AttackPlan& plan, const Incident& incident, DrawSource draws);

/// Whether endpoint `e` falls for the forged commands of `incident`.
[[nodiscard]] bool spoofed(const AttackPlan& plan, const Incident& incident, std::uint32_t e, DrawSource draws);

/// How many steps after the start a compromised endpoint acts first.
[[nodiscard]] std::int64_t delay_steps(const Attack& attack, const Incident& incident, std::uint32_t e, double step_h,
                                       DrawSource draws);

/// Whether the devices of `attack` are switched on in `step`.
[[nodiscard]] bool switched_on(const Attack& attack, const Incident& incident, std::int64_t step, double step_h);

/// Whether jamming with probability `loss` keeps endpoint `e` off in `step`.
[[nodiscard]] bool jammed(std::uint32_t e, std::int64_t step, double loss, DrawSource draws);

}  // namespace gridplus::comms
