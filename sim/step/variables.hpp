// The quantities that a run computes for every step: one list a group, the single source of the names, units and
// meanings of the results' variables (DESIGN: results format).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace gridplus {

/// How a variable is stored when the scenario asks for nothing else.
enum class Storage : std::uint8_t {
  reduced,  ///< float32; float64 where the scenario asks for double precision
  exact,    ///< always float64: the power balance is read back from it
  flag      ///< a small whole number: int8 where its values have meanings, int32 where it counts
};

struct VariableInfo {
  std::string_view name;
  std::string_view unit;
  std::string_view long_name;
  Storage storage = Storage::reduced;
  std::string_view flag_meanings = {};  ///< words for 0, 1, 2, ... divided by spaces; flags only
  /// Rounding before compression, left aside with double precision (docs/output-format.md says what it costs): to a
  /// multiple of `resolution` in the variable's unit, or to so many significant bits. 0: none.
  double resolution = 0.0;
  int significant_bits = 0;

  [[nodiscard]] constexpr VariableInfo rounded_to(double step) const {
    VariableInfo copy = *this;
    copy.resolution = step;
    return copy;
  }
  [[nodiscard]] constexpr VariableInfo keeping(int bits) const {
    VariableInfo copy = *this;
    copy.significant_bits = bits;
    return copy;
  }
};

/// Roundings that keep the results small. Powers of two, so that trailing bits are zero.
inline constexpr double k_resolution_pu = 0x1p-20;       ///< 9.5e-7
inline constexpr double k_resolution_degree = 0x1p-16;   ///< 1.5e-5
inline constexpr double k_resolution_percent = 0x1p-10;  ///< 9.8e-4
inline constexpr double k_resolution_mw = 0x1p-30;       ///< 9.3e-10: a sum of a thousand closes to 1e-6
inline constexpr int k_bits_power = 16;                  ///< error below 7.7e-6 of the value
inline constexpr int k_bits_cost = 18;                   ///< error below 2.0e-6 of the value

enum class BusVar : std::uint8_t { vm_pu, va_deg, p_mw, q_mvar, unserved_mw, price_per_mwh, island, energised };
inline constexpr std::array k_bus_variables = {
    VariableInfo{"vm_pu", "1", "voltage magnitude in per unit of the nominal voltage"}.rounded_to(k_resolution_pu),
    VariableInfo{"va_deg", "degree", "voltage angle"}.rounded_to(k_resolution_degree),
    VariableInfo{"p_mw", "MW", "net active power injected by devices"}.keeping(k_bits_power),
    VariableInfo{"q_mvar", "MVAr", "net reactive power injected by devices"}.keeping(k_bits_power),
    VariableInfo{"unserved_mw", "MW", "demand not served"},
    VariableInfo{"price_per_mwh", "currency MWh-1", "marginal price of energy"}.keeping(k_bits_cost),
    VariableInfo{"island", "1", "number of the island, -1 for none", Storage::flag},
    VariableInfo{"energised", "1", "whether the bus has voltage", Storage::flag, "no yes"}};

enum class BranchVar : std::uint8_t {
  p_from_mw,
  q_from_mvar,
  p_to_mw,
  q_to_mvar,
  i_from_ka,
  i_to_ka,
  loading_percent,
  losses_mw,
  closed,
  tap_position,
  tap_state
};
inline constexpr std::array k_branch_variables = {
    VariableInfo{"p_from_mw", "MW", "active power into the branch at its from end"}.keeping(k_bits_power),
    VariableInfo{"q_from_mvar", "MVAr", "reactive power into the branch at its from end"}.keeping(k_bits_power),
    VariableInfo{"p_to_mw", "MW", "active power into the branch at its to end"}.keeping(k_bits_power),
    VariableInfo{"q_to_mvar", "MVAr", "reactive power into the branch at its to end"}.keeping(k_bits_power),
    VariableInfo{"i_from_ka", "kA", "current at the from end"}.keeping(k_bits_power),
    VariableInfo{"i_to_ka", "kA", "current at the to end"}.keeping(k_bits_power),
    VariableInfo{"loading_percent", "percent", "larger end's apparent power over the rating"}.rounded_to(
        k_resolution_percent),
    VariableInfo{"losses_mw", "MW", "active power lost in the branch", Storage::exact}.rounded_to(k_resolution_mw),
    VariableInfo{"closed", "1", "whether the branch is in operation", Storage::flag, "no yes"},
    VariableInfo{"tap_position", "1", "position of the tap changer, 0 where there is none", Storage::flag},
    VariableInfo{"tap_state", "1", "what became of the tap changer", Storage::flag,
                 "fixed regulated at_limit hunting"}};

enum class ProducerVar : std::uint8_t {
  p_mw,
  q_mvar,
  available_mw,
  curtailed_mw,
  curtailment_reason,
  online,
  cost_per_h,
  co2_t_per_h
};
inline constexpr std::array k_producer_variables = {
    VariableInfo{"p_mw", "MW", "active power injected", Storage::exact}.rounded_to(k_resolution_mw),
    VariableInfo{"q_mvar", "MVAr", "reactive power injected"}.keeping(k_bits_power),
    VariableInfo{"available_mw", "MW", "active power that resource and machine could give"},
    VariableInfo{"curtailed_mw", "MW", "available power of a free resource that is not used"},
    VariableInfo{"curtailment_reason", "1", "why power is curtailed", Storage::flag,
                 "none surplus minimum_generation ramp network"},
    VariableInfo{"online", "1", "whether the unit runs", Storage::flag, "no yes"},
    VariableInfo{"cost_per_h", "currency h-1", "operating cost, starts included"}.keeping(k_bits_cost),
    VariableInfo{"co2_t_per_h", "t h-1", "carbon dioxide emitted"}.keeping(k_bits_cost)};

enum class ConsumerVar : std::uint8_t { demand_mw, served_mw, unserved_mw, q_mvar };
inline constexpr std::array k_consumer_variables = {
    VariableInfo{"demand_mw", "MW", "active power asked for"},
    VariableInfo{"served_mw", "MW", "active power served", Storage::exact}.rounded_to(k_resolution_mw),
    VariableInfo{"unserved_mw", "MW", "active power not served"},
    VariableInfo{"q_mvar", "MVAr", "reactive power drawn"}.keeping(k_bits_power)};

enum class StorageVar : std::uint8_t { p_mw, energy_mwh, state_of_charge, state_of_health, forming };
inline constexpr std::array k_storage_variables = {
    VariableInfo{"p_mw", "MW", "active power injected; discharge positive, charge negative", Storage::exact}.rounded_to(
        k_resolution_mw),
    VariableInfo{"energy_mwh", "MWh", "energy held at the end of the step"},
    VariableInfo{"state_of_charge", "1", "energy held over usable capacity, at the end of the step"},
    VariableInfo{"state_of_health", "1", "remaining share of the new store's capacity"},
    VariableInfo{"forming", "1", "whether it holds its island", Storage::flag, "no yes"}};

enum class NodeVar : std::uint8_t { up, battery_left_h };
inline constexpr std::array k_node_variables = {
    VariableInfo{"up", "1", "whether the node works", Storage::flag, "no yes"},
    VariableInfo{"battery_left_h", "h", "how long its battery would carry it, at the end of the step"}};

enum class LinkVar : std::uint8_t { up, load_percent, backlog_mbit, wait_s, lost_share };
inline constexpr std::array k_link_variables = {
    VariableInfo{"up", "1", "whether the link works", Storage::flag, "no yes"},
    VariableInfo{"load_percent", "percent", "traffic offered over capacity, of the busier direction"},
    VariableInfo{"backlog_mbit", "Mbit", "what waits in its queues at the end of the step, both directions"},
    VariableInfo{"wait_s", "s", "mean wait of a telemetry report, of the busier direction"},
    VariableInfo{"lost_share", "1", "share of telemetry lost in full queues, of the busier direction"}};

enum class EndpointClassVar : std::uint8_t { sent, delivered, on_time, duplicates, delivery_ratio, on_time_ratio };
inline constexpr std::array k_endpoint_class_variables = {
    VariableInfo{"sent", "1", "messages sent in the step"},
    VariableInfo{"delivered", "1", "messages of the step that arrive, sooner or later"},
    VariableInfo{"on_time", "1", "messages of the step that arrive within their deadline"},
    VariableInfo{"duplicates", "1", "messages that arrive twice"},
    VariableInfo{"delivery_ratio", "1", "delivered over sent; NaN where nothing was sent"},
    VariableInfo{"on_time_ratio", "1", "on time over sent; NaN where nothing was sent"}};

enum class ControllerVar : std::uint8_t {
  age_mean_s,
  age_p50_s,
  age_p95_s,
  age_p99_s,
  observability,
  control_availability,
  control_availability_weighted,
  fallback_mw
};
inline constexpr std::array k_controller_variables = {
    VariableInfo{"age_mean_s", "s", "mean age of the measurements it decides on"},
    VariableInfo{"age_p50_s", "s", "age that half of its measurements do not exceed"},
    VariableInfo{"age_p95_s", "s", "age that 95 % of its measurements do not exceed"},
    VariableInfo{"age_p99_s", "s", "age that 99 % of its measurements do not exceed"},
    VariableInfo{"observability", "1", "share of the power behind its endpoints whose age is within the limit"},
    VariableInfo{"control_availability", "1", "share of devices that are reachable and hold a valid command"},
    VariableInfo{"control_availability_weighted", "1", "the same, weighted with the power of the devices"},
    VariableInfo{"fallback_mw", "MW", "rated power of devices on their fallback"}};

enum class AttackVar : std::uint8_t {
  phase,
  endpoints,
  spoofed_delivered,
  spoofed_refused,
  falsified_mw,
  malicious_mw,
  withheld_mw
};
inline constexpr std::array k_attack_variables = {
    VariableInfo{"phase", "1", "whether it goes on", Storage::flag, "idle acts contained"},
    VariableInfo{"endpoints", "1", "endpoints in its hands"},
    VariableInfo{"spoofed_delivered", "1", "forged commands that devices followed"},
    VariableInfo{"spoofed_refused", "1", "forged commands that devices did not take"},
    VariableInfo{"falsified_mw", "MW", "sum of reported less true values"},
    VariableInfo{"malicious_mw", "MW", "what it moved devices by, added up without sign"},
    VariableInfo{"withheld_mw", "MW", "capacity withheld from the dispatch"}};

enum class StepVar : std::uint8_t {
  converged,
  iterations,
  max_mismatch_pu,
  generation_mw,
  discharge_mw,
  charge_mw,
  demand_mw,
  served_mw,
  losses_mw,
  balance_mw,
  curtailed_mw,
  islands
};
inline constexpr std::array k_step_variables = {
    VariableInfo{"converged", "1", "whether the power flow of every island converged", Storage::flag, "no yes"},
    VariableInfo{"iterations", "1", "iterations of the power flow", Storage::flag},
    VariableInfo{"max_mismatch_pu", "1", "largest nodal power mismatch in per unit of the base", Storage::exact},
    VariableInfo{"generation_mw", "MW", "active power of all producers", Storage::exact},
    VariableInfo{"discharge_mw", "MW", "active power discharged by all storage", Storage::exact},
    VariableInfo{"charge_mw", "MW", "active power charged by all storage", Storage::exact},
    VariableInfo{"demand_mw", "MW", "active power asked for by all consumers", Storage::exact},
    VariableInfo{"served_mw", "MW", "active power served to all consumers", Storage::exact},
    VariableInfo{"losses_mw", "MW", "active power lost in branches and shunts", Storage::exact},
    VariableInfo{"balance_mw", "MW",
                 "largest imbalance of any island: generation + discharge - served - charge - losses", Storage::exact},
    VariableInfo{"curtailed_mw", "MW", "free power not used", Storage::exact},
    VariableInfo{"islands", "1", "number of islands", Storage::flag}};

}  // namespace gridplus
