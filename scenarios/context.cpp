#include "scenarios/context.hpp"

#include <algorithm>
#include <vector>

namespace gridplus::scenario {

std::string Path::text() const {
  if (parent_ == nullptr) return {};
  const std::string before = parent_->text();
  if (is_index_) return fmt::format("{}[{}]", before, index_);
  return before.empty() ? std::string(key_) : fmt::format("{}.{}", before, key_);
}

void Context::fail(const SourceLocation& where, const Path& path, std::string problem, std::string allowed,
                   std::string hint) {
  // A wrong column of a large table would otherwise fill the screen, and memory.
  constexpr std::size_t k_most_problems = 200;
  if (problems.size() > k_most_problems) return;
  if (problems.size() == k_most_problems) {
    problems.add({{"~", 0, 0},
                  {},
                  fmt::format("there are more than {} problems; the others are not shown", k_most_problems),
                  {},
                  {}});
    return;
  }
  problems.add({where, path.text(), std::move(problem), std::move(allowed), std::move(hint)});
}

namespace {

/// Divides `town [MW]` into name and unit.
void add_column(ProfileHeader& header, const std::string& cell) {
  const std::size_t open = cell.rfind('[');
  if (open == std::string::npos || cell.back() != ']') {
    header.names.push_back(cell);
    header.units.emplace_back();
    return;
  }
  std::size_t end = open;
  while (end > 0 && cell[end - 1] == ' ') --end;
  header.names.push_back(cell.substr(0, end));
  header.units.push_back(cell.substr(open + 1, cell.size() - open - 2));
}

}  // namespace

ProfileId ProfileRequests::request(std::string identity, ProfileRequest request) {
  const auto [found, added] = by_identity_.emplace(std::move(identity), list_.size());
  if (added) list_.push_back(std::move(request)), list_.back().identity = found->first;
  return ProfileId(found->second);
}

const ProfileHeader& ProfileRequests::header(const FileSet& files, const std::string& key, const std::string& display,
                                             const csv::Limits& limits) {
  const std::string identity = fmt::format("{}|{}", static_cast<const void*>(&files), key);
  if (const auto found = headers_.find(identity); found != headers_.end()) return found->second;
  if (shared_ != nullptr)
    if (auto header = shared_->header(identity)) return headers_.emplace(identity, std::move(*header)).first->second;
  const csv::Reader table = files.open_table(key, display, limits);
  ProfileHeader header;
  for (const std::string& cell : table.header()) add_column(header, cell);
  if (shared_ != nullptr) shared_->keep_header(identity, header);
  return headers_.emplace(identity, std::move(header)).first->second;
}

}  // namespace gridplus::scenario
