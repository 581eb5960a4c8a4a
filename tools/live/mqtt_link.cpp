#include "tools/live/mqtt_link.hpp"

#include <fmt/format.h>
#include <mosquitto.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "sim/core/error.hpp"
#include "tools/live/reach.hpp"

namespace gridplus::live {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr int k_window = 1000;           ///< messages on their way to the broker
constexpr int k_loop_ms = 5;             ///< how long a new message may wait for the thread
constexpr double k_retry_s = 1.0;        ///< between attempts to come back
constexpr double k_reach_s = 2.0;        ///< for an answer to one of them
constexpr double k_greeting_s = 5.0;     ///< from the connection to the broker's consent
constexpr double k_in_doubt_s = 2.0;     ///< what was confirmed so long before a loss is sent again
constexpr std::size_t k_overhead = 128;  ///< bytes that a queued message takes beside its text

SteadyTime now() {
  return std::chrono::steady_clock::now();
}
double seconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}
std::size_t size_of(const Message& message) {
  return message.topic.size() + message.payload.size() + k_overhead;
}

/// The library's own error, in words.
std::string words(int code) {
  std::string text = code == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(code);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

/// The library counts its users itself.
class Library {
 public:
  Library() { mosquitto_lib_init(); }
  ~Library() { mosquitto_lib_cleanup(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

struct Destroy {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

}  // namespace

class MqttLink::Impl {
 public:
  Impl(MqttOptions options, std::string filter, Message last_will)
      : options_(std::move(options)), filter_(std::move(filter)), last_will_(std::move(last_will)) {
    static_cast<void>(make_client());  // wrong options shall be found at once
  }

  ~Impl() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  bool open(LinkEvents events, double timeout_s, const std::function<bool()>& stop) {
    ensure(!thread_.joinable(), "a link is opened twice");
    events_ = std::move(events);
    thread_ = std::thread([this] { run(); });
    const SteadyTime begin = now();
    std::unique_lock lock(mutex_);
    while (!greeted_ && !refused_ && seconds(begin, now()) < timeout_s && !stop())
      changed_.wait_for(lock, std::chrono::milliseconds(50));
    if (greeted_) return true;
    if (refused_)
      throw IoError(fmt::format("the MQTT broker at {} refuses the connection: {}", options_.broker(), reason_));
    if (stop()) return false;
    throw IoError(
        fmt::format("cannot reach an MQTT broker at {} within {:g} s: {}; check the address, and that it runs",
                    options_.broker(), timeout_s, reason_));
  }

  void send(Message message) {
    const std::scoped_lock lock(mutex_);
    if (message.retain) retained_[message.topic] = message;
    queue_bytes_ += size_of(message);
    queue_.push_back(std::move(message));
    while (queue_bytes_ > options_.largest_queue_bytes) {
      queue_bytes_ -= size_of(queue_.front());
      queue_.pop_front();
      if (again_ > 0) --again_;
      ++counts_.dropped;
    }
  }

  [[nodiscard]] LinkCounts counts() const {
    const std::scoped_lock lock(mutex_);
    LinkCounts counts = counts_;
    counts.waiting = queue_.size() + sent_.size();
    if (lost_) counts.outage_s += seconds(lost_at_, now());
    return counts;
  }

  bool finish(double timeout_s) {
    std::unique_lock lock(mutex_);
    const bool all = changed_.wait_for(lock, std::chrono::duration<double>(timeout_s),
                                       [&] { return queue_.empty() && sent_.empty(); });
    lock.unlock();
    leaving_ = true;
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return all;
  }

 private:
  using Client = std::unique_ptr<mosquitto, Destroy>;

  Client make_client() {
    Client client(mosquitto_new(options_.client_id.c_str(), true, this));
    if (!client) throw IoError(fmt::format("cannot make an MQTT client: {}", std::strerror(errno)));
    mosquitto_int_option(client.get(), MOSQ_OPT_SEND_MAXIMUM, k_window);
    const auto check = [&](int code, std::string_view what) {
      if (code != MOSQ_ERR_SUCCESS) throw IoError(fmt::format("{}: {}", what, words(code)));
    };
    if (!options_.user.empty())
      check(mosquitto_username_pw_set(client.get(), options_.user.c_str(),
                                      options_.password.empty() ? nullptr : options_.password.c_str()),
            "the MQTT user cannot be used");
    if (options_.tls()) {
      const auto given = [](const std::string& path) { return path.empty() ? nullptr : path.c_str(); };
      check(mosquitto_tls_set(client.get(), given(options_.ca_file), given(options_.ca_path), given(options_.cert_file),
                              given(options_.key_file), nullptr),
            "the TLS files (--mqtt-cafile, --mqtt-capath, --mqtt-cert, --mqtt-key) cannot be used");
      check(mosquitto_tls_insecure_set(client.get(), options_.insecure), "TLS cannot be used");
    }
    check(mosquitto_will_set(client.get(), last_will_.topic.c_str(), static_cast<int>(last_will_.payload.size()),
                             last_will_.payload.data(), options_.qos, last_will_.retain),
          "the MQTT topic cannot be used");
    mosquitto_connect_callback_set(
        client.get(), [](mosquitto*, void* self, int code) { static_cast<Impl*>(self)->greeting_ = code; });
    mosquitto_publish_callback_set(client.get(),
                                   [](mosquitto*, void* self, int id) { static_cast<Impl*>(self)->confirm(id); });
    mosquitto_message_callback_set(client.get(), [](mosquitto*, void* self, const mosquitto_message* message) {
      static_cast<Impl*>(self)->receive(*message);
    });
    return client;
  }

  void run() {
    while (!stopping_) {
      const std::string reason = connect();
      if (!reason.empty()) {
        {
          const std::scoped_lock lock(mutex_);
          reason_ = reason;
        }
        changed_.notify_all();
        client_.reset();
        nap();
        continue;
      }
      converse();
      client_.reset();
    }
  }

  /// Between two attempts.
  void nap() const {
    const SteadyTime begin = now();
    while (!stopping_ && seconds(begin, now()) < k_retry_s) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  /// Empty once the broker has taken us; else why it has not.
  std::string connect() {
    try {
      client_ = make_client();
    } catch (const IoError& error) {
      return error.what();
    }
    std::string reason = why_out_of_reach(options_.host, options_.port, k_reach_s);
    if (!reason.empty()) return reason;
    greeting_ = k_no_greeting;
    int code = mosquitto_connect(client_.get(), options_.host.c_str(), options_.port, options_.keep_alive_s);
    const SteadyTime begin = now();
    while (code == MOSQ_ERR_SUCCESS && greeting_ == k_no_greeting && !stopping_) {
      if (seconds(begin, now()) > k_greeting_s) return "it takes connections but does not speak MQTT";
      code = mosquitto_loop(client_.get(), 20, 1);
    }
    if (greeting_ > 0) {
      const std::scoped_lock lock(mutex_);
      refused_ = true;
      return mosquitto_connack_string(greeting_);
    }
    if (code != MOSQ_ERR_SUCCESS) return words(code);
    return greeting_ == 0 ? std::string{} : "stopped";
  }

  /// Everything from the greeting to the loss of the connection, or to its end.
  void converse() {
    int code = mosquitto_subscribe(client_.get(), nullptr, filter_.c_str(), options_.qos);
    begin_conversation();
    while (code == MOSQ_ERR_SUCCESS && !stopping_) {
      pump();
      code = mosquitto_loop(client_.get(), k_loop_ms, 1);
    }
    if (stopping_ && leaving_) {
      mosquitto_disconnect(client_.get());
      mosquitto_loop(client_.get(), 100, 1);
    }
    if (!stopping_) lose(words(code));
  }

  void begin_conversation() {
    std::vector<Message> retained;
    double outage_s = 0.0;
    bool returned = false;
    {
      const std::scoped_lock lock(mutex_);
      returned = lost_;
      greeted_ = true;
      lost_ = false;
      go_on_ = now() + std::chrono::milliseconds(returned ? static_cast<int>(options_.grace_s * 1000.0) : 0);
      if (returned) {
        outage_s = seconds(lost_at_, now());
        counts_.outage_s += outage_s;
        for (const auto& [topic, message] : retained_) retained.push_back(message);
      }
    }
    changed_.notify_all();
    // A broker that was started anew does not know what it should keep.
    for (const Message& message : retained) publish(message);
    if (returned) events_.returned(outage_s);
  }

  /// Puts all that is in doubt before the queue, in the order in which it was sent.
  void lose(const std::string& reason) {
    {
      const std::scoped_lock lock(mutex_);
      lost_ = true;
      lost_at_ = now();
      std::map<std::uint64_t, Message> doubtful;
      for (auto& [id, sent] : sent_) doubtful.emplace(sent.number, std::move(sent.message));
      for (Past& past : past_)
        if (seconds(past.at, lost_at_) <= k_in_doubt_s) doubtful.emplace(past.number, std::move(past.message));
      sent_.clear();
      past_.clear();
      again_ += doubtful.size();
      for (auto one = doubtful.rbegin(); one != doubtful.rend(); ++one) {
        queue_bytes_ += size_of(one->second);
        queue_.push_front(std::move(one->second));
      }
    }
    events_.lost(reason);
  }

  /// Hands the library what it may send now.
  void pump() {
    const std::scoped_lock lock(mutex_);
    if (now() < go_on_) return;
    pumping_ = true;
    while (!queue_.empty() && sent_.size() < k_window) {
      int id = 0;
      early_.clear();
      if (publish(queue_.front(), &id) != MOSQ_ERR_SUCCESS) break;  // the loop says why
      queue_bytes_ -= size_of(queue_.front());
      Sent sent{++number_, std::move(queue_.front())};
      queue_.pop_front();
      if (again_ > 0) {
        --again_;
        ++counts_.repeated;
      }
      if (early_.erase(id) != 0)
        settle(std::move(sent));
      else
        sent_.insert_or_assign(id, std::move(sent));
    }
    pumping_ = false;
    if (queue_.empty() && sent_.empty()) changed_.notify_all();
  }

  int publish(const Message& message, int* id = nullptr) {
    return mosquitto_publish(client_.get(), id, message.topic.c_str(), static_cast<int>(message.payload.size()),
                             message.payload.data(), options_.qos, message.retain);
  }

  /// The broker has taken message `id`. With quality of service 0 this may be said while the message is handed over,
  /// before its number is known here.
  void confirm(int id) {
    std::unique_lock lock(mutex_, std::defer_lock);
    if (!pumping_) lock.lock();
    const auto found = sent_.find(id);
    if (found == sent_.end()) {
      if (pumping_) early_.insert(id);
      return;
    }
    settle(std::move(found->second));
    sent_.erase(found);
  }

  struct Sent {
    std::uint64_t number = 0;
    Message message;
  };
  struct Past {
    SteadyTime at;
    std::uint64_t number = 0;
    Message message;
  };

  void settle(Sent sent) {
    ++counts_.confirmed;
    const SteadyTime at = now();
    past_.push_back({at, sent.number, std::move(sent.message)});
    while (!past_.empty() && seconds(past_.front().at, at) > k_in_doubt_s) past_.pop_front();
  }

  void receive(const mosquitto_message& message) {
    events_.received({message.topic,
                      {static_cast<const char*>(message.payload), static_cast<std::size_t>(message.payloadlen)},
                      message.retain});
  }

  static constexpr int k_no_greeting = -1;

  const Library library_;
  const MqttOptions options_;
  const std::string filter_;
  const Message last_will_;
  LinkEvents events_;
  std::atomic<bool> stopping_{false}, leaving_{false};
  std::thread thread_;

  // Of the thread alone:
  Client client_;
  int greeting_ = k_no_greeting;
  bool pumping_ = false;  ///< holds the mutex, and hands messages over
  std::set<int> early_;   ///< confirmed while the message at hand is handed over

  mutable std::mutex mutex_;  ///< of all below
  std::condition_variable changed_;
  bool greeted_ = false, refused_ = false, lost_ = false;
  std::string reason_ = "no answer";
  SteadyTime go_on_, lost_at_;
  std::deque<Message> queue_;
  std::size_t queue_bytes_ = 0;
  std::size_t again_ = 0;  ///< so many at the front of the queue were sent before
  std::uint64_t number_ = 0;
  std::map<int, Sent> sent_;  ///< by the library's number
  std::deque<Past> past_;     ///< confirmed a moment ago
  std::map<std::string, Message> retained_;
  LinkCounts counts_;
};

MqttLink::MqttLink(MqttOptions options, std::string filter, Message last_will)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(filter), std::move(last_will))) {}

bool MqttLink::open(LinkEvents events, double timeout_s, const std::function<bool()>& stop) {
  return impl_->open(std::move(events), timeout_s, stop);
}

MqttLink::~MqttLink() = default;

void MqttLink::send(Message message) {
  impl_->send(std::move(message));
}

LinkCounts MqttLink::counts() const {
  return impl_->counts();
}

bool MqttLink::finish(double timeout_s) {
  return impl_->finish(timeout_s);
}

}  // namespace gridplus::live
