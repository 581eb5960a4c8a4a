// A link's direction as a fluid queue with strict priority among classes of messages.
//
// In a step of length dt the class i offers A_i bits. Classes are served in order: s_i = min(B_i + A_i, what is left of
// C dt); the backlog becomes B_i + A_i - s_i, and what exceeds the buffer is lost. The mean wait is what lies before a
// message, B/C, and the wait of an M/D/1 queue below saturation, rho / (2 mu (1 - rho)) with mu = C / message size.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gridplus::comms {

/// In the order of their priority, highest first.
enum class MessageClass : std::uint8_t { command, acknowledgement, price, telemetry, metering };
inline constexpr std::size_t k_classes = 5;
inline constexpr std::array<std::string_view, k_classes> k_class_names = {"command", "acknowledgement", "price",
                                                                          "telemetry", "metering"};
template <class T>
using PerClass = std::array<T, k_classes>;

/// Bits that wait, per link and direction (2 l: from -> to; 2 l + 1: to -> from).
using Backlogs = std::vector<PerClass<double>>;

/// Where a step leaves a queue, per class.
struct QueueStep {
  PerClass<double> served_bit{};
  PerClass<double> lost_share{};  ///< of what was offered
  PerClass<double> wait_s{};      ///< mean, of a message offered in the step
  double load = 0.0;              ///< offered and background over capacity
};

struct QueueInput {
  double capacity_bit_per_s = 1.0;
  double buffer_bit = 0.0;  ///< per class
  double background = 0.0;  ///< share of the capacity taken by others, before every class
  double step_s = 1.0;
  PerClass<double> offered_bit{};
  PerClass<double> message_bit{};
};

/// Moves `backlog_bit` on by one step.
[[nodiscard]] QueueStep step_queue(const QueueInput& in, PerClass<double>& backlog_bit);

/// Mean wait of M/D/1 in units of the service time: rho / (2 (1 - rho)); rho is cut at 0.95, above which the fluid
/// backlog takes over.
[[nodiscard]] double md1_wait(double rho);

}  // namespace gridplus::comms
