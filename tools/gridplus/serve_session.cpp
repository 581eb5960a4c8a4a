#include "tools/gridplus/serve_session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "tools/gridplus/interrupt.hpp"
#include "tools/gridplus/progress.hpp"
#include "tools/gridplus/text.hpp"

namespace gridplus::tools {

namespace {

/// Time that the last messages have to reach the broker.
constexpr double k_goodbye_s = 10.0;
/// How often key figures are published, on the wall's clock.
constexpr double k_kpi_every_s = 1.0;

double validity_s(const ServeArguments& arguments, const Model& model) {
  constexpr double k_default_s = 900.0;
  if (arguments.valid_s > 0.0) return arguments.valid_s;
  return model.communication != nullptr ? model.communication->transport.command_validity_s : k_default_s;
}

std::filesystem::path log_path(const ServeArguments& arguments, const std::string& results_path) {
  if (!arguments.log.empty()) return arguments.log;
  std::filesystem::path path(results_path);
  return path.replace_extension(".set-points.jsonl");
}

/// What a run that is continued was given before `next_step`.
std::vector<live::LoggedStep> given_before(const std::filesystem::path& log, const Model& model,
                                           const live::DeviceTable& devices, std::int64_t next_step) {
  if (next_step == 0) return {};
  std::vector<live::LoggedStep> steps = live::read_set_points(log, model, devices, true);
  std::erase_if(steps, [&](const live::LoggedStep& one) { return one.step >= next_step; });
  return steps;
}

live::Message last_will(const live::Topics& topics) {
  return {topics.of("status"), R"({"state":"offline"})", true};
}

}  // namespace

ServeSession::ServeSession(const ServeArguments& arguments, const Model& model, const std::string& results_path,
                           std::int64_t next_step)
    : arguments_(arguments),
      talks_(!arguments.quiet && !arguments.json),
      model_(model),
      speed_(parse_speed(arguments.speed)),
      topics_(arguments.topic, model.provenance.scenario_name),
      devices_(model, topics_),
      telemetry_(model, topics_, {parse_list(arguments.telemetry), arguments.batch}),
      link_(std::make_unique<live::MqttLink>(mqtt_options(arguments), topics_.set_filter(), last_will(topics_))),
      log_(log_path(arguments, results_path), model, devices_,
           given_before(log_path(arguments, results_path), model, devices_, next_step)),
      door_(model, topics_, devices_, log_, *link_, validity_s(arguments, model)),
      pacer_(static_cast<double>(model.time.step_s()) / speed_, clock_, [] { return interrupted(); }) {}

ServeSession::~ServeSession() {
  link_.reset();
}

live::LinkEvents ServeSession::link_events() {
  const std::string broker = mqtt_options(arguments_).broker();
  return {[this](const live::Received& message) { door_.receive(message); },
          [this, broker](const std::string& reason) {
            door_.connection_lost(broker, reason);
            say(fmt::format("the broker is lost ({}); the run goes on", reason));
          },
          [this, broker](double outage_s) {
            door_.connection_returned(broker, outage_s);
            say(fmt::format("the broker is back after {}", duration(outage_s)));
          }};
}

/// A line among those of the progress, which stands in the last line of a terminal.
void ServeSession::say(const std::string& text) const {
  if (talks_) fmt::print(stderr, "{}gridplus: {}\n", isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "", text);
}

bool ServeSession::open() {
  if (!link_->open(link_events(), arguments_.connect_timeout_s, interrupted)) return false;
  log_.publish();
  say(fmt::format("serving '{}' at {:g}x on {}: a step every {:g} s, {} messages each, topics {}/...; Ctrl-C ends",
                  model_.provenance.scenario_name, speed_, mqtt_options(arguments_).broker(),
                  static_cast<double>(model_.time.step_s()) / speed_, telemetry_.messages_per_step(), topics_.root()));
  return true;
}

live::Message ServeSession::status(std::string_view state, std::int64_t step) const {
  return {topics_.of("status"),
          fmt::format(R"({{"state":"{}","step":{},"time":"{}","steps":{},"step_s":{},"speed":{},"producers":{},)"
                      R"("storages":{},"consumers":{},"late_steps":{}}})",
                      state, step, format_time(model_.time.at(step)), model_.time.steps(), model_.time.step_s(), speed_,
                      model_.producer_count(), model_.storage_count(), model_.consumer_count(), pacer_.late_steps()),
          true};
}

void ServeSession::tell(std::string_view state, std::int64_t step) {
  link_->send(status(state, step));
}

bool ServeSession::run(Simulation& simulation, output::ResultsFile& results) {
  tell("running", simulation.next_step());
  try {
    return step_all(simulation, results);
  } catch (...) {
    tell("failed", simulation.next_step());
    link_->finish(k_goodbye_s);
    throw;
  }
}

bool ServeSession::step_all(Simulation& simulation, output::ResultsFile& results) {
  Progress progress(model_.time, simulation.next_step(), !talks_);
  double kpis_at_s = clock_.now_s();
  while (!simulation.done()) {
    const bool goes_on = pacer_.wait();
    if (goes_on) {
      const StepBlock& block = simulation.advance();
      results.record(block);
      telemetry_.send_step(block, pacer_.late_s(), pacer_.late_steps(), *link_);
      if (clock_.now_s() - kpis_at_s >= k_kpi_every_s) {
        kpis_at_s = clock_.now_s();
        telemetry_.send_kpis(simulation.summary(), simulation.next_step(), *link_);
      }
      pacer_.finish();
      progress.update(simulation.next_step());
    }
    if (results.checkpoint_due() || !goes_on) results.checkpoint(simulation.checkpoint());
    if (!goes_on) return false;
  }
  return true;
}

void ServeSession::close(const RunSummary& summary, bool complete) {
  telemetry_.send_kpis(summary, summary.steps, *link_);
  tell(complete ? "finished" : "interrupted", summary.steps);
  all_sent_ = link_->finish(k_goodbye_s);
}

std::vector<LiveFact> ServeSession::facts() const {
  const live::LinkCounts link = link_->counts();
  const live::DoorCounts door = door_.counts();
  return {{"speed", speed_},
          {"steps", static_cast<double>(pacer_.steps())},
          {"late_steps", static_cast<double>(pacer_.late_steps())},
          {"latest_s", pacer_.latest_s()},
          {"set_points_accepted", static_cast<double>(door.accepted)},
          {"set_points_rejected", static_cast<double>(door.rejected)},
          {"messages_sent", static_cast<double>(link.confirmed)},
          {"messages_repeated", static_cast<double>(link.repeated)},
          {"messages_dropped", static_cast<double>(link.dropped)},
          {"messages_not_delivered", static_cast<double>(link.waiting)},
          {"broker_losses", static_cast<double>(door.losses)},
          {"broker_outage_s", link.outage_s}};
}

std::string ServeSession::summary_text() const {
  const live::LinkCounts link = link_->counts();
  const live::DoorCounts door = door_.counts();
  const auto count = [](std::uint64_t n) { return grouped(static_cast<double>(n), 0); };
  std::string text =
      fmt::format("live              {} steps at {:g}x, {} late{}; the longest took {:.1f} % of its time\n",
                  pacer_.steps(), speed_, pacer_.late_steps(),
                  pacer_.late_steps() > 0 ? fmt::format(" (by up to {})", duration(pacer_.latest_s())) : std::string{},
                  100.0 * pacer_.largest_load());
  text += fmt::format("messages          {} taken by the broker", count(link.confirmed));
  if (link.repeated > 0) text += fmt::format(", {} of them for the second time", count(link.repeated));
  if (link.dropped > 0) text += fmt::format(", {} dropped", count(link.dropped));
  if (!all_sent_) text += fmt::format(", {} not delivered", count(link.waiting));
  text += fmt::format("\nset points        {} accepted, {} rejected\n", door.accepted, door.rejected);
  if (door.losses > 0)
    text += fmt::format("broker            lost {}, away for {}\n",
                        door.losses == 1 ? "once" : fmt::format("{} times", door.losses), duration(link.outage_s));
  return text;
}

}  // namespace gridplus::tools
