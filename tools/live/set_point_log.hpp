// The set points of a run as a file, and back: what `gridplus serve` took from its clients, for `gridplus run
// --set-points` to give again. JSON, one object a line; docs/live.md specifies it.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/step/set_points.hpp"
#include "tools/live/topics.hpp"

namespace gridplus::live {

/// What came in one step.
struct LoggedStep {
  std::int64_t step = 0;
  OutsideInput input;
};

/// Writes the log while the run goes on.
class SetPointLog {
 public:
  /// A new log, beside `file` until it is published, with what came `before` (in a run that is continued). Throws
  /// IoError, as all functions do.
  SetPointLog(const std::filesystem::path& file, const Model& model, const DeviceTable& devices,
              std::span<const LoggedStep> before = {});
  ~SetPointLog();
  SetPointLog(const SetPointLog&) = delete;
  SetPointLog& operator=(const SetPointLog&) = delete;

  /// Takes the place of what stands at `file`. Without this nothing is left behind.
  void publish();

  /// What came in `step`; it is on its way to the disk when this returns.
  void add(std::int64_t step, const OutsideInput& input);
  [[nodiscard]] const std::filesystem::path& file() const { return path_; }

 private:
  void write(const std::string& text);

  std::filesystem::path path_;
  std::string fresh_;  ///< where it is written until it is published; then empty
  const DeviceTable& devices_;
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

/// Reads a log that is of `model`. Throws IoError if it cannot be read; InputError with line and what is allowed. With
/// `may_break_off` a last line that is not whole is left aside, as a kill leaves it.
[[nodiscard]] std::vector<LoggedStep> read_set_points(const std::filesystem::path& file, const Model& model,
                                                      const DeviceTable& devices, bool may_break_off = false);

/// Gives again what a log holds.
class SetPointReplay final : public SetPointSource {
 public:
  explicit SetPointReplay(std::vector<LoggedStep> steps) : steps_(std::move(steps)) {}
  void take(std::int64_t step, OutsideInput& input) override;

 private:
  std::vector<LoggedStep> steps_;
  std::size_t next_ = 0;
};

}  // namespace gridplus::live
