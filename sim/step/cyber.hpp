// What attacks do in a step, and what stands against them: hooks that the uplink and the downlink stage call in turn.
//
// Without an attack in the plan nothing here is called. What must be remembered is in CyberState; which incidents act
// follows from it and the model, so that a run continues from a checkpoint to the same bits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/attacks.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

/// The device behind an endpoint.
struct EndpointDevice {
  DeviceKind kind = DeviceKind::producer;
  std::uint32_t index = comms::k_no_index;
};

/// What a controller receives of a measurement.
struct ReceivedValue {
  double mw = 0.0;
  bool falsified = false, refused = false;
};

class Cyber {
 public:
  Cyber(const Model& model, std::span<const EndpointDevice> devices);

  /// Whether voltages of the step before decide what devices do: protection trips them, or the envelope holds them.
  [[nodiscard]] bool uses_voltage() const { return uses_voltage_; }

  /// First in a step: finds out which incidents act, and logs what changes.
  void begin(SimulationState& state, Frame& frame);
  /// What the transport must know of them.
  void surround(comms::Surroundings& around) const;

  [[nodiscard]] bool falsifies() const { return hits_.reports; }
  /// What arrives of the measurement `mw` that endpoint `e` reports.
  [[nodiscard]] ReceivedValue received(std::uint32_t e, double mw, SimulationState& state, Frame& frame);
  /// Withheld capacity and marked-up prices, in the offers that controllers see.
  void manipulate(const SimulationState& state, std::span<ProducerOffer> seen, std::span<std::uint8_t> fresh);
  /// Whether the unit behind `e` offers less than it could; `e` may be k_no_index.
  [[nodiscard]] bool withholds(std::uint32_t e) const;
  /// Counts the reports of this step that somebody else reads.
  void listen(const SimulationState& state, std::int64_t step);

  /// What the price messages of this step said, to those that they reached.
  void forge_prices(SimulationState& state) const;
  /// What becomes of the commands that controllers send.
  void freeze(std::span<comms::Command> commands, SimulationState& state) const;
  /// Whether operators have taken `e` off remote control: it does what it would by itself.
  [[nodiscard]] bool isolated(std::uint32_t e) const { return isolated_[e] != 0; }
  /// Bounds the change of a set point since the last step, MW.
  [[nodiscard]] double ramped(std::uint32_t e, double mw, const SimulationState& state) const;
  /// Devices in an attacker's hand do as he wants; protection and envelope act. Returns the buses of devices that do
  /// other than they were told. `connected`: per endpoint.
  std::span<const BusId> act(SimulationState& state, Frame& frame, std::span<const std::uint8_t> connected);

  /// The step's figures, into results and key figures.
  void record(SimulationState& state, Frame& frame) const;

 private:
  static constexpr std::uint32_t k_none = comms::k_no_index;
  enum class Phase : std::uint8_t { idle, acts, contained };
  /// What an attack did in the step.
  struct Tally {
    double endpoints = 0, spoofed = 0, refused = 0, falsified_mw = 0, reports_refused = 0, malicious_mw = 0;
    double withheld_mw = 0, read = 0;
  };
  /// What some incident hits in the step.
  struct Hits {
    bool links = false, hops = false, reports = false, market = false, devices = false, commands = false, read = false;
  };

  [[nodiscard]] Phase phase(std::size_t incident, const SimulationState& state, std::int64_t step) const;
  void log_changes(std::size_t incident, SimulationState& state, Frame& frame) const;
  void refresh();
  void take(std::uint32_t incident);
  void take_links(const comms::Attack& attack);
  void draw_jams(std::int64_t step);
  void keep_for_replay(SimulationState& state, const Frame& frame) const;
  void watch_voltages(SimulationState& state, Frame& frame);
  void trip(SimulationState& state, Frame& frame);
  [[nodiscard]] bool holds(std::uint32_t e, std::int64_t step, bool connected);
  void set(std::uint32_t e, bool on, bool by_command, SimulationState& state, Frame& frame) const;
  void leave_alone(const EndpointDevice& device, Frame& frame) const;
  [[nodiscard]] double told_mw(const EndpointDevice& device, const Frame& frame) const;
  [[nodiscard]] double measured(const EndpointDevice& device, const Frame& frame) const;
  [[nodiscard]] BusId bus_of(const EndpointDevice& device) const;
  [[nodiscard]] bool inverter(const EndpointDevice& device, const Frame& frame) const;
  [[nodiscard]] const comms::Attack& attack_of(std::uint32_t incident) const {
    return attacks_.attacks[incidents_[incident].attack];
  }
  [[nodiscard]] Tally& tally_of(std::uint32_t incident) { return tally_[incidents_[incident].attack]; }

  const Model& model_;
  const comms::Network& network_;
  const comms::AttackPlan& attacks_;
  std::span<const EndpointDevice> devices_;
  comms::DrawSource draws_;
  double step_h_;
  std::vector<comms::Incident> incidents_;
  bool uses_voltage_ = false, forges_prices_ = false;
  std::size_t replay_steps_ = 0;                 ///< that are kept
  std::vector<std::uint32_t> replay_endpoints_;  ///< whose values are kept
  std::vector<std::uint32_t> replay_place_;      ///< per endpoint

  // Of the step at hand; all follows from the state.
  std::vector<Phase> phases_;  ///< per incident
  Hits hits_;
  std::vector<std::uint32_t> device_, command_, report_, market_, read_,
      price_;                                     ///< per endpoint: the incident that holds it
  std::vector<std::uint8_t> isolated_, hop_out_;  ///< per endpoint
  std::vector<double> jam_;                       ///< per endpoint: probability that its last hop is jammed
  std::vector<double> capacity_, loss_;           ///< per link
  std::vector<std::uint32_t> held_;               ///< endpoints whose device an incident may hold
  std::vector<BusId> disturbed_;
  std::vector<Tally> tally_;  ///< per attack
};

}  // namespace gridplus
