// What is due to whom: the share of unserved energy, cost, curtailment and emissions that each of several causes has.
//
// A cause is a transformation of the model that takes it out. With k causes, 2^k members that see the same random draws
// give v(S), the figure with the causes of S at work and the others taken out. The share of cause i is its Shapley
// value
//
//   phi_i = sum over S without i of |S|! (k - |S| - 1)! / k! (v(S + i) - v(S)),
//
// the mean over all orders in which the causes could be added. Shares add up to v(all) - v(none), a cause that changes
// nothing has none, and causes that do the same have the same (L. S. Shapley, "A value for n-person games", 1953).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridplus {
struct Model;
}

namespace gridplus::study {

enum class Cause : std::uint8_t {
  network,        ///< out: every branch is closed and never out of service, and nothing is lost on it
  communication,  ///< out: everybody knows and is told everything at once
  cyber,          ///< out: nobody attacks
  weather         ///< out: no storm comes; sun, wind and demand stay as they are
};
inline constexpr std::array<std::string_view, 4> k_causes = {"network", "communication", "cyber", "weather"};

/// The key figures that are attributed.
inline constexpr std::array<std::string_view, 4> k_attributed = {"unserved_energy_mwh", "operating_cost",
                                                                 "curtailed_mwh", "co2_t"};

/// Takes the cause out of a model.
void take_out(Cause cause, Model& model);

/// The names of the causes, and `all` for what they make together.
[[nodiscard]] std::vector<std::string> share_names(std::span<const Cause> causes);

/// The name of a set of causes: `network+weather`, or `none`. Bit b of `set` stands for causes[b].
[[nodiscard]] std::string set_name(std::span<const Cause> causes, std::size_t set);

/// Shapley values of the 2^k values `v`, indexed by sets as above. Those of whole numbers, times k!, are exact.
[[nodiscard]] std::vector<double> shapley_values(std::span<const double> v);

}  // namespace gridplus::study
