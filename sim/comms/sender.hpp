// Sends the messages of one class from a range of endpoints: who sends, what is lost, how long the rest takes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/comms/draws.hpp"
#include "sim/comms/emission.hpp"
#include "sim/comms/last_hop.hpp"
#include "sim/comms/latency.hpp"
#include "sim/comms/paths.hpp"
#include "sim/comms/transport.hpp"

namespace gridplus::comms {

/// What became of a message that found a way.
struct Outcome {
  bool delivered = false;
  float latency_s = 0.0F;
  std::uint32_t answer_bits = 0;  ///< random, for what comes back
};

/// Messages of one class in one step.
struct Sending {
  MessageClass message_class = MessageClass::telemetry;
  const Emission& emission;
  std::span<const Path> paths;
  std::int64_t step = 0;
};

class Sender {
 public:
  /// All must outlive it. `path`: per endpoint, controller * nodes + parent.
  Sender(const Network& network, const TransportOptions& options, const LastHops& last_hops,
         const std::vector<std::uint32_t>& path, DrawSource draws)
      : network_(network), options_(options), last_hops_(last_hops), path_(path), draws_(draws) {}

  /// Sends what endpoints [begin, end) have to send; calls each(endpoint, outcome) for messages that found a way.
  template <class Each>
  void send(const Sending& sending, std::size_t begin, std::size_t end, ClassCount& count, Each each) const {
    const ClassOptions& options = options_.classes[static_cast<std::size_t>(sending.message_class)];
    const auto deadline_s = static_cast<float>(options.deadline_s);
    const bool duplicates = options_.duplicate_probability > 0.0;
    Batch batch{};
    while (begin < end) {
      begin = gather(sending, begin, end, batch, count);
      draw(sending, batch);
      for (std::size_t i = 0; i < batch.size; ++i) {
        const std::int32_t failed = attempts_failed(uniform_of_bits(batch.draw.word[loss][i]), batch.fails[i], options);
        Outcome outcome;
        outcome.delivered = failed <= options.retries;
        outcome.latency_s = batch.time.latency_s[i] + batch.way_s[i];
        if (failed > 0) outcome.latency_s += static_cast<float>(failed * options.retry_spacing_s);
        outcome.answer_bits = batch.draw.word[answer][i];
        if (outcome.delivered) {
          ++count.delivered;
          count.on_time += outcome.latency_s <= deadline_s ? 1 : 0;
          if (duplicates && uniform_of_bits(batch.draw.word[duplicate][i]) < options_.duplicate_probability)
            ++count.duplicates;
        }
        each(batch.draw.entity[i], outcome);
      }
    }
  }

 private:
  struct Batch {
    std::size_t size = 0;
    RandomWords draw;                               ///< its entities are the senders
    std::array<double, RandomWords::k_size> fails;  ///< chance that an attempt does
    std::array<float, RandomWords::k_size> way_s;   ///< time on the path and for sending
    LatencyBatch time;
  };
  enum Word : std::size_t { loss, latency, answer, duplicate };  ///< what the words of a message's draw are for

  static std::int32_t attempts_failed(double draw, double fails, const ClassOptions& options) {
    std::int32_t failed = 0;
    for (double threshold = fails; failed <= options.retries && draw < threshold; threshold *= fails) ++failed;
    return failed;
  }

  /// Fills the batch with the next senders from `begin` on that have a way; returns where it stopped.
  std::size_t gather(const Sending& sending, std::size_t begin, std::size_t end, Batch& batch, ClassCount& count) const;
  /// Draws losses and latencies of the batch.
  void draw(const Sending& sending, Batch& batch) const;

  const Network& network_;
  const TransportOptions& options_;
  const LastHops& last_hops_;
  const std::vector<std::uint32_t>& path_;
  DrawSource draws_;
};

}  // namespace gridplus::comms
