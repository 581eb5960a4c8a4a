#include "tools/gridplus/serve_options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

#include "sim/core/error.hpp"

namespace gridplus::tools {

namespace {

[[noreturn]] void refuse(std::string option, std::string problem, std::string allowed) {
  throw InputError(Diagnostic{{}, std::move(option), std::move(problem), std::move(allowed), {}});
}

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!in) throw IoError(fmt::format("cannot read '{}': {}", path, std::strerror(errno)));
  std::getline(in, line);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

int parse_port(const std::string& broker, std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535)
    refuse("--mqtt", fmt::format("'{}' has no usable port", broker), "HOST:PORT with a port from 1 to 65535");
  return port;
}

struct Address {
  std::string host;
  std::optional<int> port;
};

Address parse_broker(const std::string& broker) {
  const std::string allowed = "HOST:PORT such as localhost:1883, or [::1]:1883";
  if (broker.starts_with('[')) {
    const std::size_t end = broker.find(']');
    if (end == broker.npos) refuse("--mqtt", fmt::format("'{}' names no broker", broker), allowed);
    const std::string rest = broker.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') refuse("--mqtt", fmt::format("'{}' names no broker", broker), allowed);
    return {broker.substr(1, end - 1),
            rest.empty() ? std::nullopt : std::optional(parse_port(broker, std::string_view(rest).substr(1)))};
  }
  const std::size_t colon = broker.find(':');
  const std::string host = broker.substr(0, colon);
  if (host.empty() || host.find('/') != host.npos)
    refuse("--mqtt", fmt::format("'{}' names no broker", broker), allowed);
  if (colon == broker.npos) return {host, std::nullopt};
  return {host, parse_port(broker, std::string_view(broker).substr(colon + 1))};
}

void add_mqtt_options(CLI::App& command, ServeArguments& arguments) {
  live::MqttOptions& mqtt = arguments.mqtt;
  command.add_option("--mqtt", arguments.broker, "the broker: HOST:PORT; port 1883, with TLS 8883, if not given")
      ->required();
  command.add_option("--topic", arguments.topic, "what topics begin with, before the scenario's name; gridplus")
      ->default_val("gridplus");
  command
      .add_option("--telemetry", arguments.telemetry,
                  "what is published in every step, beside totals: of producer, consumer, storage, bus, branch, node, "
                  "link, controller, divided by commas; or none")
      ->default_val(arguments.telemetry);
  command.add_flag("--batch", arguments.batch, "one message a group and step in place of one a device");
  command.add_option("--qos", mqtt.qos, "quality of service of what is published and listened to; 1")
      ->check(CLI::Range(0, 2));
  command
      .add_option("--valid", arguments.valid_s,
                  "seconds of the run that a set point without valid_s holds; as the scenario's commands, else 900")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--set-point-log", arguments.log,
                  "where set points are recorded for 'gridplus run --set-points'; the results' name with "
                  ".set-points.jsonl if not given")
      ->type_name("FILE");
  command
      .add_option("--connect-timeout", arguments.connect_timeout_s, "seconds to wait for the broker at the start; 10")
      ->check(CLI::Range(0.1, 3600.0));
  command.add_option("--mqtt-id", mqtt.client_id, "client id; gridplus with the number of the process if not given");
  command.add_option("--mqtt-user", mqtt.user,
                     "user name; the password comes from --mqtt-password-file or GRIDPLUS_MQTT_PASSWORD");
  command.add_option("--mqtt-password-file", arguments.password_file, "a file whose first line is the password")
      ->type_name("FILE");
  command.add_option("--mqtt-cafile", mqtt.ca_file, "TLS: certificates of authorities to trust (PEM)")
      ->type_name("FILE");
  command.add_option("--mqtt-capath", mqtt.ca_path, "TLS: a folder of such")->type_name("FOLDER");
  command.add_option("--mqtt-cert", mqtt.cert_file, "TLS: our certificate, where the broker wants one")
      ->type_name("FILE");
  command.add_option("--mqtt-key", mqtt.key_file, "TLS: the key to it")->type_name("FILE");
  command.add_flag("--mqtt-insecure", mqtt.insecure, "TLS: take a certificate that is of another host (for tests)");
}

}  // namespace

void add_serve_options(CLI::App& command, ServeArguments& arguments) {
  command.add_option("scenario", arguments.scenario, "the YAML scenario")->required();
  add_mqtt_options(command, arguments);
  command.add_option("--speed", arguments.speed, "seconds of the run in a second on the wall, such as 60x; 1x");
  command.add_option("-o,--output", arguments.results, "results file; the scenario's name with .h5 if not given");
  command.add_option("--set", arguments.sets,
                     "path=value: changes one value of the scenario, such as time.duration=1h");
  command.add_option("--threads", arguments.threads, "threads; all cores if not given. Results do not depend on it")
      ->check(CLI::Range(1, 4096));
  command.add_option("--data-root", arguments.data_root, "the tree that paths in the scenario may not leave");
  command.add_option("--replicate", arguments.replicate, "the replicate of a study that this run is; 0 if not given");
  command.add_flag("--resume", arguments.resume, "continue what an interrupted run left behind");
  command.add_flag("--restart", arguments.restart, "begin anew, discarding what an interrupted run left behind");
  command.add_flag("--quiet", arguments.quiet, "no progress, no summary");
  command.add_flag("--json", arguments.json, "the summary as one JSON object");
}

double parse_speed(std::string_view text) {
  const std::string_view given = text;
  if (text.ends_with('x')) text.remove_suffix(1);
  double speed = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  constexpr double k_slowest = 1e-3, k_fastest = 1e7;
  if (error != std::errc{} || end != text.data() + text.size() || !(speed >= k_slowest && speed <= k_fastest))
    refuse("--speed", fmt::format("'{}' is no speed", given), "from 0.001x to 10000000x, such as 60x");
  return speed;
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string word(text.substr(0, comma));
    if (!word.empty() && word != "none") words.push_back(word);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return words;
}

live::MqttOptions mqtt_options(const ServeArguments& arguments) {
  live::MqttOptions options = arguments.mqtt;
  const Address address = parse_broker(arguments.broker);
  constexpr int k_plain_port = 1883, k_tls_port = 8883;
  options.host = address.host;
  options.port = address.port.value_or(options.tls() ? k_tls_port : k_plain_port);
  if (options.client_id.empty()) options.client_id = fmt::format("gridplus-{}", getpid());
  if (const char* const password = std::getenv("GRIDPLUS_MQTT_PASSWORD")) options.password = password;
  if (!arguments.password_file.empty()) options.password = first_line(arguments.password_file);
  if (options.user.empty() && !arguments.password_file.empty())
    refuse("--mqtt-password-file", "there is a password but no user", "--mqtt-user as well");
  if (options.cert_file.empty() != options.key_file.empty())
    refuse("--mqtt-cert", "a certificate and its key are needed together", "--mqtt-cert and --mqtt-key, or neither");
  if (!options.tls() && (options.insecure || !options.cert_file.empty()))
    refuse("--mqtt-cafile", "TLS is not in use", "--mqtt-cafile or --mqtt-capath with the other options of TLS");
  return options;
}

}  // namespace gridplus::tools
