// What the uplink and the downlink stage share: the transport of messages, the device behind each endpoint, and the
// surroundings of the step.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "sim/comms/transport.hpp"
#include "sim/step/cyber.hpp"
#include "sim/step/stage.hpp"

namespace gridplus {

inline constexpr double k_any = std::numeric_limits<double>::infinity();  ///< a set point that limits nothing
inline constexpr std::size_t k_hours_of_day = 24;

class Exchange {
 public:
  Exchange(const Model& model, int threads);

  [[nodiscard]] const CommunicationModel& plan() const { return plan_; }
  [[nodiscard]] comms::Transport& transport() { return transport_; }
  [[nodiscard]] const std::vector<EndpointDevice>& devices() const { return devices_; }
  [[nodiscard]] std::vector<comms::Command>& commands() { return commands_; }
  [[nodiscard]] const comms::Surroundings& around() const { return around_; }

  /// Null where no attack is planned.
  [[nodiscard]] Cyber* cyber() { return cyber_ ? &*cyber_ : nullptr; }

  /// A dead bus kills nodes, a lost node takes control from units, and without them a bus is dead: round and round
  /// until nothing changes. Each round only takes away, so it ends.
  void settle(const SimulationState& state, const Frame& frame, comms::TransportState& messages);

 private:
  /// Works out which buses have voltage, with `messages` also from which units can be told to run. Returns whether that
  /// has changed.
  bool energise(const Frame& frame, const comms::TransportState* messages);
  /// Whether the unit is off because nobody can tell it to run.
  [[nodiscard]] bool lost(std::uint32_t p, std::int64_t step, const comms::TransportState& messages) const;

  const Model& model_;
  const CommunicationModel& plan_;
  comms::Transport transport_;
  std::vector<EndpointDevice> devices_;
  std::vector<comms::Command> commands_;
  std::vector<std::uint8_t> energised_;
  comms::Surroundings around_;
  std::optional<Cyber> cyber_;
};

[[nodiscard]] std::unique_ptr<Stage> make_uplink_stage(const Model& model, std::shared_ptr<Exchange> exchange);
[[nodiscard]] std::unique_ptr<Stage> make_downlink_stage(const Model& model, std::shared_ptr<Exchange> exchange);

}  // namespace gridplus
