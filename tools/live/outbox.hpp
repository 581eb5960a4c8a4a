// What goes out to the broker, as the parts that make messages see it.
#pragma once

#include <string>

namespace gridplus::live {

struct Message {
  std::string topic, payload;
  bool retain = false;  ///< the broker keeps it for clients that come later
};

class Outbox {
 public:
  virtual ~Outbox() = default;
  /// Takes a message to be sent as soon as possible. Never waits; may be called from any thread.
  virtual void send(Message message) = 0;
};

}  // namespace gridplus::live
