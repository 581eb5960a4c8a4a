// Set points from clients: any bytes are a message that keeps its promises, or are refused with a reason.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "tools/live/message.hpp"
#include "tools/live/topics.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gridplus::live;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_set_message(text);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
    if (refusal->reason.empty()) std::abort();
  } else {
    const auto& message = std::get<SetMessage>(parsed);
    if (!std::isfinite(message.p_mw)) std::abort();
    if (message.valid_s && !(*message.valid_s > 0.0 && *message.valid_s <= k_longest_validity_s)) std::abort();
  }
  const std::string level = topic_level(text);
  if (level.find_first_of("/+#") != std::string::npos) std::abort();
  const Topics topics("gridplus", "s");
  if (size < 256 && !level.empty() && !topics.set_address(topics.of("storage", text) + "/set")) std::abort();
  static_cast<void>(topics.set_address(text));
  return 0;
}
