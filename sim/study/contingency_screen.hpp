// A quick look at contingencies by the DC power flow: which of many deserve an AC power flow.
//
// With the lossless DC model P_l = b_l (theta_from - theta_to), the outage of branch k moves its flow to the others,
//
//   P_l' = P_l + L_lk P_k,   L_lk = b_l (d_from - d_to) / (1 - b_k (e_from - e_to)),   B d = e of a unit transfer
//   between
//                                                                                    the ends of k
//
// (line outage distribution factors: A. J. Wood, B. F. Wollenberg, G. B. Sheble: Power Generation, Operation, and
// Control, 3rd ed., 2014, chapter 7 and appendix 7A). Two outages at once: the flows G_a = P_a + L_ab G_b, G_b = P_b +
// L_ba G_a move, and 1 - L_ab L_ba = 0 says that they cut the grid. A lost unit is a transfer from its bus to the slack
// bus. Active flows start from the AC base case; reactive flows are taken as they are in it. Voltages are not seen at
// all.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/powerflow/reference/sparse_lu.hpp"
#include "sim/study/contingencies.hpp"

namespace gridplus::study {

/// A branch counts as loaded by an outage from this much of its rating on: what is heavily loaded in the base case
/// makes no outage elsewhere suspicious.
inline constexpr double k_raised_percent = 1.0;

/// Distribution factors of one case. Not for use by two threads at once. `data`, with its base solved, must outlive it.
class DcScreen {
 public:
  explicit DcScreen(const ContingencyCase& data);

  /// Factors L_lk of branch k, one per branch; 0 at open ones, -1 at k itself. Empty if the outage of k splits the
  /// grid.
  [[nodiscard]] std::vector<double> outage_factors(std::uint32_t branch);

  /// The largest loading after a contingency, percent, of branches that it loads by k_raised_percent more than they
  /// were; 0 if there are none. Nothing if the grid is split, so that no estimate is possible.
  [[nodiscard]] std::optional<double> largest_loading_percent(const Contingency& contingency);

  /// The same for two branches whose outage factors are known.
  [[nodiscard]] std::optional<double> largest_loading_percent(std::uint32_t a, std::span<const double> factors_a,
                                                              std::uint32_t b, std::span<const double> factors_b) const;

  /// Loading of each rated branch that it loads more, after the outage of `branch`, percent; 0 at the others.
  [[nodiscard]] std::vector<double> loadings_percent(std::uint32_t branch, std::span<const double> factors) const;

 private:
  void solve_transfer(std::uint32_t from, std::uint32_t to, double amount);
  [[nodiscard]] double transferred(std::uint32_t branch) const;
  [[nodiscard]] bool is_rated(std::uint32_t branch) const;
  [[nodiscard]] double raised_loading_percent(std::uint32_t branch, double p_pu) const;

  const ContingencyCase& data_;
  std::vector<double> susceptance_;    ///< per branch, 0 where open
  std::vector<double> p_pu_, q2_pu2_;  ///< base flows per branch: P into the `from` end, the larger end's Q squared
  std::vector<std::int32_t> unknown_;  ///< per bus; -1 where the angle is fixed
  std::uint32_t reference_ = 0;        ///< a bus whose angle is fixed
  std::vector<double> merged_p_mw_;    ///< per bus: what it injects with the buses that couplers join to it
  std::vector<double> angle_;          ///< of the last transfer, per bus
  std::vector<double> right_hand_side_;
  powerflow::reference::SparseLu lu_;
};

/// Estimates of all contingencies, on threads.
[[nodiscard]] std::vector<std::optional<double>> screen(const ContingencyCase& data,
                                                        std::span<const Contingency> contingencies, int threads);

struct PairOptions {
  std::size_t worst = 50;     ///< branches whose single outage is worst, each the first of many pairs
  std::size_t partners = 20;  ///< to each, the branches that its outage loads most
  std::size_t most = 1000;    ///< pairs of the highest estimated loading that are kept
};

/// Pairs of branches worth an AC power flow, worst estimate first. `singles` are the branch contingencies with their
/// results.
[[nodiscard]] std::vector<Contingency> screened_pairs(const ContingencyCase& data, const ContingencyLister& lister,
                                                      std::span<const Contingency> singles,
                                                      std::span<const powerflow::OutageResult> results,
                                                      const PairOptions& options);

}  // namespace gridplus::study
