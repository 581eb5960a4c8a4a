// A run that is served: its steps keep time, what they bring goes to the broker, what comes from there goes in.
#pragma once

#include <memory>
#include <string>

#include "output/results_writer.hpp"
#include "sim/step/simulation.hpp"
#include "tools/gridplus/serve_options.hpp"
#include "tools/live/door.hpp"
#include "tools/live/mqtt_link.hpp"
#include "tools/live/pacer.hpp"
#include "tools/live/telemetry.hpp"

namespace gridplus::tools {

/// What happened beside the model in a session, such as steps that came late.
struct LiveFact {
  std::string name;  ///< after `live_` in the attributes of the results
  double value = 0.0;
};

class ServeSession {
 public:
  /// Reads the set points of a run that is continued, from `next_step` on they are forgotten. `model` must outlive it.
  /// Throws InputError, IoError.
  ServeSession(const ServeArguments& arguments, const Model& model, const std::string& results_path,
               std::int64_t next_step);
  ~ServeSession();
  ServeSession(const ServeSession&) = delete;
  ServeSession& operator=(const ServeSession&) = delete;

  /// Gives set points to the run.
  [[nodiscard]] SetPointSource& source() { return door_; }
  /// Connects. False if it was interrupted before; throws IoError if the broker is not there in time.
  [[nodiscard]] bool open();
  /// Steps until the run is complete (true), or is interrupted after a checkpoint (false). If it fails, the broker is
  /// told.
  bool run(Simulation& simulation, output::ResultsFile& results);
  /// Publishes how it ended and leaves the broker.
  void close(const RunSummary& summary, bool complete);

  /// Late steps, messages, set points and losses: attributes of the results, and lines of the summary.
  [[nodiscard]] std::vector<LiveFact> facts() const;
  [[nodiscard]] std::string summary_text() const;

 private:
  bool step_all(Simulation& simulation, output::ResultsFile& results);
  void tell(std::string_view state, std::int64_t step);
  [[nodiscard]] live::Message status(std::string_view state, std::int64_t step) const;
  [[nodiscard]] live::LinkEvents link_events();
  void say(const std::string& text) const;

  const ServeArguments& arguments_;
  bool talks_;
  const Model& model_;
  double speed_;
  live::Topics topics_;
  live::DeviceTable devices_;
  live::Telemetry telemetry_;
  std::unique_ptr<live::MqttLink> link_;  ///< ends first: its thread knows the door
  live::SetPointLog log_;
  live::Door door_;
  live::SteadyClock clock_;
  live::Pacer pacer_;
  bool all_sent_ = true;
};

}  // namespace gridplus::tools
