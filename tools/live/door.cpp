#include "tools/live/door.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace gridplus::live {

namespace {

using Json = nlohmann::ordered_json;
/// Set points that may wait for a step: beyond any that makes sense, below what fills the memory.
constexpr std::size_t k_most_waiting = 100000;
constexpr std::size_t k_longest_echo = 200;  ///< of a topic that names no device

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Door::Door(const Model& model, const Topics& topics, const DeviceTable& devices, SetPointLog& log, Outbox& out,
           double default_valid_s)
    : model_(model), topics_(topics), devices_(devices), log_(log), out_(out), default_valid_s_(default_valid_s) {}

void Door::receive(const Received& received) {
  const auto address = topics_.set_address(received.topic);
  const LiveDevice* const device = address ? devices_.find(address->kind, address->level) : nullptr;
  if (device == nullptr)
    return reject(nullptr, received.topic,
                  {"there is no such device; allowed: producer, storage or consumer, with its name", {}});
  if (received.retained)
    return reject(device, received.topic,
                  {"the broker kept this message from before; set points must not be retained", {}});
  auto parsed = parse_set_message(received.payload);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return reject(device, received.topic, *refusal);
  auto& message = std::get<SetMessage>(parsed);
  const std::string problem = problem_of(*device, message);
  if (!problem.empty()) return reject(device, received.topic, {problem, message.id});
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() < k_most_waiting) {
      waiting_.push_back({device, std::move(message)});
      return;
    }
  }
  reject(device, received.topic, {"too many set points wait for the next step", message.id});
}

std::string Door::problem_of(const LiveDevice& device, const SetMessage& message) const {
  if (!device.controllable) return "the device takes no commands, as its endpoint in the scenario says";
  if (message.release || (message.p_mw >= device.least_mw && message.p_mw <= device.most_mw)) return {};
  return fmt::format("p_mw is {:g}; allowed: {:g} to {:g}", message.p_mw, device.least_mw, device.most_mw);
}

void Door::reject(const LiveDevice* device, std::string_view topic, const Refusal& refusal) {
  Json answer = {{"reason", refusal.reason}};
  if (!refusal.id.empty()) answer["id"] = refusal.id;
  if (device == nullptr) answer["topic"] = topic.substr(0, k_longest_echo);
  {
    const std::scoped_lock lock(mutex_);
    ++counts_.rejected;
  }
  out_.send({device == nullptr ? topics_.of("error") : device->topic + "/error", text_of(answer), false});
}

void Door::connection_lost(const std::string& broker, const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  ++counts_.losses;
  happenings_.push_back({0, "broker_lost", broker, 0.0, reason});
}

void Door::connection_returned(const std::string& broker, double outage_s) {
  const std::scoped_lock lock(mutex_);
  happenings_.push_back({0, "broker_returned", broker, outage_s, ""});
}

DoorCounts Door::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

void Door::take(std::int64_t step, OutsideInput& input) {
  std::vector<Waiting> waiting;
  {
    const std::scoped_lock lock(mutex_);
    waiting.swap(waiting_);
    input.happenings = std::exchange(happenings_, {});
  }
  for (const Waiting& one : waiting) take_one(one, step, input);
  log_.add(step, input);
}

void Door::take_one(const Waiting& waiting, std::int64_t step, OutsideInput& input) {
  const SetMessage& message = waiting.message;
  SetPoint point{waiting.device->kind, waiting.device->index, message.p_mw, message.valid_s.value_or(default_valid_s_),
                 message.release};
  if (message.time) {
    const ZonedTime now = model_.time.at(step);
    const auto age_s = static_cast<double>(now.utc - message.time->utc);
    if (age_s < 0.0)
      return reject(
          waiting.device, {},
          {fmt::format("time {} lies ahead; it is {} in the run", format_time(*message.time), format_time(now)),
           message.id});
    if (!point.release && age_s >= point.valid_s)
      return reject(waiting.device, {},
                    {fmt::format("expired: it was valid for {:g} s from {}, and it is {} in the run", point.valid_s,
                                 format_time(*message.time), format_time(now)),
                     message.id});
    point.valid_s -= age_s;
  }
  if (point.release) point.p_mw = point.valid_s = 0.0;
  input.set_points.push_back(point);
  answer(waiting, point, step);
}

void Door::answer(const Waiting& waiting, const SetPoint& point, std::int64_t step) {
  Json json = {{"step", step}, {"time", format_time(model_.time.at(step))}};
  if (!waiting.message.id.empty()) json["id"] = waiting.message.id;
  if (point.release) {
    json["release"] = true;
  } else {
    json["p_mw"] = point.p_mw;
    json["valid_s"] = point.valid_s;
  }
  {
    const std::scoped_lock lock(mutex_);
    ++counts_.accepted;
  }
  out_.send({waiting.device->topic + "/accepted", text_of(json), false});
}

}  // namespace gridplus::live
