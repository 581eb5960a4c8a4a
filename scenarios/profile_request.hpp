// What a scenario asks of time series, gathered while it is decoded; resolved to the run's steps by profiles.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/files.hpp"
#include "scenarios/profile_cache.hpp"
#include "scenarios/synthesis.hpp"
#include "sim/core/calendar.hpp"
#include "sim/core/error.hpp"
#include "sim/core/field.hpp"

namespace gridplus::scenario {

enum class Interpolation : std::uint8_t { hold, linear };

/// A column of a table on file.
struct FileColumn {
  std::shared_ptr<const FileSet> files;
  std::string key;      ///< of the file
  std::string display;  ///< of the file
  std::string column;   ///< as it is asked for, without its unit
  std::size_t index = 0;
  Interpolation interpolation = Interpolation::hold;
  bool repeat = false;
};

/// Dated values, in the unit of the field.
struct Timeline {
  std::vector<std::pair<UtcSeconds, double>> points;  ///< ascending
  Interpolation interpolation = Interpolation::hold;
};

/// A limit that every value of a column, times `scale`, must keep.
struct ColumnCheck {
  double scale = 1.0;
  const FieldInfo* field = nullptr;
  SourceLocation where;
  std::string path;
};

struct ProfileRequest {
  std::string name;  ///< where it comes from, such as `load.csv#east`
  std::variant<FileColumn, Timeline, SyntheticSeries> source;
  SourceLocation where;  ///< of the first use
  std::string path;
  std::vector<ColumnCheck> checks;
  std::string identity;  ///< of the source, within a scenario
};

/// All requests of a scenario; position = ProfileId.
class ProfileRequests {
 public:
  /// `shared`: where other members of a study find what is read, and this one what they have read.
  void share(ProfileCache* shared) { shared_ = shared; }
  [[nodiscard]] ProfileCache* shared() const { return shared_; }
  /// The request for that source, made if it is new.
  ProfileId request(std::string identity, ProfileRequest request);
  void check(ProfileId id, ColumnCheck check) { list_[id.index()].checks.push_back(std::move(check)); }
  [[nodiscard]] const std::vector<ProfileRequest>& list() const { return list_; }
  /// The header of a table, read once. Throws as csv::Reader.
  const ProfileHeader& header(const FileSet& files, const std::string& key, const std::string& display,
                              const csv::Limits& limits);

 private:
  ProfileCache* shared_ = nullptr;
  std::vector<ProfileRequest> list_;
  std::map<std::string, std::size_t, std::less<>> by_identity_;
  std::map<std::string, ProfileHeader, std::less<>> headers_;
};

}  // namespace gridplus::scenario
