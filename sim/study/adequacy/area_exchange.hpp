// How areas help each other: maximum flow over the links between them.
//
// Every area serves its own demand first. What is left over flows to areas that fall short, as much as the links allow:
// a source feeds each area with its surplus, each area's shortage drains to a sink, and the flow of largest value
// (Boykov and Kolmogorov, IEEE Trans. PAMI 26 (2004) 1124, as Boost.Graph has it) leaves the least demand unserved.
// Then storage discharges into what is still short, over what the links have left; then surplus charges storage.
//
// Where not all can be served, the rule of sharing says who bears it. `proportional`: the largest share t of its
// shortage that every area can be served at once; areas held back by full links keep t, the others go on to larger
// shares (max-min fairness). Each t is found by Dinkelbach's iteration on minimum cuts. `priority`: areas in their
// order, each served as far as those before it allow.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "sim/study/adequacy/options.hpp"

namespace gridplus::adequacy {

/// Of every area, none negative.
struct ExchangeResult {
  std::vector<Watts> unserved, discharged, charged;
};

class AreaExchange {
 public:
  AreaExchange(const AdequacyModel& model, Sharing sharing);
  ~AreaExchange();
  AreaExchange(AreaExchange&&) noexcept;

  /// `balance`: what each area has over its demand, negative if it falls short. `discharge`, `charge`: what its storage
  /// could give and take. `link_up`: of every link.
  void solve(std::span<const Watts> balance, std::span<const Watts> discharge, std::span<const Watts> charge,
             std::span<const std::uint8_t> link_up, ExchangeResult& out);

 private:
  struct Network;
  void solve_one_area(Watts balance, Watts discharge, Watts charge, ExchangeResult& out) const;
  [[nodiscard]] std::vector<Watts> shares(std::span<const Watts> supply, std::span<const Watts> shortage);
  [[nodiscard]] std::vector<Watts> proportional_shares(std::span<const Watts> supply, std::span<const Watts> shortage);

  Sharing sharing_;
  std::size_t areas_;
  std::unique_ptr<Network> network_;
};

}  // namespace gridplus::adequacy
