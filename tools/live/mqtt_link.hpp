// The connection to an MQTT broker. libmosquitto stays behind this header.
//
// A thread of its own does all network work; sending never waits. While the broker is away messages queue up, the
// oldest dropped where they take too much memory, and the thread tries to come back once a second. Once it is back,
// what may have gone down with the broker is sent again: all that the broker has not confirmed, and, since a broker
// that dies takes along what it has not passed on, what it confirmed just before. So a message with quality of service
// 1 or 2 arrives at least once. Who listens needs a moment to come back too: the queue goes out after a grace.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tools/live/door.hpp"
#include "tools/live/outbox.hpp"

namespace gridplus::live {

struct MqttOptions {
  std::string host = "localhost";
  int port = 1883;
  std::string client_id, user, password;
  std::string ca_file, ca_path, cert_file, key_file;  ///< TLS where ca_file or ca_path is given
  bool insecure = false;                              ///< TLS: take a certificate of another host
  int qos = 1;
  int keep_alive_s = 10;  ///< a broker that says nothing for one and a half of it is lost
  double grace_s = 2.0;   ///< from the broker's return to the first telemetry
  std::size_t largest_queue_bytes = std::size_t{256} << 20;

  [[nodiscard]] bool tls() const { return !ca_file.empty() || !ca_path.empty(); }
  [[nodiscard]] std::string broker() const { return host + ":" + std::to_string(port); }
};

/// What the link tells, on its own thread.
struct LinkEvents {
  std::function<void(const Received&)> received;
  std::function<void(const std::string& reason)> lost;
  std::function<void(double outage_s)> returned;
};

struct LinkCounts {
  std::uint64_t confirmed = 0;  ///< messages that the broker has taken
  std::uint64_t repeated = 0;   ///< sent again after a loss
  std::uint64_t dropped = 0;    ///< for want of memory
  std::uint64_t waiting = 0;    ///< not confirmed yet
  double outage_s = 0.0;        ///< without a broker, in all, until now
};

class MqttLink final : public Outbox {
 public:
  /// `filter`: what to listen to. `last_will`: what the broker says when the connection is lost. Throws IoError where
  /// the options cannot be used.
  MqttLink(MqttOptions options, std::string filter, Message last_will);
  /// Ends the connection without a word: the last will is published.
  ~MqttLink() override;
  MqttLink(const MqttLink&) = delete;
  MqttLink& operator=(const MqttLink&) = delete;

  /// Connects, and gives up with IoError after `timeout_s`, or at once where the broker refuses. `stop` is asked while
  /// waiting: returns false if it said so. Once.
  [[nodiscard]] bool open(LinkEvents events, double timeout_s, const std::function<bool()>& stop);

  void send(Message message) override;
  [[nodiscard]] LinkCounts counts() const;

  /// Waits until all is sent and confirmed, at most `timeout_s`, and leaves the broker. Returns whether all is.
  bool finish(double timeout_s);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridplus::live
