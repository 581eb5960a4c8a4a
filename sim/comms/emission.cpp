#include "sim/comms/emission.hpp"

#include <algorithm>

namespace gridplus::comms {

Emission::Emission(std::vector<std::uint32_t> interval_steps, const std::vector<std::uint32_t>& phases,
                   const std::vector<std::uint32_t>& path, const std::vector<double>& weight, std::size_t paths)
    : interval_(std::move(interval_steps)), phase_(interval_.size(), 0), paths_(paths) {
  for (std::size_t e = 0; e < interval_.size(); ++e) {
    const std::uint32_t n = interval_[e];
    if (n == 0) continue;
    phase_[e] = phases[e] % n;
    auto table = std::find_if(tables_.begin(), tables_.end(), [&](const Table& t) { return t.interval == n; });
    if (table == tables_.end()) {
      tables_.push_back({n, std::vector<float>(n * paths)});
      table = std::prev(tables_.end());
    }
    const std::size_t when = (n - phase_[e]) % n;
    table->weight[when * paths + path[e]] += static_cast<float>(weight[e]);
  }
}

void Emission::offered(std::int64_t step, double message_bit, std::vector<double>& bits) const {
  bits.assign(paths_, 0.0);
  for (const Table& table : tables_) {
    const auto when = static_cast<std::size_t>(static_cast<std::uint64_t>(step) % table.interval);
    for (std::size_t i = 0; i < paths_; ++i)
      bits[i] += message_bit * static_cast<double>(table.weight[when * paths_ + i]);
  }
}

}  // namespace gridplus::comms
