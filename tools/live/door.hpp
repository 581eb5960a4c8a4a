// Where clients' messages become set points of the run: on one side the network's thread, which brings messages and
// tells when the connection is lost, on the other the run, which asks once a step.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tools/live/message.hpp"
#include "tools/live/outbox.hpp"
#include "tools/live/set_point_log.hpp"
#include "tools/live/topics.hpp"

namespace gridplus::live {

/// A message as it came.
struct Received {
  std::string_view topic, payload;
  bool retained = false;  ///< the broker kept it from before
};

struct DoorCounts {
  std::int64_t accepted = 0, rejected = 0;
  std::int64_t losses = 0;  ///< of the connection
};

class Door final : public SetPointSource {
 public:
  /// All must outlive it. `default_valid_s`: for set points that do not say.
  Door(const Model& model, const Topics& topics, const DeviceTable& devices, SetPointLog& log, Outbox& out,
       double default_valid_s);

  // From any thread:

  /// Checks a message. What is wrong is answered at once on `<device>/error`, or `<root>/error` where the device is not
  /// known; what is right waits for the next step, and is answered there on `<device>/accepted`.
  void receive(const Received& message);
  /// The connection to `broker` is lost, or it is back after `outage_s` on the wall's clock.
  void connection_lost(const std::string& broker, const std::string& reason);
  void connection_returned(const std::string& broker, double outage_s);
  [[nodiscard]] DoorCounts counts() const;

  // From the run:

  void take(std::int64_t step, OutsideInput& input) override;

 private:
  struct Waiting {
    const LiveDevice* device;
    SetMessage message;
  };
  void reject(const LiveDevice* device, std::string_view topic, const Refusal& refusal);
  [[nodiscard]] std::string problem_of(const LiveDevice& device, const SetMessage& message) const;
  void take_one(const Waiting& waiting, std::int64_t step, OutsideInput& input);
  void answer(const Waiting& waiting, const SetPoint& point, std::int64_t step);

  const Model& model_;
  const Topics& topics_;
  const DeviceTable& devices_;
  SetPointLog& log_;
  Outbox& out_;
  double default_valid_s_;

  mutable std::mutex mutex_;  ///< of all below
  std::vector<Waiting> waiting_;
  std::vector<Event> happenings_;
  DoorCounts counts_;
};

}  // namespace gridplus::live
