#include "scenarios/profile_cache.hpp"

namespace gridplus::scenario {

std::optional<ProfileHeader> ProfileCache::header(const std::string& key) {
  const std::scoped_lock lock(guard_);
  const auto found = headers_.find(key);
  return found == headers_.end() ? std::nullopt : std::optional(found->second);
}

void ProfileCache::keep_header(const std::string& key, const ProfileHeader& header) {
  const std::scoped_lock lock(guard_);
  headers_.emplace(key, header);
}

std::shared_ptr<const ProfileColumn> ProfileCache::find(const std::string& key) {
  const std::scoped_lock lock(guard_);
  const auto found = columns_.find(key);
  return found == columns_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<const ProfileColumn> ProfileCache::keep(const std::string& key,
                                                        std::shared_ptr<const ProfileColumn> column, bool lasting) {
  const std::scoped_lock lock(guard_);
  std::weak_ptr<const ProfileColumn>& place = columns_[key];
  if (auto other = place.lock()) return other;
  place = column;
  if (lasting) lasting_.push_back(column);
  if (columns_.size() >= sweep_at_) {
    std::erase_if(columns_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = 2 * columns_.size() + 256;
  }
  return column;
}

}  // namespace gridplus::scenario
