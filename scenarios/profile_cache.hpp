// What the members of a study share while they are read: time series and the headers of their tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace gridplus {
struct Model;
}

namespace gridplus::scenario {

/// Columns with their units, from the header of a table of time series.
struct ProfileHeader {
  std::vector<std::string> names, units;
};

/// A series resolved to the steps of a run.
struct ProfileColumn {
  std::vector<double> values;
  std::size_t lowest = 0, highest = 0;  ///< where its extremes are; no meaning without values
};

/// Safe to use from several threads.
class ProfileCache {
 public:
  [[nodiscard]] std::optional<ProfileHeader> header(const std::string& key);
  void keep_header(const std::string& key, const ProfileHeader& header);

  [[nodiscard]] std::shared_ptr<const ProfileColumn> find(const std::string& key);
  /// Returns the column to use: another thread may have been faster. A column that is not `lasting` is given up with
  /// the last model that uses it: random series of a replicate would else fill the memory.
  std::shared_ptr<const ProfileColumn> keep(const std::string& key, std::shared_ptr<const ProfileColumn> column,
                                            bool lasting);

 private:
  std::mutex guard_;
  std::map<std::string, ProfileHeader, std::less<>> headers_;
  std::map<std::string, std::weak_ptr<const ProfileColumn>, std::less<>> columns_;
  std::vector<std::shared_ptr<const ProfileColumn>> lasting_;
  std::size_t sweep_at_ = 256;  ///< number of entries at which dead ones are dropped
};

/// Which replicate is read, and what is shared with other members. The default: one scenario by itself.
struct Sharing {
  std::uint32_t replicate = 0;
  ProfileCache* profiles = nullptr;
  const Model* grid_of = nullptr;  ///< nothing of the grid differs from that model's: take it
  bool parameters = true;          ///< keep the parameters in force in the model, for the record
};

}  // namespace gridplus::scenario
