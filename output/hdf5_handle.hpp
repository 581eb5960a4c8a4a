// Private to output/: HDF5 identifiers that close themselves, and errors with the reason HDF5 gives.
#pragma once

#include <hdf5.h>

#include <string>
#include <utility>

namespace gridplus::output {

/// Throws IoError with `what` and the innermost reason on HDF5's error stack.
[[noreturn]] void fail_hdf5(const std::string& what);

/// Keeps HDF5 from printing its error stack on this thread.
void silence_hdf5();

/// `id` unless it is negative, the sign of failure in HDF5.
template <class Id>
Id check_hdf5(Id id, const std::string& what) {
  if (id < 0) fail_hdf5(what);
  return id;
}

/// An HDF5 identifier of any kind, released at the end.
class Handle {
 public:
  Handle() = default;
  /// Takes `id` over; throws IoError with `what` if it is a sign of failure.
  Handle(hid_t id, const std::string& what) : id_(check_hdf5(id, what)) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) H5Idec_ref(id_);
  }
  [[nodiscard]] hid_t get() const { return id_; }
  /// Gives the identifier away: the caller closes it.
  [[nodiscard]] hid_t release() { return std::exchange(id_, H5I_INVALID_HID); }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

/// A variable-length or (size > 0) fixed-length UTF-8 string type.
[[nodiscard]] Handle make_text_type(std::size_t size = 0);

}  // namespace gridplus::output
