// What devices and dispatch say to each other in a step: an offer (what the device can do), a command (what it shall
// do), a response (what it did). Producers, consumers and storage are peers, each with its own three.
//
// Sign: a producer's p_mw and a storage's discharge are injections, positive into the grid. A consumer's p_mw is a
// demand, positive out of the grid. The sign is turned once, where injections are gathered to buses
// (sim/step/gather.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace gridplus {

/// Output up to `to_mw` costs `marginal_per_mwh` for each further MWh. Segments have ascending to_mw and prices.
struct CostSegment {
  double to_mw = 0.0;
  double marginal_per_mwh = 0.0;
};

/// What a producer can do in the coming step.
struct ProducerOffer {
  static constexpr std::size_t k_max_segments = 12;
  double available_mw = 0.0;            ///< what resource and machine could give, ramps left aside
  double min_mw = 0.0;                  ///< lowest output while online, ramps included
  double max_mw = 0.0;                  ///< highest output while online, ramps included
  double machine_min_mw = 0.0;          ///< lowest stable output, ramps left aside
  bool online = true;                   ///< is running before the step
  bool may_start = true;                ///< offline, and allowed to start now
  bool may_stop = true;                 ///< online, and allowed to stop now
  bool curtailable = false;             ///< draws on a free resource: output below available_mw is curtailment
  bool balancing = false;               ///< may take up what the network's losses leave open (a dispatchable unit)
  double start_cost = 0.0;              ///< of one start, in currency; online: of the next one
  double restart_h = 0.0;               ///< how long it would stay off if it stopped now
  double full_load_cost_per_mwh = 0.0;  ///< average cost at full output: the order of commitment
  std::uint32_t segment_count = 0;
  std::array<CostSegment, k_max_segments> segments{};  ///< from min_mw of the machine upwards
  [[nodiscard]] std::span<const CostSegment> cost() const { return {segments.data(), segment_count}; }
};

struct ProducerCommand {
  bool online = false;
  double p_mw = 0.0;
};

struct ProducerResponse {
  double p_mw = 0.0;
  double available_mw = 0.0;
  bool online = false;
  bool started = false;
  bool stopped = false;
  double start_cost = 0.0;         ///< paid in this step, in currency, the start's fuel and CO2 included
  double balancing_up_mw = 0.0;    ///< how much more it could give at once
  double balancing_down_mw = 0.0;  ///< how much less
  double start_fuel_gj = 0.0;      ///< burnt by a start in this step
  double start_co2_t = 0.0;        ///< emitted by a start in this step
};

/// What running at an output costs; a pure function of parameters, output and time.
struct ProducerCost {
  double cost_per_h = 0.0;
  double fuel_gj_per_h = 0.0;
  double co2_t_per_h = 0.0;
};

struct StorageOffer {
  double max_charge_mw = 0.0;     ///< at the grid, >= 0, what the store can still take included
  double max_discharge_mw = 0.0;  ///< at the grid, >= 0, what the store still holds included
  double energy_mwh = 0.0;
  double energy_min_mwh = 0.0;
  double energy_max_mwh = 0.0;
  double charge_efficiency = 1.0;     ///< grid to store
  double discharge_efficiency = 1.0;  ///< store to grid
  double wear_per_mwh = 0.0;          ///< cost of ageing per MWh discharged
  double min_charge_mw = 0.0;         ///< lowest charge other than none; a smaller command gives none
  double min_discharge_mw = 0.0;      ///< lowest discharge other than none; a smaller command gives none
};

struct StorageCommand {
  double p_mw = 0.0;  ///< discharge positive, charge negative
};

struct StorageResponse {
  double p_mw = 0.0;        ///< discharge positive
  double energy_mwh = 0.0;  ///< at the end of the step
  double state_of_charge = 0.0;
  double state_of_health = 1.0;
  double losses_mwh = 0.0;  ///< conversion and standing losses of the step
  double wear_cost = 0.0;   ///< in currency, of the step
};

/// What a consumer asks for, and how far it can be moved without harm: from demand less `flexible_down_mw` to demand
/// plus `flexible_up_mw`. Below that, demand is not served.
struct ConsumerOffer {
  double demand_mw = 0.0;     ///< by the consumer's own schedule: what it takes without a command
  double q_mvar = 0.0;        ///< drawn at full demand
  std::int32_t priority = 1;  ///< tier: 1 is shed last, larger numbers earlier
  double value_of_lost_load_per_mwh = 0.0;
  double flexible_down_mw = 0.0;     ///< part of the demand that can wait; above the demand where it can give back
  double flexible_up_mw = 0.0;       ///< what it could take beyond the demand
  double flexible_energy_mwh = 0.0;  ///< at the grid, to be taken within `deadline_h`; 0: nothing can be planned
  double deadline_h = 0.0;
  double planned_least_mw = 0.0;  ///< power of the coming steps until then: lowest, negative where it can give back
  double planned_most_mw = 0.0;   ///< highest
};

struct ConsumerCommand {
  double served_mw = 0.0;
};

/// How what a consumer draws follows the voltage of its bus: the shares of it that go with |V| (constant current) and
/// with |V|^2 (constant impedance), given at 1 p.u.; the rest is constant power.
struct ZipShares {
  double p_current = 0.0, p_impedance = 0.0;
  double q_current = 0.0, q_impedance = 0.0;

  [[nodiscard]] bool constant_power() const {
    return p_current == 0.0 && p_impedance == 0.0 && q_current == 0.0 && q_impedance == 0.0;
  }
  /// What is drawn at |V| = vm_pu over what is drawn at 1 p.u.
  [[nodiscard]] double p_factor(double vm_pu) const {
    return 1.0 + (vm_pu - 1.0) * (p_current + p_impedance * (vm_pu + 1.0));
  }
  [[nodiscard]] double q_factor(double vm_pu) const {
    return 1.0 + (vm_pu - 1.0) * (q_current + q_impedance * (vm_pu + 1.0));
  }
};

struct ConsumerResponse {
  double served_mw = 0.0;   ///< at 1 p.u.
  double q_mvar = 0.0;      ///< drawn at 1 p.u.
  ZipShares zip = {};       ///< a parameter: the same in all steps of a block
  double due_mwh = 0.0;     ///< service that fell due in the step, such as charging before a departure
  double missed_mwh = 0.0;  ///< part of it that was not given
};

}  // namespace gridplus
