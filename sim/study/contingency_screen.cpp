#include "sim/study/contingency_screen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "sim/core/parallel.hpp"

namespace gridplus::study {

namespace {

using powerflow::BusType;

/// 1 - L_ab L_ba or 1 - (own share of a transfer) below this: the outage splits the grid.
constexpr double k_splits = 1e-6;

}  // namespace

DcScreen::DcScreen(const ContingencyCase& data) : data_(data) {
  const BranchArrays& branch = data.grid.branch();
  const powerflow::Admittance admittance = data.admittance();
  const std::vector<std::uint32_t>& into = admittance.merged.into;
  const powerflow::StoredFlow merged = data.merged_flow();
  const std::vector<BusType>& type = merged.type;
  merged_p_mw_ = merged.p_mw;
  spread(admittance.merged, merged_p_mw_);
  const powerflow::FlowResult flow = powerflow::evaluate(data.grid, admittance, data.state);
  const double base = data.grid.base_mva();
  for (std::size_t k = 0; k < data.grid.branch_count(); ++k) {
    const bool live =
        admittance.branch[k].ft != powerflow::Complex{} && type[into[branch.from[k].index()]] != BusType::out;
    const double x = branch.x_pu[k] != 0.0 ? branch.x_pu[k] : std::abs(branch.r_pu[k]);
    susceptance_.push_back(live ? 1.0 / (x * branch.tap[k]) : 0.0);
    p_pu_.push_back(flow.p_from_mw[k] / base);
    const double q = std::max(std::abs(flow.q_from_mvar[k]), std::abs(flow.q_to_mvar[k])) / base;
    q2_pu2_.push_back(q * q);
  }
  unknown_.assign(data.grid.bus_count(), -1);
  std::int32_t unknowns = 0;
  for (std::size_t i = 0; i < unknown_.size(); ++i) {
    if (type[i] == BusType::pq || type[i] == BusType::pv) unknown_[i] = unknowns++;
    if (type[i] == BusType::slack) reference_ = static_cast<std::uint32_t>(i);
  }
  for (std::size_t i = 0; i < unknown_.size(); ++i) unknown_[i] = unknown_[into[i]];
  // Columns of B, rows ascending.
  std::vector<std::map<std::int32_t, double>> columns(static_cast<std::size_t>(unknowns));
  for (std::size_t k = 0; k < susceptance_.size(); ++k) {
    const std::int32_t i = unknown_[branch.from[k].index()];
    const std::int32_t j = unknown_[branch.to[k].index()];
    if (susceptance_[k] == 0.0) continue;
    if (i >= 0) columns[static_cast<std::size_t>(i)][i] += susceptance_[k];
    if (j >= 0) columns[static_cast<std::size_t>(j)][j] += susceptance_[k];
    if (i < 0 || j < 0) continue;
    columns[static_cast<std::size_t>(i)][j] -= susceptance_[k];
    columns[static_cast<std::size_t>(j)][i] -= susceptance_[k];
  }
  std::vector<std::int32_t> start{0};
  std::vector<std::int32_t> row;
  std::vector<double> value;
  for (const auto& column : columns) {
    for (const auto& [i, b] : column) {
      row.push_back(i);
      value.push_back(b);
    }
    start.push_back(static_cast<std::int32_t>(row.size()));
  }
  lu_.analyse(std::move(start), std::move(row), value);
  ensure(unknowns == 0 || lu_.factor(value), "the DC power flow of a solved case is singular");
  angle_.assign(unknown_.size(), 0.0);
}

/// Angles for `amount` put in at `from` and drawn at `to`; a fixed angle takes up what comes there.
void DcScreen::solve_transfer(std::uint32_t from, std::uint32_t to, double amount) {
  right_hand_side_.assign(unknown_.size(), 0.0);
  if (unknown_[from] >= 0) right_hand_side_[static_cast<std::size_t>(unknown_[from])] += amount;
  if (unknown_[to] >= 0) right_hand_side_[static_cast<std::size_t>(unknown_[to])] -= amount;
  lu_.solve(right_hand_side_);
  for (std::size_t i = 0; i < unknown_.size(); ++i) {
    angle_[i] = unknown_[i] < 0 ? 0.0 : right_hand_side_[static_cast<std::size_t>(unknown_[i])];
  }
}

double DcScreen::transferred(std::uint32_t branch) const {
  return susceptance_[branch] *
         (angle_[data_.grid.branch().from[branch].index()] - angle_[data_.grid.branch().to[branch].index()]);
}

std::vector<double> DcScreen::outage_factors(std::uint32_t branch) {
  solve_transfer(data_.grid.branch().from[branch].index(), data_.grid.branch().to[branch].index(), 1.0);
  const double left = 1.0 - transferred(branch);
  if (std::abs(left) < k_splits) return {};
  std::vector<double> factors(susceptance_.size());
  for (std::uint32_t l = 0; l < factors.size(); ++l) factors[l] = transferred(l) / left;
  factors[branch] = -1.0;
  return factors;
}

bool DcScreen::is_rated(std::uint32_t branch) const {
  return susceptance_[branch] != 0.0 && std::isfinite(data_.limits.rating_mva[branch]);
}

/// Loading with the active flow p_pu, 0 if that is no more than before.
double DcScreen::raised_loading_percent(std::uint32_t branch, double p_pu) const {
  const double per_rating = 100.0 * data_.grid.base_mva() / data_.limits.rating_mva[branch];
  const double before = std::sqrt(p_pu_[branch] * p_pu_[branch] + q2_pu2_[branch]) * per_rating;
  const double loading = std::sqrt(p_pu * p_pu + q2_pu2_[branch]) * per_rating;
  return loading >= before + k_raised_percent ? loading : 0.0;
}

std::vector<double> DcScreen::loadings_percent(std::uint32_t branch, std::span<const double> factors) const {
  std::vector<double> loadings(susceptance_.size(), 0.0);
  for (std::uint32_t l = 0; l < loadings.size(); ++l) {
    if (l == branch || !is_rated(l)) continue;
    loadings[l] = raised_loading_percent(l, p_pu_[l] + factors[l] * p_pu_[branch]);
  }
  return loadings;
}

std::optional<double> DcScreen::largest_loading_percent(std::uint32_t a, std::span<const double> factors_a,
                                                        std::uint32_t b, std::span<const double> factors_b) const {
  const double l_ab = factors_b[a];
  const double l_ba = factors_a[b];
  const double left = 1.0 - l_ab * l_ba;
  if (std::abs(left) < k_splits) return std::nullopt;
  const double g_a = (p_pu_[a] + l_ab * p_pu_[b]) / left;
  const double g_b = (p_pu_[b] + l_ba * p_pu_[a]) / left;
  double largest = 0.0;
  for (std::uint32_t l = 0; l < susceptance_.size(); ++l) {
    if (l == a || l == b || !is_rated(l)) continue;
    largest = std::max(largest, raised_loading_percent(l, p_pu_[l] + factors_a[l] * g_a + factors_b[l] * g_b));
  }
  return largest;
}

std::optional<double> DcScreen::largest_loading_percent(const Contingency& contingency) {
  const powerflow::Outage& outage = contingency.outage;
  if (!outage.lost.empty() || outage.new_slack != powerflow::Outage::k_none || !contingency.main_island_lives)
    return std::nullopt;
  // A coupler has no factors: without it buses part that are one here.
  for (const std::uint32_t branch : outage.open) {
    if (data_.grid.is_coupler(branch)) return std::nullopt;
  }
  if (outage.open.size() == 2) {
    const std::vector<double> first = outage_factors(outage.open[0]);
    const std::vector<double> second = outage_factors(outage.open[1]);
    if (first.empty() || second.empty()) return std::nullopt;
    return largest_loading_percent(outage.open[0], first, outage.open[1], second);
  }
  if (outage.open.size() == 1) {
    const std::vector<double> factors = outage_factors(outage.open[0]);
    if (factors.empty()) return std::nullopt;
    const std::vector<double> loadings = loadings_percent(outage.open[0], factors);
    return *std::max_element(loadings.begin(), loadings.end());
  }
  double lost_pu = 0.0;
  std::uint32_t bus = 0;
  for (const auto& change : outage.change) {
    lost_pu -= change.p_mw / data_.grid.base_mva();
    bus = change.bus;
  }
  for (const auto& change : outage.released) {
    lost_pu += (merged_p_mw_[change.bus] - change.p_mw) / data_.grid.base_mva();
    bus = change.bus;
  }
  solve_transfer(bus, reference_, -lost_pu);
  double largest = 0.0;
  for (std::uint32_t l = 0; l < susceptance_.size(); ++l) {
    if (is_rated(l)) largest = std::max(largest, raised_loading_percent(l, p_pu_[l] + transferred(l)));
  }
  return largest;
}

std::vector<std::optional<double>> screen(const ContingencyCase& data, std::span<const Contingency> contingencies,
                                          int threads) {
  std::vector<std::optional<double>> estimates(contingencies.size());
  std::vector<std::unique_ptr<DcScreen>> screens(static_cast<std::size_t>(std::max(1, threads)));
  parallel_for(contingencies.size(), threads, 16, [&](std::size_t k, int worker) {
    auto& own = screens[static_cast<std::size_t>(worker)];
    if (!own) own = std::make_unique<DcScreen>(data);
    estimates[k] = own->largest_loading_percent(contingencies[k]);
  });
  return estimates;
}

std::vector<Contingency> screened_pairs(const ContingencyCase& data, const ContingencyLister& lister,
                                        std::span<const Contingency> singles,
                                        std::span<const powerflow::OutageResult> results, const PairOptions& options) {
  DcScreen dc(data);
  std::vector<std::uint32_t> worst;
  for (const std::size_t k : rank(singles, results)) {
    if (worst.size() == options.worst) break;
    const bool whole = singles[k].kind == ContingencyKind::branch && singles[k].outage.lost.empty();
    if (whole && !data.grid.is_coupler(singles[k].elements.front())) {
      worst.push_back(singles[k].elements.front());
    }
  }
  std::map<std::uint32_t, std::vector<double>> factors;
  const auto factors_of = [&](std::uint32_t branch) -> const std::vector<double>& {
    const auto [place, fresh] = factors.try_emplace(branch);
    if (fresh) place->second = dc.outage_factors(branch);
    return place->second;
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> estimate;
  for (const std::uint32_t a : worst) {
    if (factors_of(a).empty()) continue;
    const std::vector<double> loadings = dc.loadings_percent(a, factors_of(a));
    std::vector<std::uint32_t> partners;
    for (std::uint32_t l = 0; l < loadings.size(); ++l) {
      if (loadings[l] > 0.0) partners.push_back(l);
    }
    const auto count = std::min(options.partners, partners.size());
    std::partial_sort(
        partners.begin(), partners.begin() + static_cast<std::ptrdiff_t>(count), partners.end(),
        [&](std::uint32_t l, std::uint32_t m) { return std::pair(-loadings[l], l) < std::pair(-loadings[m], m); });
    for (std::size_t p = 0; p < count; ++p) {
      const std::uint32_t b = partners[p];
      if (factors_of(b).empty()) continue;
      const auto loading = dc.largest_loading_percent(a, factors_of(a), b, factors_of(b));
      // A pair that cuts the grid is always worth a look.
      estimate[std::minmax(a, b)] = loading.value_or(std::numeric_limits<double>::infinity());
    }
  }
  std::vector<std::pair<double, std::pair<std::uint32_t, std::uint32_t>>> order;
  for (const auto& [pair, loading] : estimate) order.emplace_back(-loading, pair);
  std::sort(order.begin(), order.end());
  if (order.size() > options.most) order.resize(options.most);
  std::vector<Contingency> pairs;
  for (const auto& [loading, pair] : order) pairs.push_back(lister.pair(pair.first, pair.second));
  return pairs;
}

}  // namespace gridplus::study
