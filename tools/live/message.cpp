#include "tools/live/message.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace gridplus::live {

namespace {

using Json = nlohmann::json;
constexpr std::size_t k_longest_id_bytes = 64;

/// Thrown and caught in this file only.
struct Refused {
  std::string reason;
};

double number(const Json& message, const char* key) {
  const Json& value = message[key];
  if (!value.is_number()) throw Refused{fmt::format("{} is no number", key)};
  const double x = value.get<double>();
  if (!std::isfinite(x)) throw Refused{fmt::format("{} is no finite number", key)};
  return x;
}

/// Whether the parser may go on: an object without anything nested.
bool flat(int depth, Json::parse_event_t event) {
  const bool opens = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
  if (opens && (depth > 0 || event == Json::parse_event_t::array_start))
    throw Refused{"the message is no flat JSON object; allowed: such as {\"p_mw\": 1.5, \"valid_s\": 900}"};
  return true;
}

Json read(std::string_view payload) {
  if (payload.size() > k_largest_message_bytes)
    throw Refused{
        fmt::format("the message has {} bytes; allowed: at most {}", payload.size(), k_largest_message_bytes)};
  const auto check = [](int depth, Json::parse_event_t event, Json&) { return flat(depth, event); };
  const Json message = Json::parse(payload, check, false);
  if (message.is_discarded())
    throw Refused{"the message is no JSON; allowed: such as {\"p_mw\": 1.5, \"valid_s\": 900}"};
  if (!message.is_object())
    throw Refused{"the message is no flat JSON object; allowed: such as {\"p_mw\": 1.5, \"valid_s\": 900}"};
  return message;
}

std::string read_id(const Json& message) {
  if (!message.contains("id")) return {};
  const Json& id = message["id"];
  if (id.is_number_integer()) return id.dump();
  if (!id.is_string() || id.get_ref<const std::string&>().size() > k_longest_id_bytes)
    throw Refused{fmt::format("id is no text of at most {} bytes", k_longest_id_bytes)};
  return id.get<std::string>();
}

void check_keys(const Json& message) {
  constexpr std::array<std::string_view, 5> k_keys = {"p_mw", "valid_s", "release", "time", "id"};
  for (const auto& member : message.items())
    if (std::find(k_keys.begin(), k_keys.end(), member.key()) == k_keys.end())
      throw Refused{
          fmt::format("unknown key '{}'; allowed: p_mw, valid_s, release, time, id", member.key().substr(0, 40))};
}

bool read_release(const Json& message) {
  if (!message.contains("release")) return false;
  if (!message["release"].is_boolean()) throw Refused{"release is neither true nor false"};
  const bool release = message["release"].get<bool>();
  if (release && (message.contains("p_mw") || message.contains("valid_s")))
    throw Refused{"a release has neither p_mw nor valid_s"};
  return release;
}

ZonedTime read_time(const Json& message) {
  const Json& time = message["time"];
  if (!time.is_string()) throw Refused{"time is no text; allowed: such as \"2018-01-01T00:15+08:00\""};
  try {
    return parse_time(time.get_ref<const std::string&>());
  } catch (const std::invalid_argument& error) {
    throw Refused{fmt::format("time: {}", error.what())};
  }
}

SetMessage read_members(const Json& message) {
  SetMessage set;
  check_keys(message);
  set.release = read_release(message);
  if (message.contains("time")) set.time = read_time(message);
  if (set.release) return set;
  if (!message.contains("p_mw")) throw Refused{"p_mw is missing"};
  set.p_mw = number(message, "p_mw");
  if (message.contains("valid_s")) {
    set.valid_s = number(message, "valid_s");
    if (*set.valid_s <= 0.0 || *set.valid_s > k_longest_validity_s)
      throw Refused{
          fmt::format("valid_s is {:g}; allowed: above 0, at most {:.0f}", *set.valid_s, k_longest_validity_s)};
  }
  return set;
}

}  // namespace

std::variant<SetMessage, Refusal> parse_set_message(std::string_view payload) {
  std::string id;
  try {
    const Json message = read(payload);
    id = read_id(message);
    SetMessage set = read_members(message);
    set.id = id;
    return set;
  } catch (const Refused& refused) {
    return Refusal{refused.reason, id};
  }
}

}  // namespace gridplus::live
